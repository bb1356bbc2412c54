export {
  BaseHungarianTracker,
  LARGE_COST_VALUE,
  type CostMatrix,
} from "./base-hungarian-tracker.ts";
export { BaseTracker, type TrackedInstances, type TrackerOptions } from "./base-tracker.ts";
export { BBoxIOUTracker } from "./bbox-iou-tracker.ts";
export {
  buildTrackerHead,
  TRACKER_HEADS_REGISTRY,
  type TrackerBuilder,
} from "./build-tracker-head.ts";
export {
  MissingVideoSizeError,
  TrackerOptionError,
  UnsupportedBoxesError,
  UnsupportedFieldError,
} from "./errors.ts";
export type { TrackableFields, TrackFields } from "./fields.ts";
export { IOUWeightedHungarianBBoxIOUTracker } from "./iou-weighted-hungarian-bbox-iou-tracker.ts";
export { linearSumAssignment, type Assignment } from "./linear-sum-assignment.ts";
export { createPredictionPairs, type PredictionPair } from "./prediction-pairs.ts";
export type { IouTrackerOptions, TrackerConfig } from "./tracker-config.ts";
export { VanillaHungarianBBoxIOUTracker } from "./vanilla-hungarian-bbox-iou-tracker.ts";
