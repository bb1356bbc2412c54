import ndarray, { type NdArray } from "ndarray";
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
  boxes: NdArray<Float32Array>,
  scores: NdArray<Float32Array>,
  iouThreshold: number,
): NdArray<Int32Array> {
  requireShape("nms", "boxes", boxes.shape, [null, 4]);
  requireShape("nms", "scores", scores.shape, [boxes.shape[0]]);
  const order = decreasingOrder(rowMajor(scores));
  return ndarray(suppress(rowMajor(boxes), order, iouThreshold));
}

/**
 * The greedy pass of {@link nms} over dense boxes (N×4) in the given order.
 *
 * Only boxes that overlap can suppress each other, so the boxes lie sorted by their left edge and a kept
 * box meets only the run of them that it can touch: it ends where a left edge is beyond the box's right
 * one, and begins where `reach`, the furthest right edge so far, passes the box's left one.
 *
 * @returns the first `maxKept` members of `order` that survive, in that order.
 */
export function suppress(
  boxes: Float32Array,
  order: Int32Array,
  iouThreshold: number,
  maxKept = Infinity,
): Int32Array {
  const { fround, max, min } = Math;
  const count = order.length;
  const { slotOf, x0, y0, x1, y1, areas, reach } = sortByLeftEdge(boxes, order);

  // Boxes that were visited or suppressed need no further look.
  const isDone = new Uint8Array(count);
  const kept = new Int32Array(count);
  let keptCount = 0;
  for (let i = 0; i < count && keptCount < maxKept; i++) {
    const slot = slotOf[i];
    if (isDone[slot] === 1) continue;
    isDone[slot] = 1;
    kept[keptCount++] = order[i];
    const left = x0[slot];
    const top = y0[slot];
    const right = x1[slot];
    const bottom = y1[slot];
    const area = areas[slot];
    for (let j = firstAbove(reach, left); j < count && x0[j] < right; j++) {
      if (isDone[j] === 1 || y0[j] >= bottom || y1[j] <= top) continue;
      const overlapWidth = fround(min(right, x1[j]) - max(left, x0[j]));
      const overlapHeight = fround(min(bottom, y1[j]) - max(top, y0[j]));
      // Disjoint boxes have IoU 0, which no threshold in [0, 1] is below.
      if (overlapWidth <= 0 || overlapHeight <= 0) continue;
      const intersection = fround(overlapWidth * overlapHeight);
      const union = fround(fround(area + areas[j]) - intersection);
      if (fround(intersection / union) > iouThreshold) isDone[j] = 1;
    }
  }
  return kept.slice(0, keptCount);
}

/** The boxes as columns, one slot per box, by increasing left edge (NaN last). */
interface BoxColumns {
  /** Slot of the i-th box of the visiting order. */
  readonly slotOf: Int32Array;
  readonly x0: Float32Array;
  readonly y0: Float32Array;
  readonly x1: Float32Array;
  readonly y1: Float32Array;
  readonly areas: Float32Array;
  /** Largest `x1` of this slot and all before it. */
  readonly reach: Float32Array;
}

function sortByLeftEdge(boxes: Float32Array, order: Int32Array): BoxColumns {
  const count = order.length;
  const columns: BoxColumns = {
    slotOf: new Int32Array(count),
    x0: new Float32Array(count),
    y0: new Float32Array(count),
    x1: new Float32Array(count),
    y1: new Float32Array(count),
    areas: new Float32Array(count),
    reach: new Float32Array(count),
  };
  const { slotOf, x0, y0, x1, y1, areas, reach } = columns;
  const lefts = new Float32Array(count);
  for (let i = 0; i < count; i++) lefts[i] = boxes[order[i] * 4];
  const byLeft = decreasingOrder(lefts).reverse();

  let furthest = -Infinity;
  for (let slot = 0; slot < count; slot++) {
    slotOf[byLeft[slot]] = slot;
    const at = order[byLeft[slot]] * 4;
    x0[slot] = boxes[at];
    y0[slot] = boxes[at + 1];
    x1[slot] = boxes[at + 2];
    y1[slot] = boxes[at + 3];
    areas[slot] = Math.fround(x1[slot] - x0[slot]) * Math.fround(y1[slot] - y0[slot]);
    if (x1[slot] > furthest) furthest = x1[slot];
    reach[slot] = furthest;
  }
  return columns;
}

/** Index of the first element greater than `bound` of a non-decreasing array, its length if there is none. */
function firstAbove(increasing: Float32Array, bound: number): number {
  let low = 0;
  let high = increasing.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (increasing[middle] > bound) high = middle;
    else low = middle + 1;
  }
  return low;
}
