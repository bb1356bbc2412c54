import type { Rle } from "@detectron-ts/coco";
import { BoxMode } from "@detectron-ts/structures";

/** An annotated object as it is drawn; `Annotation` of `@detectron-ts/data` is one. */
export interface DrawnAnnotation {
  readonly bbox: readonly number[];
  readonly bboxMode: BoxMode;
  /** Index of the class. */
  readonly categoryId: number;
  /** Polygons of flat coordinates, or a run-length encoding. */
  readonly segmentation?: readonly (readonly number[])[] | Rle;
  /** x, y, visibility of each keypoint. */
  readonly keypoints?: readonly number[];
  /** 1 for a region of many objects. */
  readonly iscrowd?: 0 | 1;
}

/** What is drawn of an image's entry in a dataset; `DatasetDict` of `@detectron-ts/data` is one. */
export interface DrawnDatasetDict {
  readonly annotations?: readonly DrawnAnnotation[];
}

/** Ground truth by what it consists of, as many of each as there are annotations. */
export interface GroundTruthParts {
  readonly boxes: readonly (readonly number[])[];
  readonly classes: readonly number[];
  readonly isCrowd: readonly boolean[];
  /** When an annotation has one; of the others it is empty. */
  readonly masks?: readonly (readonly (readonly number[])[] | Rle)[];
  /** When an annotation has some; of the others they are empty. */
  readonly keypoints?: readonly (readonly number[])[];
}

/**
 * The parts of an entry's annotations, boxes as corners; of a rotated box, the upright rectangle around it.
 *
 * @throws BoxModeError of `@detectron-ts/structures` for boxes relative to the image.
 */
export function groundTruthParts({ annotations = [] }: DrawnDatasetDict): GroundTruthParts {
  return {
    boxes: annotations.map(({ bbox, bboxMode }) =>
      BoxMode.convert(bbox, bboxMode, BoxMode.XYXY_ABS),
    ),
    classes: annotations.map(({ categoryId }) => categoryId),
    isCrowd: annotations.map(({ iscrowd }) => iscrowd === 1),
    ...(annotations.some(({ segmentation }) => segmentation) && {
      masks: annotations.map(({ segmentation = [] }) => segmentation),
    }),
    ...(annotations.some(({ keypoints }) => keypoints) && {
      keypoints: annotations.map(({ keypoints = [] }) => keypoints),
    }),
  };
}
