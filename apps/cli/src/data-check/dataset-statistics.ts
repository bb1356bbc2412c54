import type { DatasetDict } from "@detectron-ts/data";
import { BoxMode } from "@detectron-ts/structures";

/** The quantiles that are reported, as shares of the values. */
export const QUANTILES = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1] as const;

/** Sides of squares, in pixels, that COCO calls medium and large from. */
const MEDIUM_SIDE = 32;
const LARGE_SIDE = 96;

/** What a dataset is made of. Sizes are in pixels of the files; crowds don't count. */
export interface DatasetStatistics {
  readonly images: number;
  readonly imagesWithoutObjects: number;
  readonly objects: number;
  readonly crowds: number;
  readonly objectsPerImage: { readonly mean: number; readonly max: number };
  /** {@link QUANTILES} of heights and widths, of the images whose size the dataset says. */
  readonly imageHeight: readonly number[];
  readonly imageWidth: readonly number[];
  /** {@link QUANTILES} of the square root of a box's area: the side of a square as large. */
  readonly boxSize: readonly number[];
  /** {@link QUANTILES} of height over width. */
  readonly boxAspectRatio: readonly number[];
  /** How many objects are of which of COCO's sizes, by the area of the box. */
  readonly sizes: { readonly small: number; readonly medium: number; readonly large: number };
  /** Number of objects of each class, in the order of the classes. */
  readonly classes: readonly { readonly name: string; readonly objects: number }[];
}

/** @param classNames - in the order of the classes; classes beyond them are called by their number. */
export function datasetStatistics(
  dicts: readonly DatasetDict[],
  classNames: readonly string[],
): DatasetStatistics {
  const annotations = dicts.flatMap((dict) => dict.annotations ?? []);
  const objects = annotations.filter(({ iscrowd }) => iscrowd !== 1);
  const perImage = dicts.map(
    (dict) => dict.annotations?.filter(({ iscrowd }) => iscrowd !== 1).length ?? 0,
  );
  const boxes = objects
    // Third and fourth are width and height of rotated boxes, too.
    .map(({ bbox, bboxMode }) =>
      bboxMode === BoxMode.XYWHA_ABS ? bbox : BoxMode.convert(bbox, bboxMode, BoxMode.XYWH_ABS),
    )
    .filter(([, , width, height]) => width > 0 && height > 0);
  const sizes = boxes.map(([, , width, height]) => Math.sqrt(width * height));

  const counts = new Map(classNames.map((_, id) => [id, 0]));
  for (const { categoryId } of objects) {
    counts.set(categoryId, (counts.get(categoryId) ?? 0) + 1);
  }
  return {
    images: dicts.length,
    imagesWithoutObjects: perImage.filter((count) => count === 0).length,
    objects: objects.length,
    crowds: annotations.length - objects.length,
    objectsPerImage: {
      mean: dicts.length === 0 ? 0 : objects.length / dicts.length,
      max: perImage.reduce((most, count) => Math.max(most, count), 0),
    },
    imageHeight: quantiles(dicts.flatMap(({ height }) => height ?? [])),
    imageWidth: quantiles(dicts.flatMap(({ width }) => width ?? [])),
    boxSize: quantiles(sizes),
    boxAspectRatio: quantiles(boxes.map(([, , width, height]) => height / width)),
    sizes: {
      small: sizes.filter((size) => size < MEDIUM_SIDE).length,
      medium: sizes.filter((size) => size >= MEDIUM_SIDE && size < LARGE_SIDE).length,
      large: sizes.filter((size) => size >= LARGE_SIDE).length,
    },
    classes: [...counts]
      .sort(([a], [b]) => a - b)
      .map(([id, count]) => ({ name: classNames[id] ?? String(id), objects: count })),
  };
}

/** {@link QUANTILES} of some values, each the nearest value itself; empty when there is none. */
function quantiles(values: readonly number[]): number[] {
  if (values.length === 0) return [];
  const sorted = Float64Array.from(values).sort();
  return QUANTILES.map((share) => sorted[Math.round(share * (sorted.length - 1))]);
}
