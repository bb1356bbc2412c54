import type { Tensor } from "@detectron-ts/tensor";
import { requireShape } from "../dense.ts";
import { type Reduction, reduceLoss } from "./reduction.ts";

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions {
  /** `"mean"` when left out, as in PyTorch. */
  readonly reduction?: Reduction;
}

/**
 * Cross entropy of one choice among C classes: `-log softmax(logits)[target]`. The mean of no rows is zero.
 * Mirrors `detectron2.layers.cross_entropy`.
 *
 * @param logits - N×C, float32.
 * @param target - N class indices in [0, C), int32 or int64.
 * @throws LayerShapeError when a shape is not as above.
 */
export function crossEntropy(
  logits: Tensor,
  target: Tensor,
  { reduction = "mean" }: CrossEntropyOptions = {},
): Tensor {
  requireShape("crossEntropy", "logits", logits.shape, [null, null]);
  requireShape("crossEntropy", "target", target.shape, [logits.shape[0]]);
  const picked = logits.logSoftmax(1).gather(1, target.unsqueeze(1));
  return reduceLoss(picked.squeeze(1).neg(), reduction);
}
