import { checkSameSize } from "./iou.ts";
import { overlay } from "./overlay.ts";
import { readRle, writeRle, type CompressedRle, type Rle, type RunLengths } from "./rle.ts";

/** How {@link merge} joins masks. */
export interface MergeOptions {
  /** Keep the pixels that all masks share instead of those that any has; false by default. */
  readonly intersect?: boolean;
}

/**
 * Union or intersection of masks of one size (pycocotools' `merge`). One mask comes back as it is, none as a mask of
 * size 0×0.
 *
 * @throws {@link MaskSizeMismatchError} | {@link MalformedRleError}
 */
export function merge(
  masks: readonly Rle[],
  { intersect = false }: MergeOptions = {},
): CompressedRle {
  if (masks.length === 0) return { size: [0, 0], counts: "" };
  return writeRle(masks.map(readRle).reduce((merged, mask) => mergePair(merged, mask, intersect)));
}

function mergePair(first: RunLengths, second: RunLengths, intersect: boolean): RunLengths {
  checkSameSize(second, first);
  const runs: number[] = [0];
  let inside = false;
  overlay(first, second, (length, inFirst, inSecond) => {
    const value = intersect ? inFirst && inSecond : inFirst || inSecond;
    if (value !== inside) {
      runs.push(0);
      inside = value;
    }
    runs[runs.length - 1] += length;
  });
  return { height: first.height, width: first.width, runs: Uint32Array.from(runs) };
}
