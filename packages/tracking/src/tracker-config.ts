import { MissingVideoSizeError } from "./errors.ts";
import type { TrackerOptions } from "./base-tracker.ts";

/** Options of the trackers that go by the overlap of boxes. */
export interface IouTrackerOptions extends TrackerOptions {
  /** Least overlap (intersection over union) of an instance with itself in the next frame; 0.5 when left out. */
  readonly trackIouThreshold?: number;
}

/** The part of a config that describes a tracker: a `CfgNode` or a plain object. */
export interface TrackerConfig {
  readonly TRACKER_HEADS: {
    /** Name in the registry. */
    readonly TRACKER_NAME: string;
    /** Size of the frames in pixels. */
    readonly VIDEO_HEIGHT: number;
    readonly VIDEO_WIDTH: number;
    readonly MAX_NUM_INSTANCES?: number;
    readonly MAX_LOST_FRAME_COUNT?: number;
    readonly MIN_BOX_REL_DIM?: number;
    readonly MIN_INSTANCE_PERIOD?: number;
    readonly TRACK_IOU_THRESHOLD?: number;
  };
}

/**
 * Options as a config has them; those it doesn't have are left out.
 *
 * @throws MissingVideoSizeError
 */
export function iouTrackerOptions({ TRACKER_HEADS: heads }: TrackerConfig): IouTrackerOptions {
  for (const key of ["VIDEO_HEIGHT", "VIDEO_WIDTH"] as const) {
    if (!(key in heads)) throw new MissingVideoSizeError(key);
  }
  // A config's node refuses to read keys that it doesn't have.
  const optional = (key: Exclude<keyof typeof heads, "TRACKER_NAME">): number | undefined =>
    key in heads ? heads[key] : undefined;
  return {
    videoHeight: heads.VIDEO_HEIGHT,
    videoWidth: heads.VIDEO_WIDTH,
    maxNumInstances: optional("MAX_NUM_INSTANCES"),
    maxLostFrameCount: optional("MAX_LOST_FRAME_COUNT"),
    minBoxRelDim: optional("MIN_BOX_REL_DIM"),
    minInstancePeriod: optional("MIN_INSTANCE_PERIOD"),
    trackIouThreshold: optional("TRACK_IOU_THRESHOLD"),
  };
}
