import ndarray from "ndarray";
import { requireShape, rowMajor } from "../dense.ts";
import { decreasingOrder } from "./order.ts";

/**
 * Greedy non-maximum suppression, by torchvision's CPU rules: boxes are visited by decreasing score
 * (equal scores in their given order), and each one kept suppresses every later box whose IoU with it is
 * strictly greater than `iouThreshold`. IoU is computed in float32, for its last bit decides.
 *
 * @param boxes - N×4: x0, y0, x1, y1.
 * @param scores - N.
 * @param iouThreshold - IoU above which the lower score goes, in [0, 1].
 * @returns indices of the boxes kept, by decreasing score.
 * @throws LayerShapeError when a shape is not as above.
 */
export function nms(
  boxes: ndarray.NdArray<Float32Array>,
  scores: ndarray.NdArray<Float32Array>,
  iouThreshold: number,
): ndarray.NdArray<Int32Array> {
  requireShape("nms", "boxes", boxes.shape, [null, 4]);
  requireShape("nms", "scores", scores.shape, [boxes.shape[0]]);
  const order = decreasingOrder(rowMajor(scores));
  return ndarray(suppress(rowMajor(boxes), order, iouThreshold));
}

/**
 * The greedy pass of {@link nms} over dense boxes (N×4) in the given order.
 *
 * @returns the members of `order` that survive, in that order.
 */
export function suppress(
  boxes: Float32Array,
  order: Int32Array,
  iouThreshold: number,
): Int32Array {
  const { fround } = Math;
  // Columns in visiting order: the inner loop then walks five dense arrays.
  const count = order.length;
  const x0 = new Float32Array(count);
  const y0 = new Float32Array(count);
  const x1 = new Float32Array(count);
  const y1 = new Float32Array(count);
  const areas = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const at = order[i] * 4;
    x0[i] = boxes[at];
    y0[i] = boxes[at + 1];
    x1[i] = boxes[at + 2];
    y1[i] = boxes[at + 3];
    areas[i] = fround(x1[i] - x0[i]) * fround(y1[i] - y0[i]);
  }

  const suppressed = new Uint8Array(count);
  const kept = new Int32Array(count);
  let keptCount = 0;
  for (let i = 0; i < count; i++) {
    if (suppressed[i] === 1) continue;
    kept[keptCount++] = order[i];
    const left = x0[i];
    const top = y0[i];
    const right = x1[i];
    const bottom = y1[i];
    const area = areas[i];
    for (let j = i + 1; j < count; j++) {
      if (suppressed[j] === 1) continue;
      const overlapWidth = fround(Math.min(right, x1[j]) - Math.max(left, x0[j]));
      // Disjoint boxes, nearly all of them, have IoU 0, which no threshold in [0, 1] is below.
      if (overlapWidth <= 0) continue;
      const overlapHeight = fround(Math.min(bottom, y1[j]) - Math.max(top, y0[j]));
      if (overlapHeight <= 0) continue;
      const intersection = fround(overlapWidth * overlapHeight);
      const union = fround(fround(area + areas[j]) - intersection);
      if (fround(intersection / union) > iouThreshold) suppressed[j] = 1;
    }
  }
  return kept.slice(0, keptCount);
}
