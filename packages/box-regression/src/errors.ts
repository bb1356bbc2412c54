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
