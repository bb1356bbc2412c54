import type { Rle } from "@detectron-ts/coco";
import type { BoxMode } from "@detectron-ts/structures";

/** The outline of an object: polygons (x0, y0, x1, y1, … in pixels) or a run-length encoded mask of the whole image. */
export type Segmentation = readonly (readonly number[])[] | Rle;

/** One object of an image, in pixels of the image as its file has it. */
export interface Annotation {
  /** Four numbers (five for rotated boxes), to be read by {@link bboxMode}. */
  readonly bbox: readonly number[];
  readonly bboxMode: BoxMode;
  /** Contiguous, from 0 to the number of classes less one. */
  readonly categoryId: number;
  readonly segmentation?: Segmentation;
  /** x, y, visibility of each keypoint; x and y are continuous, so the middle of the first pixel is 0.5. */
  readonly keypoints?: readonly number[];
  /** 1 for a region of many objects, which is not trained on. */
  readonly iscrowd?: 0 | 1;
  /** Whether Pascal VOC marks the object as difficult: it is trained on, but neither finding nor missing it counts. */
  readonly difficult?: boolean;
  /** The id that the dataset's own file gives to the annotation; for messages. */
  readonly id?: number;
}

/** One segment of a panoptic segmentation as its dataset describes it. */
export interface PanopticSegment {
  /** The value of its pixels in the PNG, red + 256·green + 256²·blue. */
  readonly id: number;
  /** Contiguous id, of a thing or of stuff. */
  readonly categoryId: number;
  readonly isThing: boolean;
  /** 1 for a region of many objects. */
  readonly iscrowd?: 0 | 1;
  /** Left, top, width, height in pixels. */
  readonly bbox?: readonly number[];
  /** In pixels. */
  readonly area?: number;
}

/** One image of a dataset with what is known about it. Mirrors detectron2's standard dataset dict. */
export interface DatasetDict {
  /** Path of the image. */
  readonly fileName: string;
  readonly imageId: number | string;
  /** Height of the image in pixels; of the photograph as it is looked at, EXIF orientation applied. */
  readonly height?: number;
  readonly width?: number;
  readonly annotations?: readonly Annotation[];
  /** Path of a picture of the same size, whose gray values are the labels of a semantic segmentation. */
  readonly semSegFileName?: string;
  /** Path of a PNG of the same size, whose colors are the ids of {@link segmentsInfo}. */
  readonly panSegFileName?: string;
  /** The segments of a panoptic segmentation. */
  readonly segmentsInfo?: readonly PanopticSegment[];
  /** Category ids of the dataset's file that are known not to be in the image; LVIS checks some categories for each image. */
  readonly negCategoryIds?: readonly number[];
  /** Category ids of the dataset's file not all of whose objects are annotated in the image. */
  readonly notExhaustiveCategoryIds?: readonly number[];
  /** Proposals computed beforehand, the likeliest first; four numbers each, to be read by {@link proposalBboxMode}. */
  readonly proposalBoxes?: Float32Array | Float64Array;
  /** One number for each proposal. */
  readonly proposalObjectnessLogits?: Float32Array;
  /** `BoxMode.XYXY_ABS` by default. */
  readonly proposalBboxMode?: BoxMode;
}

/** Whether a segmentation is a run-length encoding, not polygons. */
export function isRle(segmentation: Segmentation): segmentation is Rle {
  return "counts" in segmentation;
}
