import type { Boxes } from "@detectron-ts/structures";
import ndarray, { type NdArray } from "ndarray";

const { abs, fround, max, min } = Math;

/**
 * How well each ground truth is matched by each location: 0 where it isn't, else 1e8 minus the area of the ground truth, so
 * that of several the smallest is the best. They match where the location
 *
 * - is near the centre of the ground truth: along both axes closer than `centerSamplingRadius` strides;
 * - lies inside of it;
 * - is on the level for its size: the longest distance to a side is above 4 strides and below 8, or on the first level
 *   anything below, on the last anything above.
 *
 * Each step is rounded to float32, as detectron2's are; so is 1e8 minus the area, in steps of 8 pixels.
 *
 * @param gtBoxes - M boxes.
 * @param anchors - of each level, squares of its stride around the locations; R together.
 * @returns M×R.
 */
export function fcosMatchQuality(
  gtBoxes: Boxes,
  anchors: readonly Boxes[],
  centerSamplingRadius: number,
): NdArray<Float32Array> {
  const numAnchors = anchors.reduce((sum, { length }) => sum + length, 0);
  const quality = new Float32Array(gtBoxes.length * numAnchors);
  const truths = gtBoxes.data;
  const areas = gtBoxes.area();
  const gtCenters = gtBoxes.getCenters().data;
  const radius = fround(centerSamplingRadius);
  let firstAnchor = 0;
  for (const [level, boxes] of anchors.entries()) {
    const centers = boxes.getCenters().data;
    for (let i = 0; i < boxes.length; i++) {
      const [x, y] = [centers[2 * i], centers[2 * i + 1]];
      const size = fround(boxes.data[4 * i + 2] - boxes.data[4 * i]);
      const reach = fround(radius * size);
      const lower = level === 0 ? 0 : fround(4 * size);
      const upper = level === anchors.length - 1 ? Infinity : fround(8 * size);
      for (let truth = 0; truth < gtBoxes.length; truth++) {
        const distance = max(abs(x - gtCenters[2 * truth]), abs(y - gtCenters[2 * truth + 1]));
        if (!(fround(distance) < reach)) continue;
        const left = fround(x - truths[4 * truth]);
        const top = fround(y - truths[4 * truth + 1]);
        const right = fround(truths[4 * truth + 2] - x);
        const bottom = fround(truths[4 * truth + 3] - y);
        if (!(min(left, top, right, bottom) > 0)) continue;
        const longest = max(left, top, right, bottom);
        if (!(longest > lower && longest < upper)) continue;
        quality[truth * numAnchors + firstAnchor + i] = max(1e8 - areas[truth], 0);
      }
    }
    firstAnchor += boxes.length;
  }
  return ndarray(quality, [gtBoxes.length, numAnchors]);
}
