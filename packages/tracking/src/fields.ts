import type { Boxes } from "@detectron-ts/structures";

/** What trackers need of an instance; all its other fields are carried along. */
export interface TrackableFields {
  /** In pixels of the frame; upright. */
  readonly predBoxes: Boxes;
}

/** What trackers add to instances. */
export interface TrackFields {
  /** Number of each instance, the same in all frames in which it is found. */
  readonly ID: readonly number[];
  /** In how many frames it has been found, this one included. */
  readonly IDPeriod: readonly number[];
  /** For how many frames it has been lost; 0 for one found in this frame. */
  readonly lostFrameCount: readonly number[];
}
