import { BoxMode, Instances, RotatedBoxes, type ImageSize } from "@detectron-ts/structures";
import type { Transform } from "@detectron-ts/transforms";
import ndarray from "ndarray";

import type { Annotation } from "../dataset-dict.ts";
import type { GroundTruthFields, TransformedAnnotation } from "./instance-annotations.ts";

/**
 * Moves the box of one annotation along with its image, as a rotated box: one that is upright to begin with may be turned by
 * the transform. Masks and keypoints are left out.
 */
export function transformRotatedAnnotation(
  annotation: Annotation,
  transforms: Transform,
): TransformedAnnotation {
  const { id, categoryId, iscrowd = 0 } = annotation;
  const moved = transforms.applyRotatedBox(ndarray(rotatedBox(annotation), [1, 5]));
  return {
    ...(id !== undefined && { id }),
    bbox: Float64Array.from({ length: 5 }, (_, i) => moved.get(0, i)),
    categoryId,
    iscrowd,
  };
}

/** The numbers as they are in the annotation, or those of the upright box with an angle of 0. */
function rotatedBox({ bbox, bboxMode }: Annotation): Float64Array {
  if (bboxMode === BoxMode.XYWHA_ABS) return Float64Array.from(bbox);
  const xywh = BoxMode.convert(bbox, bboxMode, BoxMode.XYWH_ABS);
  return Float64Array.from(BoxMode.convert(xywh, BoxMode.XYWH_ABS, BoxMode.XYWHA_ABS));
}

/**
 * The objects of an image as ground truth with rotated boxes, those that are nearly upright clipped to the image. Mirrors
 * detectron2's `annotations_to_instances_rotated`.
 *
 * @param annotations - whose boxes are x, y of the centre, width, height and angle.
 */
export function annotationsToInstancesRotated(
  annotations: readonly TransformedAnnotation[],
  imageSize: ImageSize,
): Instances<GroundTruthFields> {
  const gtBoxes = new RotatedBoxes(annotations.map(({ bbox }) => [...bbox]));
  gtBoxes.clip(imageSize);
  return new Instances<GroundTruthFields>(imageSize, {
    gtBoxes,
    gtClasses: Int32Array.from(annotations, ({ categoryId }) => categoryId),
  });
}
