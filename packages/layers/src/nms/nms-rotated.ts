import ndarray, { type NdArray } from "ndarray";
import { requireShape, rowMajor } from "../dense.ts";
import { RotatedRectangles } from "../rotated/rotated-rectangles.ts";
import { decreasingOrder } from "./order.ts";

/**
 * Greedy non-maximum suppression of rotated boxes, by detectron2's CPU rules: boxes are visited by decreasing score (equal
 * scores in their given order), and each one kept suppresses every later box whose IoU with it is `iouThreshold` or
 * greater. That is the one difference from upright boxes, where a pair at exactly the threshold is kept.
 *
 * Angles count as far as they change the region: a box turned by half a circle is the same box.
 *
 * @param boxes - N×5: x and y of the centre, width, height, degrees counter-clockwise.
 * @param scores - N.
 * @param iouThreshold - IoU from which on the lower score goes; with 0 or less only the best box stays.
 * @returns indices of the boxes kept, by decreasing score.
 * @throws LayerShapeError when a shape is not as above.
 */
export function nmsRotated(
  boxes: NdArray<Float32Array>,
  scores: NdArray<Float32Array>,
  iouThreshold: number,
): NdArray<Int32Array> {
  requireShape("nmsRotated", "boxes", boxes.shape, [null, 5]);
  requireShape("nmsRotated", "scores", scores.shape, [boxes.shape[0]]);
  const order = decreasingOrder(rowMajor(scores));
  return ndarray(suppressRotated(rowMajor(boxes), order, iouThreshold, Infinity, () => 0));
}

/**
 * Non-maximum suppression of rotated boxes within groups (classes, or pyramid levels): boxes of different `idxs` never
 * suppress each other. Mirrors `detectron2.layers.batched_nms_rotated` on CPU, see {@link nmsRotated} for the rule itself.
 *
 * @param boxes - N×5: x and y of the centre, width, height, degrees counter-clockwise.
 * @param scores - N.
 * @param idxs - N: the group of each box.
 * @param iouThreshold - IoU from which on the lower score of a group goes, above 0.
 * @param maxKept - how many of the boxes kept are wanted, the best of all groups together; all when left out.
 * @returns indices of the boxes kept, of all groups together, by decreasing score.
 * @throws LayerShapeError when a shape is not as above.
 */
export function batchedNmsRotated(
  boxes: NdArray<Float32Array>,
  scores: NdArray<Float32Array>,
  idxs: NdArray<Int32Array>,
  iouThreshold: number,
  maxKept = Infinity,
): NdArray<Int32Array> {
  requireShape("batchedNmsRotated", "boxes", boxes.shape, [null, 5]);
  requireShape("batchedNmsRotated", "scores", scores.shape, [boxes.shape[0]]);
  requireShape("batchedNmsRotated", "idxs", idxs.shape, [boxes.shape[0]]);
  const groups = rowMajor(idxs);
  const order = decreasingOrder(rowMajor(scores));
  const moved = moveGroupsApart(rowMajor(boxes), groups);
  return ndarray(suppressRotated(moved, order, iouThreshold, maxKept, (box) => groups[box]));
}

/**
 * The greedy pass over boxes in the given order: a box survives unless one of its group that survived before it overlaps too
 * much. Returns the first `maxKept` that survive, in that order.
 *
 * Overlaps of rotated boxes are dear. Looking back from each box, no two boxes are compared that the result doesn't depend
 * on, and none at all that come after the last one wanted.
 */
function suppressRotated(
  boxes: Float32Array,
  order: Int32Array,
  iouThreshold: number,
  maxKept: number,
  groupOf: (box: number) => number,
): Int32Array {
  const rectangles = new RotatedRectangles(boxes);
  const keptOfGroups = new Map<number, number[]>();
  const kept: number[] = [];
  for (const box of order) {
    if (kept.length >= maxKept) break;
    const group = groupOf(box);
    const rivals = keptOfGroups.get(group);
    if (rivals?.some((rival) => rectangles.reaches(iouThreshold, rival, rectangles, box))) continue;
    kept.push(box);
    if (rivals) rivals.push(box);
    else keptOfGroups.set(group, [box]);
  }
  return Int32Array.from(kept);
}

/**
 * Shifts the centres of group `g` by `g` times a step that no group reaches beyond. The reference tells groups apart by
 * this alone; here they are known, but far groups lose bits by the shift, as they do there.
 */
function moveGroupsApart(boxes: Float32Array, groups: Int32Array): Float32Array {
  const { fround, max, min } = Math;
  let largest = -Infinity;
  let smallest = Infinity;
  for (let i = 0; i < boxes.length; i += 5) {
    const half = max(boxes[i + 2], boxes[i + 3]) / 2;
    largest = max(largest, fround(max(boxes[i], boxes[i + 1]) + half));
    smallest = min(smallest, fround(min(boxes[i], boxes[i + 1]) - half));
  }
  const step = fround(fround(largest - smallest) + 1);
  const moved = boxes.slice();
  for (let i = 0; i < boxes.length; i += 5) {
    const offset = fround(groups[i / 5] * step);
    moved[i] += offset;
    moved[i + 1] += offset;
  }
  return moved;
}
