export { backward, grad } from "./autograd/backward.ts";
export { enableGrad, gradMode, noGrad, type GradMode } from "./autograd/grad-mode.ts";
export { savedForBackward } from "./autograd/saved.ts";
export {
  allocate,
  holdsDType,
  sizeOf,
  typedArrayFrom,
  type DType,
  type Shape,
  type TypedArray,
  type TypedArrayOf,
} from "./dtype.ts";
export {
  DTypeError,
  GraphError,
  NotDifferentiableError,
  NotRealizedError,
  RuntimeMissingError,
  ShapeError,
} from "./errors.ts";
export { realize, registerEvaluator, type Evaluator } from "./evaluator.ts";
export type { Axes } from "./functions/axes.ts";
export {
  attention,
  avgPool2d,
  conv2d,
  convTranspose2d,
  interpolate,
  linear,
  matmul,
  maxPool2d,
  pair,
  type Conv2dOptions,
  type ConvTranspose2dOptions,
  type InterpolateOptions,
  type PaddingOption,
  type PairOption,
  type Pool2dOptions,
} from "./functions/convolution.ts";
export {
  arange,
  fromNdarray,
  full,
  ones,
  tensor,
  zeros,
  zerosLike,
  type NestedArray,
} from "./functions/creation.ts";
export { maximum, minimum, scaleGradient, where, type Operand } from "./functions/elementwise.ts";
export { hostOp, type HostOpOptions } from "./functions/host.ts";
export { gridSample, indexAdd, roiAlign } from "./functions/indexing.ts";
export { cat, roll, split, stack } from "./functions/movement.ts";
export { sparseMatmul } from "./functions/sparse.ts";
export { layerNorm, sumTo, topk, type ReduceOptions } from "./functions/reduction.ts";
export { isOp, type Node, type OutputSpec } from "./graph/node.ts";
export { printGraph } from "./graph/print.ts";
export { verifyGraph } from "./graph/verify.ts";
export { pendingNodes } from "./graph/walk.ts";
export type { InterpolationMode } from "./functions/interpolation-matrix.ts";
export type { HostArray, HostOpDefinition } from "./host-op.ts";
export { roiAlignBackward, roiAlignForward } from "./kernels/roi-align.ts";
export type { FeatureShape } from "./kernels/roi-samples.ts";
export type {
  ConvAttrs,
  LiftedValue,
  OpAttrs,
  OpLifted,
  OpName,
  PoolAttrs,
  RoiAlignAttrs,
} from "./ops/op-table.ts";
export { Buffer, Parameter, Variable } from "./parameter.ts";
export { shapeRules } from "./shapes/index.ts";
export type { SparseMatrix } from "./sparse/sparse-matrix.ts";
export { Tensor } from "./tensor.ts";
