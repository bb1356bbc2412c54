import type { ImageId } from "./dataset.ts";
import type { EvaluationParams } from "./params.ts";

/**
 * Entries by category and image. The entries of cell `category * numImages + image` are
 * `members[start[cell]] … members[start[cell + 1] - 1]`, positions in the list they were grouped from. Without categories
 * there is one category, 0, with all entries.
 */
export interface Cells {
  readonly start: Int32Array;
  readonly members: Int32Array;
}

/** Number of categories that are told apart. */
export function numGroups({ catIds, useCats }: EvaluationParams): number {
  return useCats ? catIds.length : 1;
}

/**
 * Groups annotations or detections, leaving out images and categories that are not evaluated. In a cell they stand by
 * category (where categories are put together), then as in the list.
 */
export function groupByCell(
  entries: readonly { readonly image_id: ImageId; readonly category_id: number }[],
  params: EvaluationParams,
): Cells {
  const imageOf = positions(params.imgIds);
  const categoryOf = positions(params.catIds);
  const numImages = params.imgIds.length;

  const category = Int32Array.from(entries, (entry) => categoryOf.get(entry.category_id) ?? -1);
  const byCategory = countingSort(category, params.catIds.length, category.keys());
  const cell = Int32Array.from(entries, (entry, i) => {
    const image = imageOf.get(entry.image_id) ?? -1;
    return image < 0 ? -1 : (params.useCats ? category[i] : 0) * numImages + image;
  });
  return countingSort(cell, numGroups(params) * numImages, byCategory.members);
}

function positions<Id>(ids: readonly Id[]): Map<Id, number> {
  return new Map(ids.map((id, position) => [id, position]));
}

/** Groups `order` by key, keeping it within a group; an entry with a negative key is left out. */
function countingSort(keys: Int32Array, numKeys: number, order: Iterable<number>): Cells {
  const sequence = Int32Array.from(order);
  const start = new Int32Array(numKeys + 1);
  for (const entry of sequence) if (keys[entry] >= 0) start[keys[entry] + 1]++;
  for (let key = 0; key < numKeys; key++) start[key + 1] += start[key];

  const next = start.slice();
  const members = new Int32Array(start[numKeys]);
  for (const entry of sequence) if (keys[entry] >= 0) members[next[keys[entry]]++] = entry;
  return { start, members };
}
