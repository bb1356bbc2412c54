import type { Boxes } from "@detectron-ts/structures";

const { floor, fround, log2, max, min, sqrt } = Math;

/** Options of {@link assignBoxesToLevels}. */
export interface LevelAssignmentOptions {
  /** -log2 of the finest scale. */
  readonly minLevel: number;
  /** -log2 of the coarsest scale. */
  readonly maxLevel: number;
  /** A box of this side, in pixels, belongs to the canonical level. */
  readonly canonicalBoxSize: number;
  readonly canonicalLevel: number;
}

/** Keeps the logarithm of an empty box finite. It is added inside of the logarithm, as in detectron2. */
const EPSILON = fround(1e-8);

/**
 * The pyramid level each box is pooled from, `⌊canonicalLevel + log2(√area / canonicalBoxSize)⌋`, limited to the levels
 * there are ("Feature Pyramid Networks", Lin et al. 2017, eq. 1). Mirrors
 * `detectron2.modeling.poolers.assign_boxes_to_levels`; each step is rounded to float32 as there, since a box whose size
 * is just on the border of two levels takes the one or the other by its last bit.
 *
 * @returns for each box of all lists, in order, its level less `minLevel`: an index into the pyramid.
 */
export function assignBoxesToLevels(
  boxLists: readonly Boxes[],
  { minLevel, maxLevel, canonicalBoxSize, canonicalLevel }: LevelAssignmentOptions,
): Int32Array {
  const levels = new Int32Array(boxLists.reduce((count, boxes) => count + boxes.length, 0));
  let i = 0;
  for (const boxes of boxLists) {
    for (const area of boxes.area()) {
      const relativeSize = fround(fround(fround(sqrt(area)) / canonicalBoxSize) + EPSILON);
      const level = floor(fround(canonicalLevel + fround(log2(relativeSize))));
      // A box with one negative side has no size: NaN becomes index 0.
      levels[i++] = min(max(level, minLevel), maxLevel) - minLevel;
    }
  }
  return levels;
}
