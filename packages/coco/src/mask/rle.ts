import { decodeCounts, encodeCounts } from "./counts-string.ts";
import { MalformedRleError, MaskTooLargeError } from "./errors.ts";

/** Height and width of a mask, in pixels. */
export type MaskSize = readonly [height: number, width: number];

/**
 * A binary mask as COCO stores it: the lengths of alternating runs of 0 and 1, starting with 0, over the pixels taken
 * column by column. `counts` is the list of lengths ("uncompressed") or COCO's string form of it ("compressed").
 */
export interface Rle {
  readonly size: MaskSize;
  readonly counts: string | readonly number[];
}

/** An {@link Rle} in COCO's string form, the one that result files use. */
export interface CompressedRle extends Rle {
  readonly counts: string;
}

/** A checked encoding: `runs` alternate 0 and 1, start with 0, and add up to `height * width`. */
export interface RunLengths {
  readonly height: number;
  readonly width: number;
  readonly runs: Uint32Array;
}

/** Run lengths and their differences must stay within 32-bit integers, as they do in the reference implementation. */
const MAX_ENCODED_PIXELS = 2 ** 31 - 1;

/**
 * Checks a size that may come from an untrusted file.
 *
 * @throws {@link MalformedRleError} unless both are non-negative whole numbers.
 * @throws {@link MaskTooLargeError} beyond `maxPixels`.
 */
export function checkSize(size: MaskSize, maxPixels: number = MAX_ENCODED_PIXELS): void {
  if (!Array.isArray(size) || size.length !== 2) {
    throw new MalformedRleError("size must be [height, width]");
  }
  const [height, width] = size;
  for (const side of [height, width]) {
    if (!Number.isSafeInteger(side) || side < 0) {
      throw new MalformedRleError(`size must hold two whole numbers, got ${String(side)}`);
    }
  }
  if (height * width > maxPixels) throw new MaskTooLargeError(height, width, maxPixels);
}

/** Reads either form of an encoding into checked run lengths. */
export function readRle(rle: Rle): RunLengths {
  checkSize(rle.size);
  const [height, width] = rle.size;
  const pixels = height * width;
  const runs =
    typeof rle.counts === "string"
      ? decodeCounts(rle.counts, pixels)
      : checkCounts(rle.counts, pixels);
  return { height, width, runs };
}

/** Writes run lengths in the string form. */
export function writeRle({ height, width, runs }: RunLengths): CompressedRle {
  return { size: [height, width], counts: encodeCounts(runs) };
}

/**
 * The same mask in the string form, runs unchanged (pycocotools' `frPyObjects` of an uncompressed encoding).
 *
 * @throws {@link MalformedRleError} | {@link MaskTooLargeError}
 */
export function compress(rle: Rle): CompressedRle {
  return writeRle(readRle(rle));
}

/**
 * The same mask as a list of run lengths.
 *
 * @throws {@link MalformedRleError} | {@link MaskTooLargeError}
 */
export function uncompress(rle: Rle): Rle & { readonly counts: readonly number[] } {
  const { height, width, runs } = readRle(rle);
  return { size: [height, width], counts: Array.from(runs) };
}

function checkCounts(counts: readonly number[], pixels: number): Uint32Array {
  if (!Array.isArray(counts)) throw new MalformedRleError("counts must be a string or a list");
  let covered = 0;
  for (let i = 0; i < counts.length; i++) {
    const run: unknown = counts[i];
    if (typeof run !== "number" || !Number.isSafeInteger(run) || run < 0) {
      throw new MalformedRleError(`a run must be a whole number, got ${String(run)}`, i);
    }
    covered += run;
    if (covered > pixels) {
      throw new MalformedRleError(`runs cover more than the mask's ${pixels} pixels`, i);
    }
  }
  if (covered !== pixels) {
    throw new MalformedRleError(`runs cover ${covered} of the mask's ${pixels} pixels`);
  }
  return Uint32Array.from(counts);
}
