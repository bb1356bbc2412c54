import { type Tensor, where } from "@detectron-ts/tensor";
import { type Reduction, reduceLoss } from "./reduction.ts";

/** Below this the quadratic part is so small that its gradient divides by nearly nothing: plain L1 it is. */
const SMALLEST_BETA = 1e-5;

/** Options of {@link smoothL1Loss}. */
export interface SmoothL1LossOptions {
  /** Where the loss turns from quadratic to linear; below 1e-5 it is the L1 loss. */
  readonly beta: number;
  /** `"none"` when left out. */
  readonly reduction?: Reduction;
}

/**
 * Smooth L1 loss ("Fast R-CNN", Girshick 2015, eq. 3, with a width): with `d = |input - target|`,
 * `½d²/β` where `d < β` and `d - ½β` elsewhere. Mirrors `fvcore.nn.smooth_l1_loss`.
 *
 * @param input - predictions, any shape, float32.
 * @param target - targets of that shape.
 */
export function smoothL1Loss(
  input: Tensor,
  target: Tensor,
  { beta, reduction = "none" }: SmoothL1LossOptions,
): Tensor {
  const distance = input.sub(target).abs();
  if (beta < SMALLEST_BETA) return reduceLoss(distance, reduction);
  const quadratic = distance.square().mul(0.5 / beta);
  const linear = distance.sub(0.5 * beta);
  return reduceLoss(where(distance.lt(beta), quadratic, linear), reduction);
}
