import type { Shape } from "../dtype.ts";
import { apply, applyOp } from "../graph/apply.ts";
import { equalShapes } from "../shapes/shape-rule.ts";
import type { Tensor } from "../tensor.ts";
import { normalizeAxes, normalizeAxis, type Axes } from "./axes.ts";
import { cast } from "./elementwise.ts";

/** Whether reduced axes stay with side 1. */
export interface ReduceOptions {
  readonly keepDims?: boolean;
}

function reduce(
  op: "sum" | "mean" | "max" | "min",
  x: Tensor,
  axes: Axes,
  { keepDims = false }: ReduceOptions = {},
): Tensor {
  const countable = x.dtype === "bool" || x.dtype === "uint8" ? cast(x, "int32") : x;
  return apply(op, [countable], { axes: normalizeAxes(op, axes, x), keepDims }, {});
}

/** Sum over axes, or over everything; bool and uint8 are summed as int32. */
export const sum = (x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor =>
  reduce("sum", x, axes, options);

/** Mean over axes, or over everything, in float32. */
export const mean = (x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor =>
  reduce("mean", cast(x, "float32"), axes, options);

/** Largest value over axes; equal ones share the gradient. An empty axis throws a ShapeError. */
export const max = (x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor =>
  reduce("max", x, axes, options);

/** Smallest value over axes; equal ones share the gradient. An empty axis throws a ShapeError. */
export const min = (x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor =>
  reduce("min", x, axes, options);

/** Position (int32) of the largest value of an axis, the first of equal ones. */
export function argmax(x: Tensor, axis: number, { keepDims = false }: ReduceOptions = {}): Tensor {
  return apply("argmax", [x], { axis: normalizeAxis("argmax", axis, x.rank), keepDims }, {});
}

/** The `k` largest values of an axis in descending order, with their positions (int32). */
export function topk(
  x: Tensor,
  k: number,
  axis = -1,
  { largest = true }: { largest?: boolean } = {},
): { values: Tensor; indices: Tensor } {
  const attrs = { axis: normalizeAxis("topk", axis, x.rank), largest };
  const [values, indices] = applyOp("topk", [x], attrs, { k: [k] });
  return { values: values, indices: indices };
}

/**
 * Sums a broadcast result back to the shape it was broadcast from. The axes are fed at run time, so that
 * sides which happen to be 1 do not change a compiled graph.
 */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (equalShapes(x.shape, shape)) return x;
  const added = x.rank - shape.length;
  const axes: number[] = [];
  for (const [axis, side] of x.shape.entries()) {
    if (axis < added || (shape[axis - added] === 1 && side !== 1)) axes.push(axis);
  }
  return apply("sumTo", [x], {}, { axes, shape });
}

/** `exp(x) / Σ exp(x)` along an axis, computed stably. */
export function softmax(x: Tensor, axis = -1): Tensor {
  return apply("softmax", [x], { axis: normalizeAxis("softmax", axis, x.rank) }, {});
}

/** `log(softmax(x))` along an axis, computed stably. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return apply("logSoftmax", [x], { axis: normalizeAxis("logSoftmax", axis, x.rank) }, {});
}

/**
 * Normalises the last axis by its mean and variance, then scales and shifts each feature ("Layer Normalization", Ba et
 * al. 2016): `(x - μ) / √(σ² + eps) · weight + bias`.
 *
 * @param weight, bias One value for each position of the last axis.
 * @param options.eps 1e-5 when left out.
 */
export function layerNorm(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  { eps = 1e-5 }: { eps?: number } = {},
): Tensor {
  return apply("layerNorm", [x, weight, bias], { epsilon: eps }, {});
}
