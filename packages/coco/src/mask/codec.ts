import { DataLengthError } from "./errors.ts";
import {
  checkSize,
  readRle,
  writeRle,
  type CompressedRle,
  type MaskSize,
  type Rle,
} from "./rle.ts";

/** Largest mask that {@link decode} unpacks unless told otherwise: 2²⁸ pixels, 256 MiB. */
export const DEFAULT_MAX_PIXELS = 2 ** 28;

/** Limits of {@link decode}. */
export interface DecodeOptions {
  /** Largest number of pixels to allocate; {@link DEFAULT_MAX_PIXELS} by default. */
  readonly maxPixels?: number;
}

/**
 * Encodes a binary mask (pycocotools' `encode`).
 *
 * @param mask - row-major H×W; any value but 0 counts as 1.
 * @param size - `[height, width]`.
 * @throws {@link DataLengthError} if the array does not have `height * width` elements.
 */
export function encode(mask: Uint8Array, size: MaskSize): CompressedRle {
  checkSize(size);
  const [height, width] = size;
  if (mask.length !== height * width) {
    throw new DataLengthError(`A ${height}×${width} mask`, mask.length, height * width);
  }
  const runs: number[] = [];
  let inside = false;
  let run = 0;
  for (let x = 0; x < width; x++) {
    for (let i = x; i < mask.length; i += width) {
      if ((mask[i] !== 0) !== inside) {
        runs.push(run);
        run = 0;
        inside = !inside;
      }
      run++;
    }
  }
  runs.push(run);
  return writeRle({ height, width, runs: Uint32Array.from(runs) });
}

/**
 * Decodes a mask (pycocotools' `decode`).
 *
 * @returns row-major H×W array of 0 and 1.
 * @throws {@link MalformedRleError} for an encoding that is not a mask of its size.
 * @throws {@link MaskTooLargeError} beyond `maxPixels`, before allocating.
 */
export function decode(
  rle: Rle,
  { maxPixels = DEFAULT_MAX_PIXELS }: DecodeOptions = {},
): Uint8Array<ArrayBuffer> {
  checkSize(rle.size, maxPixels);
  const { height, width, runs } = readRle(rle);
  const mask = new Uint8Array(height * width);
  paintRuns(mask, height, width, runs);
  return mask;
}

/** Sets the pixels of the runs of 1 in a row-major mask, leaving the others as they are. */
export function paintRuns(
  mask: Uint8Array,
  height: number,
  width: number,
  runs: Uint32Array,
): void {
  let start = 0;
  for (let i = 0; i < runs.length; i++) {
    const end = start + runs[i];
    if (i % 2 === 1) {
      let y = start % height;
      let x = (start - y) / height;
      for (let position = start; position < end; position++) {
        mask[y * width + x] = 1;
        if (++y === height) {
          y = 0;
          x++;
        }
      }
    }
    start = end;
  }
}
