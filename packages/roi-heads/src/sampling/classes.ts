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
