/** The current storage was asked for where there is none. */
export class NoEventStorageError extends Error {
  override readonly name = "NoEventStorageError";
  constructor() {
    super(
      "getEventStorage() has to be called while an EventStorage is current: " +
        "after `using storage = new EventStorage(startIter)`, or inside `storage.run(…)`",
    );
  }
}

/** A history was asked for under a name that no scalar has been put under. */
export class UnknownScalarError extends Error {
  override readonly name = "UnknownScalarError";
  constructor(
    readonly scalar: string,
    /** The names there are. */
    readonly known: readonly string[],
  ) {
    super(`no scalar "${scalar}" has been put; there are: ${known.join(", ") || "none"}`);
  }
}

/** A scalar was put with another smoothing hint than before. */
export class SmoothingHintError extends Error {
  override readonly name = "SmoothingHintError";
  constructor(
    readonly scalar: string,
    readonly got: boolean,
    /** The hint it was first put with. */
    readonly wanted: boolean,
  ) {
    super(`scalar "${scalar}" was put with smoothingHint ${got}, before with ${wanted}`);
  }
}

/** An image whose shape, number of values or dtype none can be shown from. */
export class EventImageError extends Error {
  override readonly name = "EventImageError";
  constructor(
    /** Name it was put under. */
    readonly image: string,
    readonly detail: string,
  ) {
    super(`image "${image}" ${detail}`);
  }
}

/** Values that no histogram can be made of: none at all, or not all finite. */
export class HistogramError extends Error {
  override readonly name = "HistogramError";
  constructor(
    /** Name it was put under. */
    readonly histogram: string,
    readonly detail: string,
  ) {
    super(`histogram "${histogram}" ${detail}`);
  }
}

/** A buffer that is empty has no latest value. */
export class EmptyHistoryError extends Error {
  override readonly name = "EmptyHistoryError";
  constructor() {
    super("the history is empty: it has no latest value");
  }
}
