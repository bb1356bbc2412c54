import { bboxIou, type Bbox, type CocoBbox } from "@detectron-ts/coco";
import { BoxMode, pairwiseIouRotated, RotatedBoxes } from "@detectron-ts/structures";

import { RotatedCrowdError } from "./errors.ts";

/**
 * Intersection over union of boxes as COCO's files hold them, where some may be rotated: five numbers. Where none is, it is
 * `bboxIou` of `@detectron-ts/coco`. Mirrors `RotatedCOCOeval.compute_iou_dt_gt` of detectron2, float32 included. Angles
 * count as far as they change the region.
 *
 * @returns D×G, row-major.
 * @throws {@link RotatedCrowdError} for a crowd, if a box is rotated.
 */
export function rotatedBoxIou(
  detections: readonly CocoBbox[],
  groundTruth: readonly CocoBbox[],
  isCrowd: Uint8Array,
): Float64Array {
  if (detections.every(isUpright) && groundTruth.every(isUpright)) {
    return bboxIou(detections, groundTruth, isCrowd);
  }
  const crowd = isCrowd.findIndex((flag) => flag !== 0);
  if (crowd >= 0) throw new RotatedCrowdError(groundTruth[crowd]);
  return Float64Array.from(pairwiseIouRotated(toRotated(detections), toRotated(groundTruth)).data);
}

function isUpright(bbox: CocoBbox): bbox is Bbox {
  return bbox.length === 4;
}

function toRotated(boxes: readonly CocoBbox[]): RotatedBoxes {
  return new RotatedBoxes(
    boxes.map((bbox) =>
      isUpright(bbox) ? BoxMode.convert([...bbox], BoxMode.XYWH_ABS, BoxMode.XYWHA_ABS) : bbox,
    ),
  );
}
