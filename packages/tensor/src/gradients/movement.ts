import { convTranspose2d } from "../functions/convolution.ts";
import { ones, zeros } from "../functions/creation.ts";
import { cat, flip, pad, permute, reshape, sliceAxes, split } from "../functions/movement.ts";
import { sumTo } from "../functions/reduction.ts";
import type { Tensor } from "../tensor.ts";
import type { VjpRules } from "./vjp-rule.ts";

/** Puts `step - 1` zeros after each value of an axis. */
function spread(x: Tensor, axis: number, step: number): Tensor {
  const { shape } = x;
  const separated = reshape(x, shape.toSpliced(axis + 1, 0, 1));
  const pads = separated.shape.map((_, i): [number, number] => [0, i === axis + 1 ? step - 1 : 0]);
  return reshape(pad(separated, pads), shape.with(axis, shape[axis] * step));
}

/**
 * Puts `step - 1` zeros between the values of both image axes of N×C×H×W. A transposed convolution with a kernel of one
 * pixel does just that, and several times faster than copying values one by one.
 */
function spreadImages(x: Tensor, stride: readonly [number, number]): Tensor {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const apart = convTranspose2d(reshape(x, [n * c, 1, h, w]), ones([1, 1, 1, 1]), { stride });
  return reshape(apart, [n, c, ...apart.shape.slice(2)]);
}

/** Whether a slice takes every some pixels of images, as a strided 1×1 convolution does. */
function subsamplesImages(
  { shape }: Tensor,
  axes: readonly number[],
  steps: readonly number[],
): boolean {
  if (shape.length !== 4 || axes.join() !== "2,3") return false;
  return shape[2] * shape[3] > 0 && steps.every((step) => step > 1);
}

/**
 * Undoes a slice: puts its values back where they came from, zeros elsewhere. A slice with a negative step
 * took positions `start, start - |step|, …`: the reversed values stand `|step|` apart, ending at `start`.
 */
function unslice(
  grad: Tensor,
  inputShape: readonly number[],
  axes: readonly number[],
  starts: readonly number[],
  steps: readonly number[],
): Tensor {
  const onImages = subsamplesImages(grad, axes, steps);
  let result = onImages ? spreadImages(grad, [steps[0], steps[1]]) : grad;
  const before = inputShape.map(() => 0);
  for (const [i, axis] of axes.entries()) {
    const step = steps[i];
    const side = inputShape[axis];
    const count = grad.shape[axis];
    const start = Math.min(Math.max(starts[i] < 0 ? starts[i] + side : starts[i], 0), side - 1);
    if (step < 0) result = flip(result, axis);
    if (!onImages && Math.abs(step) > 1) result = spread(result, axis, Math.abs(step));
    before[axis] = step > 0 ? start : start + (count - 1) * step;
  }
  // Spreading leaves zeros after the last value; where they reach past the end, the pad is negative.
  const pads = inputShape.map((side, axis): [number, number] => {
    const begin = Math.max(before[axis], 0);
    return [begin, side - begin - result.shape[axis]];
  });
  return pad(result, pads);
}

/** Gradients of the operations that only move values. */
export const movementGradients: VjpRules<
  "reshape" | "expand" | "permute" | "slice" | "pad" | "cat" | "split"
> = {
  reshape: ({ inputs: [x], grad }) => [reshape(grad, x.shape)],
  expand: ({ inputs: [x], grad }) => [sumTo(grad, x.shape)],
  permute: ({ attrs: { axes }, grad }) => [
    permute(
      grad,
      axes.map((_, axis) => axes.indexOf(axis)),
    ),
  ],
  slice: ({ inputs: [x], attrs: { axes, steps }, lifted: { starts }, grad }) => [
    unslice(grad, x.shape, axes, starts, steps),
  ],
  pad: ({ inputs: [x], lifted: { pads }, grad }) => {
    const rank = x.rank;
    return [
      pad(
        grad,
        Array.from({ length: rank }, (_, i) => [-pads[i], -pads[i + rank]] as const),
      ),
    ];
  },
  cat: ({ inputs, attrs: { axis }, grad, wanted }) => {
    const sizes = inputs.map((input) => input.shape[axis]);
    if (wanted.filter(Boolean).length > 1) return split(grad, sizes, axis);
    let start = 0;
    return inputs.map((_, i) => {
      const from = start;
      start += sizes[i];
      return wanted[i] ? sliceAxes(grad, [axis], [from], [start]) : null;
    });
  },
  split: ({ outputs, attrs: { axis }, grads }) => [
    cat(
      outputs.map((output, i) => grads[i] ?? zeros(output.shape)),
      axis,
    ),
  ],
};
