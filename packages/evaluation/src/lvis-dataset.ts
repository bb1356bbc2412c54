import type { CocoCategory, CocoDataset, CocoImage } from "@detectron-ts/coco";

/** An image of a dataset in LVIS's format. Only some categories were looked for in it. */
export interface LvisDatasetImage extends CocoImage {
  readonly id: number;
  /** Categories that are known not to be in the image. */
  readonly neg_category_ids: readonly number[];
  /** Categories not all of whose objects are annotated. */
  readonly not_exhaustive_category_ids: readonly number[];
}

/** In how many images of the training set a category is: rare up to 10, common up to 100, frequent. */
export type LvisFrequency = "r" | "c" | "f";

/** A category of a dataset in LVIS's format. */
export interface LvisDatasetCategory extends CocoCategory {
  readonly frequency?: LvisFrequency;
}

/** What is in a file in LVIS's format, as far as evaluation goes. */
export interface LvisDataset extends CocoDataset {
  readonly images: readonly LvisDatasetImage[];
  readonly categories: readonly LvisDatasetCategory[];
}
