/** An array of another shape than box coding works on. */
export class BoxCodingShapeError extends Error {
  override readonly name = "BoxCodingShapeError";
  /** What the array was to be. */
  readonly what: string;
  readonly got: readonly number[];
  /** The shape wanted, in words. */
  readonly wanted: string;

  constructor(what: string, got: readonly number[], wanted: string) {
    super(`${what} must have shape ${wanted}, got [${got.join(", ")}].`);
    this.what = what;
    this.got = got;
    this.wanted = wanted;
  }
}

/** A box without width, relative to which nothing can be expressed. */
export class DegenerateBoxError extends Error {
  override readonly name = "DegenerateBoxError";
  readonly row: number;
  readonly width: number;

  constructor(row: number, width: number) {
    super(`Source boxes must be wider than 0, box ${row} has width ${width}.`);
    this.row = row;
    this.width = width;
  }
}
