import { rowMajorData } from "@detectron-ts/structures";
import ndarray, { type NdArray } from "ndarray";

/** The masks of some instances as they were found in one view. */
export interface MaskView {
  /** N×1×M×M probabilities: each mask a square over its box. */
  readonly predMasks: NdArray<Float32Array>;
  /** Whether left and right are exchanged. */
  readonly isFlipped: boolean;
}

/**
 * The mean of masks over views, flips undone. A mask is a square over its box, whatever the size of the view.
 *
 * @param views - at least one, all of the same instances.
 * @returns N×1×M×M.
 */
export function averageMasks(views: readonly MaskView[]): NdArray<Float32Array> {
  const [{ predMasks: first }] = views;
  const side = first.shape[3];
  const sum = new Float32Array(first.size);
  for (const { predMasks, isFlipped } of views) {
    const masks = rowMajorData(predMasks);
    for (let row = 0; row < sum.length; row += side) {
      for (let x = 0; x < side; x++) sum[row + x] += masks[row + (isFlipped ? side - 1 - x : x)];
    }
  }
  return ndarray(
    sum.map((value) => value / views.length),
    [...first.shape],
  );
}
