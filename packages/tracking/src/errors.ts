/** An option of a tracker that makes no sense. */
export class TrackerOptionError extends Error {
  override readonly name = "TrackerOptionError";
  readonly option: string;
  readonly value: number;

  constructor(option: string, value: number, wanted: string) {
    super(`${option} has to be ${wanted}, got ${value}.`);
    this.option = option;
    this.value = value;
  }
}

/** A config for a tracker that doesn't say how large the frames are. */
export class MissingVideoSizeError extends Error {
  override readonly name = "MissingVideoSizeError";
  /** The key that isn't there. */
  readonly key: string;

  constructor(key: string) {
    super(`A tracker's config needs TRACKER_HEADS.${key}, the size of the frames in pixels.`);
    this.key = key;
  }
}

/** Instances with a field that a tracker can't carry along. */
export class UnsupportedFieldError extends Error {
  override readonly name = "UnsupportedFieldError";
  readonly tracker: string;
  readonly field: string;

  constructor(tracker: string, field: string) {
    super(`${tracker} can't track instances with ${field}; remove the field first.`);
    this.tracker = tracker;
    this.field = field;
  }
}

/** Boxes that aren't upright. */
export class UnsupportedBoxesError extends Error {
  override readonly name = "UnsupportedBoxesError";
  /** Numbers of a box. */
  readonly boxDim: number;

  constructor(boxDim: number) {
    super(`Trackers want upright boxes of 4 numbers, got boxes of ${boxDim}.`);
    this.boxDim = boxDim;
  }
}
