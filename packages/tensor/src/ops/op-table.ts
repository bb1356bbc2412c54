import type { DType } from "../dtype.ts";
import type { HostOpDefinition } from "../host-op.ts";

/**
 * One operation: its structural attributes, which are part of a compiled session's identity, and the
 * values lifted out of the structure. A lifted `readonly number[]` becomes an int64 vector input of the
 * session and a lifted `number` a float32 scalar input, so that a change of size compiles nothing new.
 */
interface Op<Attrs extends object = object, Lifted extends object = object> {
  readonly attrs: Readonly<Attrs>;
  readonly lifted: Readonly<Lifted>;
}

type Pair = readonly [number, number];
/** Padding of the two spatial axes: top, left, bottom, right. */
type Padding = readonly [number, number, number, number];

export interface ConvAttrs {
  stride: Pair;
  padding: Padding;
  dilation: Pair;
  groups: number;
}

export interface PoolAttrs {
  kernelSize: Pair;
  stride: Pair;
  padding: Padding;
}

export interface RoiAlignAttrs {
  /** Rows and columns of each pooled region. */
  outputSize: Pair;
  spatialScale: number;
  /** Samples per bin and axis; 0 adapts to the region: ceil(region side / output side). */
  samplingRatio: number;
  /** Whether coordinates are shifted by half a pixel (ROIAlignV2); if not, sides are at least 1. */
  aligned: boolean;
}

/**
 * Every operation of the engine. Each pass over a graph (shapes, ONNX, gradients, …) is a table that is
 * total over these names, so that a forgotten rule does not compile. Operations not found here are
 * compositions of these.
 */
export interface OpTable {
  // leaves
  constant: Op; //                                      data handed in; fed at each run
  parameter: Op; //                                     named, versioned data; baked or fed

  // elementwise, one input
  neg: Op;
  abs: Op;
  sign: Op;
  exp: Op;
  log: Op;
  sqrt: Op;
  floor: Op;
  sin: Op;
  cos: Op;
  atan: Op;
  erf: Op;
  gelu: Op; //                                          x·Φ(x), exact
  tanh: Op;
  sigmoid: Op;
  relu: Op;
  logicalNot: Op;
  detach: Op; //                                        the same value, without its gradient
  scaleGradient: Op<{ factor: number }>; //             the same value, with its gradient times a factor
  cast: Op<{ to: DType }>; //                           float → int truncates toward zero
  clamp: Op<{ hasMin: boolean; hasMax: boolean }, { min?: number; max?: number }>;

  // elementwise, broadcasting
  add: Op;
  sub: Op;
  mul: Op;
  div: Op;
  pow: Op;
  maximum: Op;
  minimum: Op;
  equal: Op;
  less: Op;
  lessEqual: Op;
  logicalAnd: Op;
  logicalOr: Op;
  where: Op; //                                         (condition, ifTrue, ifFalse)

  // movement
  reshape: Op<object, { shape: readonly number[] }>;
  expand: Op<object, { shape: readonly number[] }>;
  permute: Op<{ axes: readonly number[] }>;
  slice: Op<
    { axes: readonly number[]; steps: readonly number[] },
    { starts: readonly number[]; ends: readonly number[] }
  >; //                                                 ONNX conventions; a negative step walks back
  pad: Op<object, { pads: readonly number[]; value: number }>; // all begins, then all ends; may be negative
  cat: Op<{ axis: number }>;
  split: Op<{ axis: number; count: number }, { sizes: readonly number[] }>;

  // reductions
  sum: Op<{ axes: readonly number[]; keepDims: boolean }>;
  mean: Op<{ axes: readonly number[]; keepDims: boolean }>;
  max: Op<{ axes: readonly number[]; keepDims: boolean }>;
  min: Op<{ axes: readonly number[]; keepDims: boolean }>;
  argmax: Op<{ axis: number; keepDims: boolean }>; //   int32; the first of equal values
  topk: Op<{ axis: number; largest: boolean }, { k: readonly number[] }>; // values, int32 indices
  sumTo: Op<object, { axes: readonly number[]; shape: readonly number[] }>; // undoes a broadcast
  softmax: Op<{ axis: number }>;
  logSoftmax: Op<{ axis: number }>;
  layerNorm: Op<{ epsilon: number }>; //                (x, weight, bias), last axis: y, mean, 1/σ

  // linear algebra and convolution
  matmul: Op<{ transposeA: boolean; transposeB: boolean }>;
  linear: Op<{ hasBias: boolean }>; //                  x · weightᵀ + bias
  attention: Op; //                                     (query, key, value): softmax(q·kᵀ)·v
  sparseMatmul: Op<object, { rows: readonly number[]; shape: readonly number[] }>; // blocks of rows, dense
  conv2d: Op<ConvAttrs & { hasBias: boolean }>;
  convTranspose2d: Op<ConvAttrs & { hasBias: boolean; outputPadding: Pair }>;
  maxPool2d: Op<PoolAttrs>;
  maxPool2dIndices: Op<PoolAttrs>; //                   int64 positions in the whole flattened input
  avgPool2d: Op<PoolAttrs>; //                          padding counts as zeros, as in PyTorch
  interpolate: Op<{ mode: "nearest" | "bilinear" }, { size: readonly number[] }>; // last two axes

  // indexing
  indexSelect: Op<{ axis: number }>; //                 (data, int32|int64 vector)
  gather: Op<{ axis: number }>; //                      torch.gather
  scatterAdd: Op<{ axis: number }>; //                  (data, indices, source), torch.scatter_add
  indexAdd: Op<object, { shape: readonly number[] }>; // (indices, source) rows added onto zeros

  // detection
  roiAlign: Op<RoiAlignAttrs>;
  gridSample: Op; //                                    bilinear, zero padding, align_corners = false

  // host
  host: Op<{ definition: HostOpDefinition }>; //        a kernel in TypeScript; splits a compiled graph
}

/** Name of an operation. */
export type OpName = keyof OpTable;
/** Structural attributes of operation `O`. */
export type OpAttrs<O extends OpName> = OpTable[O]["attrs"];
/** Values of operation `O` that are fed at each run. */
export type OpLifted<O extends OpName> = OpTable[O]["lifted"];
/** A value lifted out of a graph's structure: an int64 vector or a float32 scalar. */
export type LiftedValue = readonly number[] | number;
