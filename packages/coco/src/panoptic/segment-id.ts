import { DataLengthError } from "../mask/errors.ts";
import { SegmentIdError } from "./errors.ts";

/** Ids of segments are below 2²⁴, so that three bytes hold one. */
export const MAX_SEGMENT_ID = 2 ** 24 - 1;

/**
 * Ids of the segments that the pixels of a COCO panoptic PNG belong to: `R + 256·G + 256²·B`. panopticapi's `rgb2id`.
 *
 * @param rgb - red, green and blue of each pixel, one pixel after the other.
 * @returns one id for each pixel, in the same order.
 * @throws {@link DataLengthError} if the bytes aren't three for each pixel.
 */
export function rgb2id(rgb: Uint8Array): Int32Array<ArrayBuffer> {
  const count = Math.floor(rgb.length / 3);
  if (rgb.length !== 3 * count) throw new DataLengthError("RGB pixels", rgb.length, 3 * count);
  const ids = new Int32Array(count);
  for (let pixel = 0, byte = 0; pixel < count; pixel++, byte += 3) {
    ids[pixel] = rgb[byte] | (rgb[byte + 1] << 8) | (rgb[byte + 2] << 16);
  }
  return ids;
}

/**
 * Colours that stand for the ids of segments in a COCO panoptic PNG: the inverse of {@link rgb2id}. panopticapi's `id2rgb`.
 *
 * @returns red, green and blue of each pixel, one pixel after the other.
 * @throws {@link SegmentIdError} for an id that is negative or too large for three bytes.
 */
export function id2rgb(ids: Int32Array): Uint8Array<ArrayBuffer> {
  const rgb = new Uint8Array(3 * ids.length);
  for (let pixel = 0, byte = 0; pixel < ids.length; pixel++, byte += 3) {
    const id = ids[pixel];
    if (id < 0 || id > MAX_SEGMENT_ID) throw new SegmentIdError(id, pixel);
    rgb[byte] = id & 255;
    rgb[byte + 1] = (id >> 8) & 255;
    rgb[byte + 2] = id >> 16;
  }
  return rgb;
}
