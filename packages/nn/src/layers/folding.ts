import type { Tensor } from "@detectron-ts/tensor";

/** One factor and one summand for each channel. */
export interface ScaleAndShift {
  /** C×1×1×1 factors, ready to be multiplied to a kernel. */
  readonly scale: Tensor;
  /** C summands. */
  readonly shift: Tensor;
}

/**
 * A norm that does nothing but `x · scale + shift` with constants for each channel. {@link Conv2d} then
 * computes one convolution with a scaled kernel in its place, at no cost per activation:
 *
 *     scale · (W ∗ x + b) + shift = (scale · W) ∗ x + (scale · b + shift)
 */
export interface FoldsIntoConvolution {
  /** Undefined while the norm depends on its input, as batch norm in training does. */
  scaleAndShift(): ScaleAndShift | undefined;
}

/** Whether a norm can be folded at times. */
export function foldsIntoConvolution<T extends object>(norm: T): norm is T & FoldsIntoConvolution {
  return "scaleAndShift" in norm && typeof norm.scaleAndShift === "function";
}

/** `x · scale + shift` over the channels (axis 1) of N×C×H×W. */
export function scaleChannels(x: Tensor, { scale, shift }: ScaleAndShift): Tensor {
  return x.mul(scale.reshape([1, -1, 1, 1])).add(shift.reshape([1, -1, 1, 1]));
}
