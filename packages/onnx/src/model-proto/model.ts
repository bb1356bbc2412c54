import type { DType } from "@detectron-ts/tensor";

/** A dense tensor written into the model: `bytes` are its values, row-major and little-endian. */
export interface TensorValue {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Value of a node's attribute, tagged with the kind that ONNX wants for it. */
export type Attribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly tensor: TensorValue }
  | { readonly graph: Subgraph };

/** Attributes of a node by name. */
export type Attributes = Readonly<Record<string, Attribute>>;

/** One ONNX operator applied to named values. An empty input name leaves out an optional input. */
export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  /** Operator set; ONNX's own when empty. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** Name, dtype and dimensions of a graph's input or output. A dimension is a size or a symbol. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly (number | string)[];
}

/** A named tensor whose values are part of the model. */
export interface Initializer extends TensorValue {
  readonly name: string;
}

/** What an operator that repeats or chooses runs. Names of the graph around it may be read inside. */
export interface Subgraph {
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

/** Everything {@link encodeModel} writes. */
export interface ModelGraph {
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** Small tensors. */
  readonly constants: readonly Initializer[];
  /** Tensors of any size; their bytes are copied once. */
  readonly weights: readonly Initializer[];
}
