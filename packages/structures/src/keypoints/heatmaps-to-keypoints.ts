import ndarray, { type NdArray } from "ndarray";

import { rowMajorData } from "../arrays/rows.ts";
import type { Boxes } from "../boxes/boxes.ts";
import { LengthMismatchError, StructureShapeError } from "../errors.ts";
import { bicubicAxis, type BicubicAxis } from "./bicubic-axis.ts";
import { MaximumFinder } from "./heatmap-maximum.ts";

const { ceil, fround, max } = Math;

/**
 * Where the keypoints of objects are, from a heatmap of logits over each object's box. Mirrors
 * `detectron2.structures.keypoints.heatmaps_to_keypoints`.
 *
 * Each heatmap is resized bicubically to the pixels of its box (a side counts as one pixel or more); the keypoint is the
 * centre of the pixel with the largest logit, the first of equal ones. Its score is that logit's part in a softmax over
 * the heatmap as it was before resizing, so that scores of small and large objects can be compared. It can exceed 1.
 *
 * @param maps - R×K×H×W logits.
 * @param boxes - R, in pixels.
 * @returns R×K×4: x, y in the pixels of the boxes, logit, score.
 * @throws {@link StructureShapeError} unless maps have four axes and one cell or more.
 * @throws {@link LengthMismatchError} unless there is a box for each row of maps.
 */
export function heatmapsToKeypoints(
  maps: NdArray<Float32Array>,
  boxes: Boxes,
): NdArray<Float32Array> {
  const [numObjects, numKeypoints, height, width] = maps.shape;
  if (maps.shape.length !== 4 || height * width === 0) {
    throw new StructureShapeError("Heatmaps", maps.shape, "[any, any, 1 or more, 1 or more]");
  }
  if (boxes.length !== numObjects) {
    throw new LengthMismatchError("boxes", boxes.length, numObjects);
  }
  const data = rowMajorData(maps);
  const finder = new MaximumFinder(height, width);
  const verticalAxes = new AxisCache(height);
  const horizontalAxes = new AxisCache(width);
  const keypoints = new Float32Array(4 * numObjects * numKeypoints);
  for (let object = 0; object < numObjects; object++) {
    const [x0, y0, x1, y1] = boxes.data.subarray(4 * object, 4 * object + 4);
    const boxWidth = max(fround(x1 - x0), 1);
    const boxHeight = max(fround(y1 - y0), 1);
    const numColumns = ceil(boxWidth);
    const numRows = ceil(boxHeight);
    const pixelWidth = fround(boxWidth / numColumns);
    const pixelHeight = fround(boxHeight / numRows);
    const vertical = verticalAxes.get(numRows);
    const horizontal = horizontalAxes.get(numColumns);
    for (let keypoint = 0; keypoint < numKeypoints; keypoint++) {
      const row = object * numKeypoints + keypoint;
      const start = row * height * width;
      const { value, x, y } = finder.find(data, start, vertical, horizontal);
      keypoints[4 * row] = fround((x + 0.5) * pixelWidth) + x0;
      keypoints[4 * row + 1] = fround((y + 0.5) * pixelHeight) + y0;
      keypoints[4 * row + 2] = value;
      keypoints[4 * row + 3] = 1 / sumOfExponentials(data, start, height * width, value);
    }
  }
  return ndarray(keypoints, [numObjects, numKeypoints, 4]);
}

/** Sum of exp(value - origin) over some values. */
function sumOfExponentials(
  data: Float32Array,
  start: number,
  count: number,
  origin: number,
): number {
  let sum = 0;
  for (let i = start; i < start + count; i++) sum += Math.exp(data[i] - origin);
  return sum;
}

/** The axes that resize one size to others, each made once. */
class AxisCache {
  readonly #inputSize: number;
  readonly #axes = new Map<number, BicubicAxis>();

  constructor(inputSize: number) {
    this.#inputSize = inputSize;
  }

  get(outputSize: number): BicubicAxis {
    let axis = this.#axes.get(outputSize);
    if (axis === undefined) {
      axis = bicubicAxis(this.#inputSize, outputSize);
      this.#axes.set(outputSize, axis);
    }
    return axis;
  }
}
