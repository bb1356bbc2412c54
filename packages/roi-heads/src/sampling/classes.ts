import type { Matches } from "@detectron-ts/matcher";
import { isNdArray, rowMajorData } from "@detectron-ts/structures";

import type { ClassIndices } from "../fields.ts";

/** Class indices as a flat array. */
export function flatClasses(classes: ClassIndices): Int32Array {
  return isNdArray(classes) ? rowMajorData(classes) : classes;
}

/** The class indices of several images, one after the other. */
export function concatClasses(images: readonly ClassIndices[]): Int32Array {
  const lists = images.map(flatClasses);
  const joined = new Int32Array(lists.reduce((count, { length }) => count + length, 0));
  let offset = 0;
  for (const list of lists) {
    joined.set(list, offset);
    offset += list.length;
  }
  return joined;
}

/** For each proposal the class of what it was matched with; `numClasses` if it is background, -1 if it is to be ignored. */
export function matchedClasses(
  { matches, matchLabels }: Matches,
  gtClasses: ClassIndices,
  numClasses: number,
): Int32Array {
  const classes = flatClasses(gtClasses);
  return Int32Array.from(matchLabels, (label, row) => {
    if (label === -1) return -1;
    return label === 0 ? numClasses : classes[matches[row]];
  });
}
