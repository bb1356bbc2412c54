/**
 * A run-length encoding that cannot be a mask: characters outside the alphabet, a number cut short, runs that do not
 * cover the mask exactly, a size that is not two whole numbers.
 */
export class MalformedRleError extends Error {
  override readonly name = "MalformedRleError";
  /** What is wrong, in words. */
  readonly reason: string;
  /** Character of the string, or element of the list, at which reading stopped; undefined for the encoding as a whole. */
  readonly position: number | undefined;

  constructor(reason: string, position?: number) {
    super(
      `Malformed run-length encoding: ${reason}${position === undefined ? "" : ` (at ${position})`}.`,
    );
    this.reason = reason;
    this.position = position;
  }
}

/** A mask with more pixels than the limit allows; thrown before anything of that size is allocated. */
export class MaskTooLargeError extends Error {
  override readonly name = "MaskTooLargeError";
  readonly height: number;
  readonly width: number;
  /** The largest number of pixels allowed. */
  readonly maxPixels: number;

  constructor(height: number, width: number, maxPixels: number) {
    super(`A ${height}×${width} mask exceeds the limit of ${maxPixels} pixels.`);
    this.height = height;
    this.width = width;
    this.maxPixels = maxPixels;
  }
}

/** Masks of different sizes where one size is needed. */
export class MaskSizeMismatchError extends Error {
  override readonly name = "MaskSizeMismatchError";
  readonly got: readonly [height: number, width: number];
  readonly wanted: readonly [height: number, width: number];

  constructor(
    got: readonly [height: number, width: number],
    wanted: readonly [height: number, width: number],
  ) {
    super(`Masks must have one size: got ${got.join("×")} beside ${wanted.join("×")}.`);
    this.got = got;
    this.wanted = wanted;
  }
}

/** An array whose length does not fit the shape it is said to have. */
export class DataLengthError extends Error {
  override readonly name = "DataLengthError";
  /** What the array holds. */
  readonly what: string;
  readonly got: number;
  readonly wanted: number;

  constructor(what: string, got: number, wanted: number) {
    super(`${what} must have ${wanted} elements, got ${got}.`);
    this.what = what;
    this.got = got;
    this.wanted = wanted;
  }
}

/** A polygon that encloses nothing by its very form, or cannot be walked: too few, odd, non-finite or far-off coordinates. */
export class InvalidPolygonError extends Error {
  override readonly name = "InvalidPolygonError";
  /** What is wrong, in words. */
  readonly reason: string;

  constructor(reason: string) {
    super(`Invalid polygon: ${reason}.`);
    this.reason = reason;
  }
}
