import ndarray, { type NdArray } from "ndarray";
import { requireShape, rowMajor } from "../dense.ts";
import { RotatedRectangles } from "./rotated-rectangles.ts";

/**
 * Intersection over union of rotated boxes. Mirrors `detectron2.layers.pairwise_iou_rotated` on CPU, in float32. A box and
 * the same box turned by half a circle cover the same region: their IoU is 1.
 *
 * @param boxes1 - N×5: x and y of the centre, width, height, degrees counter-clockwise.
 * @param boxes2 - M×5.
 * @returns N×M; 0 for boxes without area.
 * @throws LayerShapeError when a shape is not as above.
 */
export function pairwiseIouRotated(
  boxes1: NdArray<Float32Array>,
  boxes2: NdArray<Float32Array>,
): NdArray<Float32Array> {
  requireShape("pairwiseIouRotated", "boxes1", boxes1.shape, [null, 5]);
  requireShape("pairwiseIouRotated", "boxes2", boxes2.shape, [null, 5]);
  const first = new RotatedRectangles(rowMajor(boxes1));
  const second = new RotatedRectangles(rowMajor(boxes2));
  const overlaps = new Float32Array(first.length * second.length);
  let target = 0;
  for (let i = 0; i < first.length; i++) {
    for (let j = 0; j < second.length; j++) overlaps[target++] = first.iou(i, second, j);
  }
  return ndarray(overlaps, [first.length, second.length]);
}
