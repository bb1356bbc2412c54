import ndarray, { type NdArray } from "ndarray";
import { requireShape, rowMajor } from "../dense.ts";
import { suppress } from "./nms.ts";
import { decreasingOrder } from "./order.ts";

/**
 * Up to this many numbers (1000 boxes) the reference moves the classes apart and suppresses once; above,
 * it goes class by class. The two round differently, so the limit is part of the semantics.
 */
const MAX_NUMBERS_FOR_OFFSETS = 4000;

/**
 * Non-maximum suppression within groups (classes, or pyramid levels): boxes of different `idxs` never
 * suppress each other. Mirrors `detectron2.layers.batched_nms` on CPU, see {@link nms} for the rule itself.
 *
 * @param boxes - N×4: x0, y0, x1, y1.
 * @param scores - N.
 * @param idxs - N: the group of each box.
 * @param iouThreshold - IoU above which the lower score of a group goes, in [0, 1].
 * @param maxKept - how many of the boxes kept are wanted, the best of all groups together; all when left out.
 * @returns indices of the boxes kept, of all groups together, by decreasing score.
 * @throws LayerShapeError when a shape is not as above.
 */
export function batchedNms(
  boxes: NdArray<Float32Array>,
  scores: NdArray<Float32Array>,
  idxs: NdArray<Int32Array>,
  iouThreshold: number,
  maxKept = Infinity,
): NdArray<Int32Array> {
  requireShape("batchedNms", "boxes", boxes.shape, [null, 4]);
  requireShape("batchedNms", "scores", scores.shape, [boxes.shape[0]]);
  requireShape("batchedNms", "idxs", idxs.shape, [boxes.shape[0]]);
  const coordinates = rowMajor(boxes);
  const groups = rowMajor(idxs);
  const order = decreasingOrder(rowMajor(scores));
  const kept =
    coordinates.length > MAX_NUMBERS_FOR_OFFSETS
      ? suppressPerGroup(coordinates, order, groups, iouThreshold, maxKept)
      : suppress(moveGroupsApart(coordinates, groups), order, iouThreshold, maxKept);
  return ndarray(kept);
}

/**
 * Shifts group `g` by `g · (largest coordinate + 1)` in both axes, so that groups cannot overlap. The
 * additions round to float32; small boxes of far groups lose bits, as they do in the reference.
 */
function moveGroupsApart(boxes: Float32Array, groups: Int32Array): Float32Array {
  let largest = -Infinity;
  for (let i = 0; i < boxes.length; i++) largest = Math.max(largest, boxes[i]);
  const step = Math.fround(largest + 1);
  const moved = new Float32Array(boxes.length);
  for (let i = 0; i < boxes.length; i++) {
    moved[i] = boxes[i] + Math.fround(groups[i >> 2] * step);
  }
  return moved;
}

function suppressPerGroup(
  boxes: Float32Array,
  order: Int32Array,
  groups: Int32Array,
  iouThreshold: number,
  maxKept: number,
): Int32Array {
  const members = new Map<number, number[]>();
  for (const box of order) {
    const group = members.get(groups[box]);
    if (group) group.push(box);
    else members.set(groups[box], [box]);
  }
  const isKept = new Uint8Array(order.length);
  for (const group of members.values()) {
    const kept = suppress(boxes, Int32Array.from(group), iouThreshold, maxKept);
    for (const box of kept) isKept[box] = 1;
  }
  return order.filter((box) => isKept[box] === 1).slice(0, maxKept);
}
