import type { AreaRange } from "./params.ts";

/** What becomes of a detection at one threshold and area range. */
export const Outcome = {
  FALSE_POSITIVE: 0,
  TRUE_POSITIVE: 1,
  /** Matched to something that does not count, or unmatched and out of the area range or where objects are not annotated. */
  IGNORED: 2,
} as const;

/** The objects of one image and category, D detections by decreasing score and G of the ground truth. */
export interface Cell {
  /** D×G, row-major. */
  readonly overlaps: Float64Array;
  /** D. */
  readonly detectionAreas: Float64Array;
  /** D; 1 where the detection counts for nothing unless it matches. */
  readonly ignoreUnmatched: Uint8Array;
  /** G; annotation ids. */
  readonly ids: readonly number[];
  /** G. */
  readonly areas: Float64Array;
  /** G; 1 where the object may match any number of detections. */
  readonly isCrowd: Uint8Array;
  /** G; 1 where the object counts in no area range. */
  readonly isIgnored: Uint8Array;
}

/** A threshold of 1 would ask for more than rounding leaves of a perfect overlap. */
const HIGHEST_THRESHOLD = 1 - 1e-10;

/**
 * Gives each detection, best score first, the ground truth it overlaps most among those still free, at every threshold
 * (pycocotools' `evaluateImg`).
 *
 * Of equal overlaps the later ground truth wins. Ground truth that counts comes before any that does not: only a detection
 * that found none falls to a crowd, or to an object out of the area range.
 *
 * @param iouThrs - T thresholds.
 * @param outcomes - takes an {@link Outcome} per threshold and detection: threshold t, detection d at `offset + t * stride + d`.
 * @returns number of objects that count in the area range.
 */
export function matchCell(
  cell: Cell,
  areaRng: AreaRange,
  iouThrs: readonly number[],
  outcomes: Uint8Array,
  offset: number,
  stride: number,
): number {
  const { overlaps, detectionAreas, ignoreUnmatched, ids, isCrowd } = cell;
  const numDetections = detectionAreas.length;
  const numObjects = ids.length;

  const ignored = Uint8Array.from(cell.isIgnored, (flag, g) =>
    flag || !contains(areaRng, cell.areas[g]) ? 1 : 0,
  );
  const order = countedFirst(ignored);
  const { start, candidates } = findCandidates(cell, order, Math.min(...iouThrs));
  const taken = new Uint8Array(numObjects);

  for (let t = 0; t < iouThrs.length; t++) {
    taken.fill(0);
    for (let d = 0; d < numDetections; d++) {
      let highest = Math.min(iouThrs[t], HIGHEST_THRESHOLD);
      let match = -1;
      for (let c = start[d]; c < start[d + 1]; c++) {
        const g = candidates[c];
        if (taken[g] && !isCrowd[g]) continue;
        if (match >= 0 && !ignored[match] && ignored[g]) break;
        const overlap = overlaps[d * numObjects + g];
        if (overlap >= highest) {
          highest = overlap;
          match = g;
        }
      }
      if (match >= 0) taken[match] = 1;
      let outcome: number = Outcome.FALSE_POSITIVE;
      if (match >= 0 && ignored[match]) outcome = Outcome.IGNORED;
      // pycocotools remembers a match by the annotation's id, and takes 0 for none.
      else if (match >= 0 && ids[match] !== 0) outcome = Outcome.TRUE_POSITIVE;
      else if (ignoreUnmatched[d] || !contains(areaRng, detectionAreas[d])) {
        outcome = Outcome.IGNORED;
      }
      outcomes[offset + t * stride + d] = outcome;
    }
  }
  return ignored.reduce((count, flag) => count - flag, numObjects);
}

function contains({ min, max }: AreaRange, area: number): boolean {
  return !(area < min || area > max);
}

/** Positions in which those that count come before those that are ignored. */
function countedFirst(ignored: Uint8Array): Int32Array {
  const order = new Int32Array(ignored.length);
  let next = 0;
  for (const wanted of [0, 1]) {
    for (let g = 0; g < ignored.length; g++) if (ignored[g] === wanted) order[next++] = g;
  }
  return order;
}

/** For each detection the ground truth that it could match at the lowest threshold: few, most of an image being elsewhere. */
function findCandidates(
  { overlaps, detectionAreas: { length: numDetections } }: Cell,
  order: Int32Array,
  threshold: number,
): { readonly start: Int32Array; readonly candidates: Int32Array } {
  const lowest = Math.min(threshold, HIGHEST_THRESHOLD);
  const start = new Int32Array(numDetections + 1);
  const candidates = new Int32Array(overlaps.length);
  let count = 0;
  for (let d = 0; d < numDetections; d++) {
    for (const g of order) {
      if (overlaps[d * order.length + g] >= lowest) candidates[count++] = g;
    }
    start[d + 1] = count;
  }
  return { start, candidates };
}
