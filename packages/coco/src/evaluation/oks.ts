import type { CocoAnnotation } from "./dataset.ts";

/** Distance from 1 to the next float64; keeps a division by an area of 0 finite. */
const EPSILON = Number.EPSILON;

/** What {@link objectKeypointSimilarity} reads of an annotation. */
export type KeypointAnnotation = Pick<CocoAnnotation, "bbox" | "area"> &
  Required<Pick<CocoAnnotation, "keypoints">>;

/**
 * How well keypoints fit those of an object, from 0 to 1 (COCO's object keypoint similarity):
 *
 * mean over the labelled keypoints of exp(−d² / (2 · area · (2σ)²))
 *
 * with d the distance in pixels. An object without labelled keypoints is compared by its box, doubled in size: d is then
 * how far a keypoint lies outside of it, and all keypoints count.
 *
 * @param keypoints - x, y, score of each of the K keypoints found.
 * @param annotation - with as many keypoints.
 * @param sigmas - K.
 */
export function objectKeypointSimilarity(
  keypoints: readonly number[],
  { keypoints: labelled, bbox, area }: KeypointAnnotation,
  sigmas: readonly number[],
): number {
  const [x, y, width, height] = bbox;
  const numLabelled = countLabelled(labelled);
  let total = 0;
  for (let k = 0; k < sigmas.length; k++) {
    if (numLabelled > 0 && !(labelled[3 * k + 2] > 0)) continue;
    const foundX = keypoints[3 * k];
    const foundY = keypoints[3 * k + 1];
    const dx =
      numLabelled > 0 ? foundX - labelled[3 * k] : outside(foundX, x - width, x + 2 * width);
    const dy =
      numLabelled > 0 ? foundY - labelled[3 * k + 1] : outside(foundY, y - height, y + 2 * height);
    const variance = (2 * sigmas[k]) ** 2;
    total += Math.exp(-(dx * dx + dy * dy) / variance / (area + EPSILON) / 2);
  }
  return total / (numLabelled || sigmas.length);
}

/** Number of keypoints whose visibility is above 0. */
export function countLabelled(keypoints: readonly number[]): number {
  let count = 0;
  for (let i = 2; i < keypoints.length; i += 3) if (keypoints[i] > 0) count++;
  return count;
}

function outside(value: number, low: number, high: number): number {
  return Math.max(0, low - value) + Math.max(0, value - high);
}
