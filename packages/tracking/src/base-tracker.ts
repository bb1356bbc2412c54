import { Instances } from "@detectron-ts/structures";

import { TrackerOptionError, UnsupportedBoxesError } from "./errors.ts";
import type { TrackableFields, TrackFields } from "./fields.ts";

const { fround } = Math;

/** Options that all trackers share. */
export interface TrackerOptions {
  /** Height of the frames in pixels. */
  readonly videoHeight: number;
  /** Width of the frames in pixels. */
  readonly videoWidth: number;
  /** Kept for detectron2's configs, whose trackers don't limit the number of instances either; 200 when left out. */
  readonly maxNumInstances?: number;
  /** For how many frames an instance that isn't found goes on to be reported; 0 when left out. */
  readonly maxLostFrameCount?: number;
  /** An instance that isn't found is dropped if a side of its box is a smaller part of the frame's; 0.02 when left out. */
  readonly minBoxRelDim?: number;
  /** An instance that isn't found is dropped unless it was found in more frames than this; 1 when left out. */
  readonly minInstancePeriod?: number;
}

/** Instances of a frame, numbered. */
export type TrackedInstances<Fields extends object> = Instances<
  Omit<Fields, keyof TrackFields> & TrackFields
>;

/** Rows of the current frame, each with the row of the frame before that shows the same instance. */
export type Matches = ReadonlyMap<number, number>;

type Previous = Instances<TrackableFields & TrackFields>;

/**
 * Numbers the instances of a video: those of a new frame are matched with those of the frame before, and keep their
 * numbers. How, is what the classes that extend this one decide. Mirrors `detectron2.tracking.BaseTracker` and what
 * detectron2's trackers have in common.
 */
export abstract class BaseTracker {
  readonly videoHeight: number;
  readonly videoWidth: number;
  readonly maxNumInstances: number;
  readonly maxLostFrameCount: number;
  readonly minBoxRelDim: number;
  readonly minInstancePeriod: number;
  #previous: Previous | undefined;
  #idCount = 0;

  /** @throws TrackerOptionError for a size that isn't positive, or another option that is no number. */
  constructor(options: TrackerOptions) {
    this.videoHeight = options.videoHeight;
    this.videoWidth = options.videoWidth;
    this.maxNumInstances = options.maxNumInstances ?? 200;
    this.maxLostFrameCount = options.maxLostFrameCount ?? 0;
    this.minBoxRelDim = options.minBoxRelDim ?? 0.02;
    this.minInstancePeriod = options.minInstancePeriod ?? 1;
    for (const [option, value] of Object.entries(options) as [string, number | undefined][]) {
      if (value !== undefined && !Number.isFinite(value)) {
        throw new TrackerOptionError(option, value, "a finite number");
      }
    }
    for (const option of ["videoHeight", "videoWidth"] as const) {
      if (!(this[option] > 0)) throw new TrackerOptionError(option, this[option], "above 0");
    }
  }

  /**
   * Which rows of the frame before are found again. No row may be matched twice.
   *
   * @param instances Of the current frame.
   * @param previous Of the frame before, with those it had lost itself.
   */
  protected abstract match(instances: Instances<TrackableFields>, previous: Previous): Matches;

  /**
   * Numbers the instances of the next frame. Those of the frame before that aren't found follow them, as long as the
   * options let them: with their last boxes, a `lostFrameCount` above 0, and otherwise as they were.
   *
   * @returns new instances; those given stay as they are, and may be changed or thrown away.
   * @throws UnsupportedBoxesError for rotated boxes.
   */
  update<Fields extends TrackableFields>(instances: Instances<Fields>): TrackedInstances<Fields> {
    // Fields beyond those that trackers need are carried along, whatever they are.
    const current = instances as unknown as Instances<TrackableFields>;
    const { predBoxes } = current;
    if (predBoxes.boxDim !== 4) throw new UnsupportedBoxesError(predBoxes.boxDim);
    const previous = this.#previous;
    const matches = previous ? this.match(current, previous) : new Map<number, number>();
    const found = this.#number(current, previous, matches);
    const lost = previous && this.#lost(previous, matches);
    const tracked = lost && lost.length > 0 ? Instances.cat([found, lost]) : found;
    // A copy, as the caller may go on to scale or clip what is returned.
    this.#previous = tracked.select({});
    return tracked as unknown as TrackedInstances<Fields>;
  }

  /** Those that were found before keep their number, the others get the next. */
  #number(
    current: Instances<TrackableFields>,
    previous: Previous | undefined,
    matches: Matches,
  ): Previous {
    const ID: number[] = [];
    const IDPeriod: number[] = [];
    for (let row = 0; row < current.predBoxes.length; row++) {
      const before = matches.get(row);
      const known = previous !== undefined && before !== undefined;
      ID.push(known ? previous.ID[before] : this.#idCount++);
      IDPeriod.push(known ? previous.IDPeriod[before] + 1 : 1);
    }
    const lostFrameCount = ID.map(() => 0);
    return new Instances(current.imageSize, { ...current.fields(), ID, IDPeriod, lostFrameCount });
  }

  /** Instances that weren't found and go on to be reported. */
  #lost(previous: Previous, matches: Matches): Previous {
    const found = new Set(matches.values());
    const rows = Array.from(previous.ID.keys()).filter(
      (row) => !found.has(row) && !this.#isDropped(previous, row),
    );
    const lost = previous.select(rows);
    return lost.set(
      "lostFrameCount",
      lost.lostFrameCount.map((count) => count + 1),
    );
  }

  #isDropped({ predBoxes, IDPeriod, lostFrameCount }: Previous, row: number): boolean {
    const [x0, y0, x1, y1] = predBoxes.data.subarray(4 * row);
    const minRelDim = fround(this.minBoxRelDim);
    return (
      fround(fround(x1 - x0) / this.videoWidth) < minRelDim ||
      fround(fround(y1 - y0) / this.videoHeight) < minRelDim ||
      lostFrameCount[row] >= this.maxLostFrameCount ||
      IDPeriod[row] <= this.minInstancePeriod
    );
  }
}
