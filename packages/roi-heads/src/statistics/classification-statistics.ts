/**
 * How well regions are classified. Mirrors `_log_classification_stats` of `detectron2.modeling.roi_heads.fast_rcnn`.
 *
 * - `fast_rcnn/cls_accuracy`: the fraction of regions whose best score is that of their class;
 * - `fast_rcnn/fg_cls_accuracy`: the same of foreground regions alone;
 * - `fast_rcnn/false_negative`: the fraction of foreground regions that are taken for background.
 *
 * @param scores - R×(K+1), background last.
 * @param gtClasses - R.
 * @returns the scalars by name; without regions none, and without foreground only the first.
 */
export function classificationStatistics(
  scores: Float32Array,
  gtClasses: Int32Array,
): Record<string, number> {
  const numRegions = gtClasses.length;
  if (numRegions === 0) return {};
  const numColumns = scores.length / numRegions;
  const background = numColumns - 1;
  let numAccurate = 0;
  let numForeground = 0;
  let numAccurateForeground = 0;
  let numFalseNegative = 0;
  for (let region = 0; region < numRegions; region++) {
    const actual = gtClasses[region];
    const predicted = argmax(scores, region * numColumns, numColumns);
    if (predicted === actual) numAccurate += 1;
    if (actual < 0 || actual >= background) continue;
    numForeground += 1;
    if (predicted === actual) numAccurateForeground += 1;
    if (predicted === background) numFalseNegative += 1;
  }
  return {
    "fast_rcnn/cls_accuracy": numAccurate / numRegions,
    ...(numForeground > 0 && {
      "fast_rcnn/fg_cls_accuracy": numAccurateForeground / numForeground,
      "fast_rcnn/false_negative": numFalseNegative / numForeground,
    }),
  };
}

/** The position of the largest of some values, the first of equal ones, counted from `start`. */
function argmax(values: Float32Array, start: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (values[start + i] > values[start + best]) best = i;
  return best;
}
