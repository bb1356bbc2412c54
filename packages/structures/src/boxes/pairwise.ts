import ndarray, { type NdArray } from "ndarray";

import { rowMajorData } from "../arrays/rows.ts";
import { BoxKindError, LengthMismatchError, StructureShapeError } from "../errors.ts";
import type { Boxes } from "./boxes.ts";
import { pairwiseIouRotated, RotatedBoxes } from "./rotated-boxes.ts";

/*
 * Every step is rounded to float32, as detectron2's are: whether an overlap reaches a threshold can hang on the last
 * bit. Training compares some 100 ground truths with 250 000 anchors, nearly all of them apart, so the loop is flat and
 * leaves a pair as early as it can.
 */
const { fround } = Math;

/**
 * Areas of intersection, N×M float32.
 *
 * @throws {@link BoxKindError} for rotated boxes.
 */
export function pairwiseIntersection(boxes1: Boxes, boxes2: Boxes): NdArray<Float32Array> {
  return pairwise(boxes1, boxes2, (intersection) => intersection);
}

/**
 * Intersection over union, N×M float32; 0 where boxes do not overlap, even when both are empty.
 * Mirrors `detectron2.structures.pairwise_iou`, and for two lists of rotated boxes `pairwise_iou_rotated`.
 *
 * @throws {@link BoxKindError} for rotated boxes against others.
 */
export function pairwiseIou(boxes1: Boxes, boxes2: Boxes): NdArray<Float32Array> {
  if (boxes1 instanceof RotatedBoxes && boxes2 instanceof RotatedBoxes) {
    return pairwiseIouRotated(boxes1, boxes2);
  }
  const areas1 = boxes1.area();
  const areas2 = boxes2.area();
  return pairwise(
    boxes1,
    boxes2,
    (intersection, i, j) => intersection / fround(fround(areas1[i] + areas2[j]) - intersection),
  );
}

/**
 * Intersection over the area of the second box, N×M float32; 0 where boxes do not overlap.
 *
 * @throws {@link BoxKindError} for rotated boxes.
 */
export function pairwiseIoa(boxes1: Boxes, boxes2: Boxes): NdArray<Float32Array> {
  const areas2 = boxes2.area();
  return pairwise(boxes1, boxes2, (intersection, _i, j) => intersection / areas2[j]);
}

/**
 * Intersection over union of the boxes of equal rank, N float32. Two empty boxes give NaN, as in detectron2.
 * Mirrors `detectron2.structures.matched_pairwise_iou`.
 *
 * @throws {@link LengthMismatchError} unless there are as many boxes on both sides.
 * @throws {@link BoxKindError} for rotated boxes.
 */
export function matchedPairwiseIou(boxes1: Boxes, boxes2: Boxes): Float32Array {
  if (boxes1.length !== boxes2.length) {
    throw new LengthMismatchError("boxes2", boxes2.length, boxes1.length);
  }
  requireUpright("matchedPairwiseIou", boxes1, boxes2);
  const areas1 = boxes1.area();
  const areas2 = boxes2.area();
  const overlaps = new Float32Array(boxes1.length);
  for (let i = 0; i < overlaps.length; i++) {
    const width = overlapAlongAxis(boxes1.data, boxes2.data, 4 * i);
    const height = overlapAlongAxis(boxes1.data, boxes2.data, 4 * i + 1);
    const intersection = fround(Math.max(width, 0) * Math.max(height, 0));
    overlaps[i] = intersection / fround(fround(areas1[i] + areas2[i]) - intersection);
  }
  return overlaps;
}

/**
 * The name of {@link matchedPairwiseIou} in older detectron2 releases.
 *
 * @alias
 */
export const matchedBoxlistIou = matchedPairwiseIou;

/**
 * Signed distances from points to the sides of boxes, P×N×4 float32 in the order left, top, right, bottom; all are
 * positive for a point inside.
 *
 * @param points - P×2 (x, y).
 * @throws {@link StructureShapeError}
 * @throws {@link BoxKindError} for rotated boxes.
 */
export function pairwisePointBoxDistance(
  points: NdArray<Float32Array>,
  boxes: Boxes,
): NdArray<Float32Array> {
  if (points.shape.length !== 2 || points.shape[1] !== 2) {
    throw new StructureShapeError("Points", points.shape, "[any, 2]");
  }
  requireUpright("pairwisePointBoxDistance", boxes);
  const coordinates = rowMajorData(points);
  const { data } = boxes;
  const [numPoints] = points.shape;
  const distances = new Float32Array(numPoints * data.length);
  let target = 0;
  for (let p = 0; p < numPoints; p++) {
    const x = coordinates[2 * p];
    const y = coordinates[2 * p + 1];
    for (let b = 0; b < data.length; b += 4) {
      distances[target++] = x - data[b];
      distances[target++] = y - data[b + 1];
      distances[target++] = data[b + 2] - x;
      distances[target++] = data[b + 3] - y;
    }
  }
  return ndarray(distances, [numPoints, boxes.length, 4]);
}

/** N×M values of overlapping pairs, 0 for the others. */
function pairwise(
  boxes1: Boxes,
  boxes2: Boxes,
  combine: (intersection: number, i: number, j: number) => number,
): NdArray<Float32Array> {
  requireUpright("A comparison of upright boxes", boxes1, boxes2);
  const first = boxes1.data;
  const second = boxes2.data;
  const rows = boxes1.length;
  const columns = boxes2.length;
  const values = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const left = first[4 * i];
    const top = first[4 * i + 1];
    const right = first[4 * i + 2];
    const bottom = first[4 * i + 3];
    for (let j = 0; j < columns; j++) {
      const start = 4 * j;
      const x0 = second[start];
      const x1 = second[start + 2];
      const width = fround((right < x1 ? right : x1) - (left > x0 ? left : x0));
      if (!(width > 0)) continue;
      const y0 = second[start + 1];
      const y1 = second[start + 3];
      const height = fround((bottom < y1 ? bottom : y1) - (top > y0 ? top : y0));
      if (!(height > 0)) continue;
      const intersection = fround(width * height);
      if (intersection > 0) values[i * columns + j] = combine(intersection, i, j);
    }
  }
  return ndarray(values, [rows, columns]);
}

/** Length of the common stretch of two boxes along x (offset of x0) or y (offset of y0); negative if they lie apart. */
function overlapAlongAxis(data1: Float32Array, data2: Float32Array, offset: number): number {
  return fround(
    Math.min(data1[offset + 2], data2[offset + 2]) - Math.max(data1[offset], data2[offset]),
  );
}

function requireUpright(what: string, ...lists: readonly Boxes[]): void {
  for (const { boxDim } of lists) if (boxDim !== 4) throw new BoxKindError(what, boxDim, 4);
}
