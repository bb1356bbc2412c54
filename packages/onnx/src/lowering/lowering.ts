import type { DType, Node, OpLifted, OpName } from "@detectron-ts/tensor";
import type { Attributes, Subgraph } from "../model-proto/model.ts";

/** Name of a value in the model; the empty name leaves out an optional input. */
export type ValueName = string;

/** Names of the lifted values of all operations. */
export type LiftedName = { [O in OpName]: keyof OpLifted<O> & string }[OpName];

/** What to emit besides an operator's type and inputs. */
export interface EmitOptions {
  readonly attributes?: Attributes;
  /** Operator set; ONNX's own when left out. */
  readonly domain?: string;
  /** Names of the outputs, empty for ones nobody reads; one new name when left out. */
  readonly outputs?: readonly ValueName[];
}

/** A value that goes into a subgraph or comes out of it. */
export interface SubgraphValue {
  readonly dtype: DType;
  readonly rank: number;
}

/** What a rule knows of the model being written: names to read from and to write to. */
export interface LoweringContext {
  /** Name of an input of the node. */
  input(index: number): ValueName;
  /** Names of all inputs of the node. */
  inputs(): ValueName[];
  /** Name of an output of the node, which the rule has to produce. */
  output(index: number): ValueName;
  /** A name for an intermediate value. */
  temporary(): ValueName;
  /**
   * Name of a graph input that carries a lifted value of the node: an int64 vector for an array, a
   * float32 scalar for a number.
   *
   * @param length Length of the vector where ranks and structural attributes decide it.
   */
  lifted(name: LiftedName, length?: number): ValueName;
  /** Name of an int64 vector written into the model. */
  int64(values: readonly number[]): ValueName;
  /** Name of an int64 scalar written into the model. */
  int64Scalar(value: number): ValueName;
  /** Adds an operator and returns the name of its first output. */
  emit(opType: string, inputs: readonly ValueName[], options?: EmitOptions): ValueName;
  /**
   * A graph for an operator that repeats or chooses: what `build` emits goes there. It may read any value of the graph
   * around it.
   *
   * @param inputs What the operator hands in at each run; `build` gets their names.
   * @param build Returns the values that the operator takes out.
   */
  subgraph(
    inputs: readonly SubgraphValue[],
    build: (inputs: readonly ValueName[]) => readonly (SubgraphValue & { name: ValueName })[],
  ): { readonly graph: Subgraph };
  /** Adds a conversion to `to` and returns its result's name. */
  cast(input: ValueName, to: DType, output?: ValueName): ValueName;
}

/**
 * Writes one operation as ONNX operators. A rule may look at structural attributes, ranks and dtypes,
 * never at a side of a shape or a lifted value: one compiled session serves inputs of every size.
 */
export type Lowering<O extends OpName> = (context: LoweringContext, node: Node<O>) => void;

/** The entries of the lowering table for some of the operations. */
export type Lowerings<O extends OpName> = { readonly [P in O]: Lowering<P> };

/** The lowering to one ONNX operator that takes the same inputs and has no attributes. */
export function sameOperator(opType: string): (context: LoweringContext) => void {
  return (context) => {
    context.emit(opType, context.inputs(), { outputs: [context.output(0)] });
  };
}

/** ONNX's number for a boolean attribute. */
export function flag(value: boolean): { readonly int: number } {
  return { int: value ? 1 : 0 };
}

/** Name of input `index` of a node, converted to the dtype its kernel computes in. */
export function inputAs(
  context: LoweringContext,
  node: Node,
  index: number,
  dtype: DType,
): ValueName {
  const name = context.input(index);
  return node.inputs[index]!.dtype === dtype ? name : context.cast(name, dtype);
}

/** Lets `emit` write output `index` of a node in the dtype its kernel computes in. */
export function outputAs(
  context: LoweringContext,
  node: Node,
  index: number,
  dtype: DType,
  emit: (output: ValueName) => void,
): void {
  if (node.outputs[index]!.dtype === dtype) return emit(context.output(index));
  const result = context.temporary();
  emit(result);
  context.cast(result, node.outputs[index]!.dtype, context.output(index));
}

/** The dtype of a number type's kernels: ONNX Runtime sums and multiplies no bytes. */
export function arithmeticDType(dtype: DType): DType {
  return dtype === "bool" || dtype === "uint8" ? "int32" : dtype;
}

/** The dtype of kernels that only move or compare: ONNX Runtime has them for bytes, not for bools. */
export function byteDType(dtype: DType): DType {
  return dtype === "bool" ? "uint8" : dtype;
}
