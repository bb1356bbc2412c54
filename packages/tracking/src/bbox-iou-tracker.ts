import { pairwiseIou, type Instances } from "@detectron-ts/structures";

import { BaseTracker, type Matches } from "./base-tracker.ts";
import type { TrackableFields, TrackFields } from "./fields.ts";
import { createPredictionPairs } from "./prediction-pairs.ts";
import { iouTrackerOptions, type IouTrackerOptions, type TrackerConfig } from "./tracker-config.ts";

/**
 * Matches instances with the first of the frame before that overlaps enough and is still free, row by row. In the order of
 * rows, not of overlaps: an instance may take what overlaps more with a later one. Mirrors
 * `detectron2.tracking.BBoxIOUTracker`.
 */
export class BBoxIOUTracker extends BaseTracker {
  readonly trackIouThreshold: number;

  /** @throws TrackerOptionError for a size that isn't positive, or another option that is no number. */
  constructor(options: IouTrackerOptions) {
    super(options);
    this.trackIouThreshold = options.trackIouThreshold ?? 0.5;
  }

  /** @throws MissingVideoSizeError */
  static fromConfig(cfg: TrackerConfig): IouTrackerOptions {
    return iouTrackerOptions(cfg);
  }

  protected override match(
    instances: Instances<TrackableFields>,
    previous: Instances<TrackableFields & TrackFields>,
  ): Matches {
    const iou = pairwiseIou(instances.predBoxes, previous.predBoxes);
    const pairs = createPredictionPairs(instances, previous, iou, this.trackIouThreshold);
    const matches = new Map<number, number>();
    const taken = new Set<number>();
    for (const { idx, prevIdx } of pairs) {
      if (matches.has(idx) || taken.has(prevIdx)) continue;
      matches.set(idx, prevIdx);
      taken.add(prevIdx);
    }
    return matches;
  }
}
