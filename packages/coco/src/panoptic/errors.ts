/** An id of a segment that doesn't fit into the three bytes of a pixel. */
export class SegmentIdError extends Error {
  override readonly name = "SegmentIdError";
  readonly id: number;
  /** Position of the pixel, row by row. */
  readonly pixel: number;

  constructor(id: number, pixel: number) {
    super(`The id of a segment must be from 0 to 2²⁴ - 1, got ${id} at pixel ${pixel}.`);
    this.id = id;
    this.pixel = pixel;
  }
}
