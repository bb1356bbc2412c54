import { TopK } from "@detectron-ts/layers";

/**
 * The anchors of highest logit, at one level of one image: the highest first, equal ones in the order of the anchors.
 * NaN counts as infinite, so that it is not passed over in silence.
 *
 * Predictions are stored anchor by anchor (A×H×W), while anchors are numbered by location first: anchor `a` of location
 * `l` has number `l·A + a`.
 *
 * @param logits - predictions; those wanted begin at `start`.
 * @param numCellAnchors - A, anchors at each location.
 * @param numLocations - H·W.
 * @returns numbers of the best `k` anchors, or of all if there are not so many.
 */
export function topAnchors(
  logits: Float32Array,
  start: number,
  numCellAnchors: number,
  numLocations: number,
  k: number,
): Int32Array {
  const best = new TopK(k);
  let at = start;
  for (let anchor = 0; anchor < numCellAnchors; anchor++) {
    for (let location = 0; location < numLocations; location++, at++) {
      const logit = logits[at];
      best.offer(Number.isNaN(logit) ? Infinity : logit, location * numCellAnchors + anchor);
    }
  }
  return best.numbers();
}
