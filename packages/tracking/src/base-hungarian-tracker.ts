import type { Instances } from "@detectron-ts/structures";
import type { NdArray } from "ndarray";

import { BaseTracker, type Matches, type TrackedInstances } from "./base-tracker.ts";
import { UnsupportedFieldError } from "./errors.ts";
import type { TrackableFields, TrackFields } from "./fields.ts";
import { linearSumAssignment } from "./linear-sum-assignment.ts";

/** Cost of pairs that shouldn't be matched. */
export const LARGE_COST_VALUE = 100_000;

/** Costs of pairs, rows of the current frame × rows of the frame before. */
export type CostMatrix = NdArray<Int32Array> | NdArray<Float64Array>;

const UNSUPPORTED_FIELDS = ["predKeypoints"];

/**
 * Matches so that the sum of costs is least. Mirrors `detectron2.tracking.BaseHungarianTracker`.
 *
 * As there, as many pairs are matched as can be, also at {@link LARGE_COST_VALUE}: the only instance of a frame has the
 * number of the only one before, wherever it is. And keypoints aren't supported.
 */
export abstract class BaseHungarianTracker extends BaseTracker {
  /** Cost of each pair of an instance of the current frame with one of the frame before. */
  abstract buildCostMatrix(
    instances: Instances<TrackableFields>,
    previous: Instances<TrackableFields & TrackFields>,
  ): CostMatrix;

  /** @throws UnsupportedFieldError for keypoints. */
  override update<Fields extends TrackableFields>(
    instances: Instances<Fields>,
  ): TrackedInstances<Fields> {
    const field = UNSUPPORTED_FIELDS.find((name) => instances.has(name));
    if (field !== undefined) throw new UnsupportedFieldError(this.constructor.name, field);
    return super.update(instances);
  }

  protected override match(
    instances: Instances<TrackableFields>,
    previous: Instances<TrackableFields & TrackFields>,
  ): Matches {
    const { rows, columns } = linearSumAssignment(this.buildCostMatrix(instances, previous));
    return new Map(Array.from(rows, (row, i) => [row, columns[i]]));
  }
}
