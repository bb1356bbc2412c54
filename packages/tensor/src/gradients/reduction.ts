import { zeros } from "../functions/creation.ts";
import { cast, equal, exp, mul, sub } from "../functions/elementwise.ts";
import { scatterAdd } from "../functions/indexing.ts";
import { expand, reshape } from "../functions/movement.ts";
import { mean, sum, sumTo } from "../functions/reduction.ts";
import { sizeOf } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import type { VjpContext, VjpRules } from "./vjp-rule.ts";

/** A reduced tensor with its reduced axes back, with side 1. */
function withReducedAxes(reduced: Tensor, x: Tensor, axes: readonly number[]): Tensor {
  return reshape(
    reduced,
    x.shape.map((side, axis) => (axes.includes(axis) ? 1 : side)),
  );
}

/** The gradient goes to the extreme values, in equal parts where several are equal. */
function extremum({ inputs, outputs, attrs, grad }: VjpContext<"max" | "min">): Tensor[] {
  const x = inputs[0];
  const isExtreme = cast(equal(x, withReducedAxes(outputs[0], x, attrs.axes)), "float32");
  const count = sum(isExtreme, attrs.axes, { keepDims: true });
  return [mul(isExtreme, withReducedAxes(grad, x, attrs.axes).div(count))];
}

/** Gradients of the operations that combine values along axes. */
export const reductionGradients: VjpRules<
  | "sum"
  | "mean"
  | "max"
  | "min"
  | "argmax"
  | "topk"
  | "sumTo"
  | "softmax"
  | "logSoftmax"
  | "layerNorm"
> = {
  sum: ({ inputs: [x], attrs: { axes }, grad }) => [
    expand(withReducedAxes(grad, x, axes), x.shape),
  ],
  mean: ({ inputs: [x], attrs: { axes }, grad }) => {
    const count = sizeOf(axes.map((axis) => x.shape[axis]));
    return [expand(withReducedAxes(grad.div(count), x, axes), x.shape)];
  },
  max: extremum,
  min: extremum,
  argmax: null,
  topk: ({ inputs: [x], outputs: [, indices], attrs: { axis }, grads: [grad] }) => [
    grad === undefined ? null : scatterAdd(zeros(x.shape), axis, indices, grad),
  ],
  sumTo: ({ inputs: [x], grad }) => {
    const added = x.rank - grad.rank;
    const aligned = reshape(grad, [...new Array<number>(added).fill(1), ...grad.shape]);
    return [expand(aligned, x.shape)];
  },
  // y = softmax(x): dx = y·(dy - Σ dy·y)
  softmax: ({ outputs: [y], attrs: { axis }, grad }) => [
    mul(y, sub(grad, sum(mul(grad, y), axis, { keepDims: true }))),
  ],
  // y = log softmax(x): dx = dy - exp(y)·Σ dy
  logSoftmax: ({ outputs: [y], attrs: { axis }, grad }) => [
    sub(grad, mul(exp(y), sum(grad, axis, { keepDims: true }))),
  ],
  // y = x̂·w + b with x̂ = (x - μ)/σ. With g = dy·w: dx = (g - mean g - x̂·mean(g·x̂)) / σ
  layerNorm: ({ inputs: [x, weight, bias], outputs: [, rowMean, inverseStd], grad, wanted }) => {
    const normalized = mul(sub(x, rowMean), inverseStd);
    const inputGradient = (): Tensor => {
      const g = mul(grad, weight);
      const along = mean(mul(g, normalized), -1, { keepDims: true });
      const across = mean(g, -1, { keepDims: true });
      return mul(sub(sub(g, across), mul(normalized, along)), inverseStd);
    };
    return [
      wanted[0] ? inputGradient() : null,
      wanted[1] ? sumTo(mul(grad, normalized), weight.shape) : null,
      wanted[2] ? sumTo(grad, bias.shape) : null,
    ];
  },
};
