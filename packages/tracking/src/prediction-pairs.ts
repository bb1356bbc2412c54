import type { NdArray } from "ndarray";

import type { TrackFields } from "./fields.ts";

/** An instance of the current frame and one of the frame before, which may be the same. */
export interface PredictionPair {
  /** Row in the current frame. */
  readonly idx: number;
  /** Row in the frame before. */
  readonly prevIdx: number;
  /** Number of the instance in the frame before. */
  readonly prevId: number;
  /** Overlap of their boxes: intersection over union. */
  readonly IoU: number;
  /** In how many frames the instance of the frame before had been found. */
  readonly prevPeriod: number;
}

/**
 * All pairs that overlap enough, row by row. Mirrors `detectron2.tracking.create_prediction_pairs`.
 *
 * @param instances Of the current frame.
 * @param previous Of the frame before.
 * @param iou Overlaps, rows of the current frame × rows of the frame before, float32.
 * @param threshold Least overlap, compared in float32; 0.5 when left out.
 */
export function createPredictionPairs(
  instances: { readonly length: number },
  previous: Pick<TrackFields, "ID" | "IDPeriod"> & { readonly length: number },
  iou: NdArray<Float32Array>,
  threshold = 0.5,
): PredictionPair[] {
  const least = Math.fround(threshold);
  const pairs: PredictionPair[] = [];
  for (let idx = 0; idx < instances.length; idx++) {
    for (let prevIdx = 0; prevIdx < previous.length; prevIdx++) {
      const overlap = iou.get(idx, prevIdx);
      if (overlap < least) continue;
      const prevId = previous.ID[prevIdx];
      pairs.push({ idx, prevIdx, prevId, IoU: overlap, prevPeriod: previous.IDPeriod[prevIdx] });
    }
  }
  return pairs;
}
