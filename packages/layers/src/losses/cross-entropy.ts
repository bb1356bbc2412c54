import { maximum, type Tensor, where } from "@detectron-ts/tensor";
import { requireShape } from "../dense.ts";
import { type Reduction, reduceLoss } from "./reduction.ts";

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions {
  /** `"mean"` when left out, as in PyTorch. */
  readonly reduction?: Reduction;
  /** Target of those that have no loss and do not count in the mean; none when left out. */
  readonly ignoreIndex?: number;
}

/**
 * Cross entropy of one choice among C classes: `-log softmax(logits)[target]`. The mean over nothing, be it no rows or
 * only ignored ones, is zero. Mirrors `detectron2.layers.cross_entropy`, and PyTorch's, whose mean over nothing is NaN.
 *
 * @param logits - N×C or, with a choice at each pixel, N×C×H×W; float32.
 * @param target - N or N×H×W class indices in [0, C) or `ignoreIndex`, int32 or int64.
 * @throws LayerShapeError when a shape is not as above.
 */
export function crossEntropy(
  logits: Tensor,
  target: Tensor,
  { reduction = "mean", ignoreIndex }: CrossEntropyOptions = {},
): Tensor {
  const [count, , ...spatial] = logits.shape;
  requireShape("crossEntropy", "logits", logits.shape, [
    null,
    null,
    ...(logits.rank > 2 ? [null, null] : []),
  ]);
  requireShape("crossEntropy", "target", target.shape, [count, ...spatial]);
  if (ignoreIndex === undefined) return reduceLoss(choiceLoss(logits, target), reduction);

  const counts = target.ne(ignoreIndex);
  // Ignored ones need some class that exists, for a loss that is then replaced.
  const loss = where(counts, choiceLoss(logits, where(counts, target, 0)), 0);
  if (reduction !== "mean") return reduceLoss(loss, reduction);
  // Counted in integers, of which there are enough for any number of pixels.
  return loss.sum().div(maximum(counts.to("int32").sum(), 1).to("float32"));
}

function choiceLoss(logits: Tensor, target: Tensor): Tensor {
  return logits.logSoftmax(1).gather(1, target.unsqueeze(1)).squeeze(1).neg();
}
