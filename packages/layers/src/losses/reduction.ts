import type { Tensor } from "@detectron-ts/tensor";

/** How a loss of many elements becomes one number; `"none"` leaves the elements. */
export type Reduction = "none" | "mean" | "sum";

/**
 * Reduces an elementwise loss. The mean of no elements is zero, still connected to its inputs, and not NaN:
 * an image without objects must not break a training step.
 */
export function reduceLoss(loss: Tensor, reduction: Reduction): Tensor {
  switch (reduction) {
    case "none":
      return loss;
    case "sum":
      return loss.sum();
    case "mean":
      return loss.size > 0 ? loss.mean() : loss.sum().mul(0);
  }
}
