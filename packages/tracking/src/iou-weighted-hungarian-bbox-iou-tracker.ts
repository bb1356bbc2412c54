import type { CostMatrix } from "./base-hungarian-tracker.ts";
import type { PredictionPair } from "./prediction-pairs.ts";
import { VanillaHungarianBBoxIOUTracker } from "./vanilla-hungarian-bbox-iou-tracker.ts";

/**
 * Weighs pairs by their overlap. Mirrors `detectron2.tracking.IOUWeightedHungarianBBoxIOUTracker`, whose matrix of costs
 * holds integers: there, as here, the cost of a pair is 0, or -1 when the boxes are the same.
 */
export class IOUWeightedHungarianBBoxIOUTracker extends VanillaHungarianBBoxIOUTracker {
  /** Sets the cost of each pair: its overlap, negated; integers drop the fraction. */
  override assignCostMatrixValues<Matrix extends CostMatrix>(
    costs: Matrix,
    pairs: readonly PredictionPair[],
  ): Matrix {
    for (const { idx, prevIdx, IoU } of pairs) costs.set(idx, prevIdx, -IoU);
    return costs;
  }
}
