import { readRle, type Rle, type RunLengths } from "./rle.ts";

/** A box as COCO writes it: left, top, width, height in pixels. */
export type Bbox = readonly [x: number, y: number, width: number, height: number];

/**
 * Number of pixels set (pycocotools' `area`).
 *
 * @throws {@link MalformedRleError} | {@link MaskTooLargeError}
 */
export function area(rle: Rle): number {
  return runsArea(readRle(rle));
}

/**
 * The smallest box around the pixels set, in whole pixels; `[0, 0, 0, 0]` for an empty mask (pycocotools' `toBbox`).
 *
 * @throws {@link MalformedRleError} | {@link MaskTooLargeError}
 */
export function toBbox(rle: Rle): Bbox {
  return runsBbox(readRle(rle));
}

export function runsArea({ runs }: RunLengths): number {
  let total = 0;
  for (let i = 1; i < runs.length; i += 2) total += runs[i];
  return total;
}

export function runsBbox({ height, width, runs }: RunLengths): Bbox {
  let left = width;
  let top = height;
  let right = -1;
  let bottom = -1;
  let start = 0;
  for (let i = 0; i < runs.length; i++) {
    const end = start + runs[i];
    if (i % 2 === 1 && end > start) {
      const firstRow = start % height;
      const lastRow = (end - 1) % height;
      const firstColumn = (start - firstRow) / height;
      const lastColumn = (end - 1 - lastRow) / height;
      // A run that goes on in the next column contains the last pixel of one and the first pixel of the next.
      const wraps = firstColumn !== lastColumn;
      left = Math.min(left, firstColumn);
      right = Math.max(right, lastColumn);
      top = Math.min(top, wraps ? 0 : firstRow);
      bottom = Math.max(bottom, wraps ? height - 1 : lastRow);
    }
    start = end;
  }
  return right < 0 ? [0, 0, 0, 0] : [left, top, right - left + 1, bottom - top + 1];
}
