import { pairwiseIou, type Instances } from "@detectron-ts/structures";
import ndarray from "ndarray";

import {
  BaseHungarianTracker,
  LARGE_COST_VALUE,
  type CostMatrix,
} from "./base-hungarian-tracker.ts";
import type { TrackableFields, TrackFields } from "./fields.ts";
import { createPredictionPairs, type PredictionPair } from "./prediction-pairs.ts";
import { iouTrackerOptions, type IouTrackerOptions, type TrackerConfig } from "./tracker-config.ts";

/**
 * Matches as many instances as it can with ones of the frame before that they overlap enough; how much doesn't matter.
 * Mirrors `detectron2.tracking.VanillaHungarianBBoxIOUTracker`.
 */
export class VanillaHungarianBBoxIOUTracker extends BaseHungarianTracker {
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

  override buildCostMatrix(
    instances: Instances<TrackableFields>,
    previous: Instances<TrackableFields & TrackFields>,
  ): CostMatrix {
    const iou = pairwiseIou(instances.predBoxes, previous.predBoxes);
    const costs = new Int32Array(iou.data.length).fill(LARGE_COST_VALUE);
    return this.assignCostMatrixValues(
      ndarray(costs, iou.shape),
      createPredictionPairs(instances, previous, iou, this.trackIouThreshold),
    );
  }

  /** Sets the cost of each pair: -1. */
  assignCostMatrixValues<Matrix extends CostMatrix>(
    costs: Matrix,
    pairs: readonly PredictionPair[],
  ): Matrix {
    for (const { idx, prevIdx } of pairs) costs.set(idx, prevIdx, -1);
    return costs;
  }
}
