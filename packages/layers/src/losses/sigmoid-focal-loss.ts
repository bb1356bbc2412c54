import type { Tensor } from "@detectron-ts/tensor";
import { binaryCrossEntropyWithLogits } from "./binary-cross-entropy.ts";
import { type Reduction, reduceLoss } from "./reduction.ts";

/** Options of {@link sigmoidFocalLoss}. */
export interface SigmoidFocalLossOptions {
  /** Weight of positives, `1 - alpha` being that of negatives; negative for no weighting. -1 when left out. */
  readonly alpha?: number;
  /** How fast well-classified examples fade; 2 when left out. */
  readonly gamma?: number;
  /** `"none"` when left out. */
  readonly reduction?: Reduction;
}

/**
 * Focal loss ("Focal Loss for Dense Object Detection", Lin et al. 2017, eq. 5):
 * `α_t · (1 - p_t)^γ · CE`, where `p_t` is the probability given to the truth.
 * Mirrors `fvcore.nn.sigmoid_focal_loss`.
 *
 * @param logits - any shape, float32.
 * @param target - 0 or 1 for each logit, float32.
 */
export function sigmoidFocalLoss(
  logits: Tensor,
  target: Tensor,
  { alpha = -1, gamma = 2, reduction = "none" }: SigmoidFocalLossOptions = {},
): Tensor {
  const probability = logits.sigmoid();
  const crossEntropy = binaryCrossEntropyWithLogits(logits, target, { reduction: "none" });
  const truthProbability = chosenBy(target, probability, probability.neg().add(1));
  const loss = crossEntropy.mul(truthProbability.neg().add(1).pow(gamma));
  if (alpha < 0) return reduceLoss(loss, reduction);
  // alpha·t + (1 - alpha)·(1 - t)
  const weight = target.mul(2 * alpha - 1).add(1 - alpha);
  return reduceLoss(loss.mul(weight), reduction);
}

/** `target·positive + (1 - target)·negative`. */
function chosenBy(target: Tensor, positive: Tensor, negative: Tensor): Tensor {
  return target.mul(positive).add(target.neg().add(1).mul(negative));
}
