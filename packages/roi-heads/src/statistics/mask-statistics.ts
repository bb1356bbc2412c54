/**
 * How well the pixels of masks are told apart, where a logit above 0 means the object. Mirrors what `mask_rcnn_loss` of
 * `detectron2.modeling.roi_heads.mask_head` records.
 *
 * - `mask_rcnn/accuracy`: the fraction of pixels that are right;
 * - `mask_rcnn/false_positive`: of the pixels that are not the object's, the fraction taken for it;
 * - `mask_rcnn/false_negative`: of the object's pixels, the fraction that is missed.
 *
 * @param logits - of the masks of the regions' own classes.
 * @param targets - 1 for pixels of the object, otherwise 0.
 * @returns the scalars by name; none without pixels.
 */
export function maskStatistics(
  logits: Float32Array,
  targets: Float32Array,
): Record<string, number> {
  if (targets.length === 0) return {};
  let numPositive = 0;
  let numFalsePositive = 0;
  let numFalseNegative = 0;
  for (let i = 0; i < targets.length; i++) {
    const isObject = targets[i] > 0.5;
    const isPredicted = logits[i] > 0;
    if (isObject) numPositive += 1;
    if (isPredicted && !isObject) numFalsePositive += 1;
    if (isObject && !isPredicted) numFalseNegative += 1;
  }
  const numNegative = targets.length - numPositive;
  return {
    "mask_rcnn/accuracy": 1 - (numFalsePositive + numFalseNegative) / targets.length,
    "mask_rcnn/false_positive": numFalsePositive / Math.max(numNegative, 1),
    "mask_rcnn/false_negative": numFalseNegative / Math.max(numPositive, 1),
  };
}
