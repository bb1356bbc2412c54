import type { Node, Tensor } from "@detectron-ts/tensor";

/** The part of a tensor graph that becomes one model. */
export interface GraphPlan {
  /** Operations to compile, in topological order; none is a leaf or a host operation. */
  readonly nodes: readonly Node[];
  /** Tensors whose values are fed at each run, in order. */
  readonly feeds: readonly Tensor[];
  /** Tensors whose values are baked in, in order. They must have been realised. */
  readonly baked: readonly Tensor[];
  /** Tensors to compute, each an output of one of `nodes`. */
  readonly fetches: readonly Tensor[];
}

/** A graph input that carries a lifted value. */
export interface LiftedInput {
  /** Name of the graph input. */
  readonly input: string;
  /** Which of the plan's nodes the value belongs to. */
  readonly node: number;
  /** Name of the value among the node's lifted values. */
  readonly name: string;
}

/** A model and how to feed it. */
export interface OnnxModel {
  /** An ONNX ModelProto. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Graph inputs of the plan's feeds, in the same order. */
  readonly feedNames: readonly string[];
  /** Graph outputs of the plan's fetches, in the same order. */
  readonly fetchNames: readonly string[];
  /**
   * Graph inputs of lifted values: an int64 vector for an array, a float32 scalar for a number.
   */
  readonly liftedNames: readonly LiftedInput[];
}
