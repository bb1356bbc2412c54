import { configure, Registry } from "@detectron-ts/config";

import type { BaseTracker } from "./base-tracker.ts";
import { BBoxIOUTracker } from "./bbox-iou-tracker.ts";
import { IOUWeightedHungarianBBoxIOUTracker } from "./iou-weighted-hungarian-bbox-iou-tracker.ts";
import type { TrackerConfig } from "./tracker-config.ts";
import { VanillaHungarianBBoxIOUTracker } from "./vanilla-hungarian-bbox-iou-tracker.ts";

/** Builds a tracker from a config. */
export type TrackerBuilder = (cfg: TrackerConfig) => BaseTracker;

/** What `cfg.TRACKER_HEADS.TRACKER_NAME` selects from. Mirrors detectron2's registry of that name. */
export const TRACKER_HEADS_REGISTRY = new Registry<TrackerBuilder>("TRACKER_HEADS");

TRACKER_HEADS_REGISTRY.register("BBoxIOUTracker", (cfg) => configure(BBoxIOUTracker, [cfg]));
TRACKER_HEADS_REGISTRY.register("VanillaHungarianBBoxIOUTracker", (cfg) =>
  configure(VanillaHungarianBBoxIOUTracker, [cfg]),
);
TRACKER_HEADS_REGISTRY.register("IOUWeightedHungarianBBoxIOUTracker", (cfg) =>
  configure(IOUWeightedHungarianBBoxIOUTracker, [cfg]),
);

/**
 * Builds the tracker that a config names. Mirrors `detectron2.tracking.build_tracker_head`. detectron2's own configs have no
 * such section:
 *
 * ```ts
 * const cfg = getCfg().extend({
 *   TRACKER_HEADS: { TRACKER_NAME: "BBoxIOUTracker", VIDEO_HEIGHT: 480, VIDEO_WIDTH: 640 },
 * });
 * const tracker = buildTrackerHead(cfg);
 * ```
 *
 * @throws NotRegisteredError of `@detectron-ts/config` for a name that nobody registered; MissingVideoSizeError.
 */
export function buildTrackerHead(cfg: TrackerConfig): BaseTracker {
  return TRACKER_HEADS_REGISTRY.get(cfg.TRACKER_HEADS.TRACKER_NAME)(cfg);
}
