import type { ImageId } from "../evaluation/dataset.ts";

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

/** A segment that cannot be evaluated: its pixels and its description don't fit, or its category isn't known. */
export class PanopticSegmentError extends Error {
  override readonly name = "PanopticSegmentError";
  readonly imageId: ImageId;
  readonly segmentId: number;
  /** What is wrong, in words. */
  readonly reason: string;

  constructor(imageId: ImageId, segmentId: number, reason: string) {
    super(`Segment ${segmentId} of image ${imageId} ${reason}.`);
    this.imageId = imageId;
    this.segmentId = segmentId;
    this.reason = reason;
  }
}
