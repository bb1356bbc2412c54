import type { Bbox } from "../mask/measure.ts";
import type { Polygon } from "../mask/polygon.ts";
import type { Rle } from "../mask/rle.ts";

/**
 * A box as datasets and results hold it: left, top, width and height in pixels. Of a rotated box, x and y of the centre,
 * width, height and degrees; to be compared by `boxIou` of {@link EvaluationOptions}.
 */
export type CocoBbox = Bbox | readonly [...Bbox, angle: number];

/** Identifies an image: a number in COCO's own files, a name in some others. */
export type ImageId = number | string;

/** An image of a dataset file. Its size, in pixels, is what polygons are rasterised at. */
export interface CocoImage {
  readonly id: ImageId;
  readonly height: number;
  readonly width: number;
  readonly file_name?: string;
}

/** A category of a dataset file. */
export interface CocoCategory {
  readonly id: number;
  readonly name: string;
}

/** An object of a dataset file. The evaluation of keypoints needs them, that of masks the segmentation. */
export interface CocoAnnotation {
  readonly id: number;
  readonly image_id: ImageId;
  readonly category_id: number;
  readonly bbox: CocoBbox;
  /** Pixels that the object covers; decides which area ranges it counts in. */
  readonly area: number;
  /** 1 for a region of many objects, which any number of detections may fall into without counting either way. */
  readonly iscrowd?: number;
  readonly segmentation?: readonly Polygon[] | Rle;
  /** x, y, visibility of each keypoint; 0 is not labelled. */
  readonly keypoints?: readonly number[];
  /** Keypoints labelled; counted when left out. */
  readonly num_keypoints?: number;
}

/** What is in a COCO dataset file (`instances_val2017.json`), as far as evaluation goes. */
export interface CocoDataset {
  readonly images: readonly CocoImage[];
  readonly categories: readonly CocoCategory[];
  /** Absent from the files of test sets whose ground truth is kept secret. */
  readonly annotations?: readonly CocoAnnotation[];
}

/** A detection of a COCO results file. */
export interface CocoDetection {
  readonly image_id: ImageId;
  readonly category_id: number;
  readonly score: number;
  readonly bbox?: CocoBbox;
  readonly segmentation?: Rle;
  /** x, y, score of each keypoint. */
  readonly keypoints?: readonly number[];
}
