import { DataLengthError, MaskSizeMismatchError } from "./errors.ts";
import { runsArea, runsBbox, type Bbox } from "./measure.ts";
import { overlay } from "./overlay.ts";
import { readRle, type Rle, type RunLengths } from "./rle.ts";

/**
 * Intersection over union of masks (pycocotools' `iou`). Against a crowd region the union is the detection's own area:
 * a detection inside the crowd overlaps it fully.
 *
 * @param detections - D masks.
 * @param groundTruth - G masks of the same size.
 * @param isCrowd - G flags; none is a crowd by default.
 * @returns D×G, row-major.
 * @throws {@link MaskSizeMismatchError} | {@link DataLengthError} | {@link MalformedRleError}
 */
export function iou(
  detections: readonly Rle[],
  groundTruth: readonly Rle[],
  isCrowd?: ArrayLike<boolean | number>,
): Float64Array {
  return runsIou(detections.map(readRle), groundTruth.map(readRle), isCrowd);
}

/** {@link iou} of encodings that have been read already. */
export function runsIou(
  detections: readonly RunLengths[],
  groundTruth: readonly RunLengths[],
  isCrowd?: ArrayLike<boolean | number>,
): Float64Array {
  const [first] = detections.length > 0 ? detections : groundTruth;
  for (const mask of detections) checkSameSize(mask, first);
  for (const mask of groundTruth) checkSameSize(mask, first);
  // Most pairs of an image lie apart; their boxes tell at once.
  const overlaps = bboxIou(detections.map(runsBbox), groundTruth.map(runsBbox), isCrowd);
  const areas = detections.map(runsArea);
  for (let d = 0; d < detections.length; d++) {
    for (let g = 0; g < groundTruth.length; g++) {
      const at = d * groundTruth.length + g;
      if (overlaps[at] > 0) {
        overlaps[at] = maskIou(detections[d], groundTruth[g], areas[d], isCrowd?.[g]);
      }
    }
  }
  return overlaps;
}

/**
 * Intersection over union of boxes, with the crowd rule of {@link iou}.
 *
 * @returns D×G, row-major.
 * @throws {@link DataLengthError} if there is not one flag per ground truth.
 */
export function bboxIou(
  detections: readonly Bbox[],
  groundTruth: readonly Bbox[],
  isCrowd?: ArrayLike<boolean | number>,
): Float64Array {
  if (isCrowd && isCrowd.length !== groundTruth.length) {
    throw new DataLengthError("isCrowd", isCrowd.length, groundTruth.length);
  }
  const overlaps = new Float64Array(detections.length * groundTruth.length);
  detections.forEach(([dx, dy, dw, dh], d) => {
    groundTruth.forEach(([gx, gy, gw, gh], g) => {
      const width = Math.min(dx + dw, gx + gw) - Math.max(dx, gx);
      const height = Math.min(dy + dh, gy + gh) - Math.max(dy, gy);
      if (width <= 0 || height <= 0) return;
      const intersection = width * height;
      const union = isCrowd?.[g] ? dw * dh : dw * dh + gw * gh - intersection;
      overlaps[d * groundTruth.length + g] = intersection / union;
    });
  });
  return overlaps;
}

/** @throws {@link MaskSizeMismatchError} */
export function checkSameSize(mask: RunLengths, wanted: RunLengths): void {
  if (mask.height !== wanted.height || mask.width !== wanted.width) {
    throw new MaskSizeMismatchError([mask.height, mask.width], [wanted.height, wanted.width]);
  }
}

function maskIou(
  detection: RunLengths,
  groundTruth: RunLengths,
  detectionArea: number,
  isCrowd: boolean | number | undefined,
): number {
  let intersection = 0;
  let union = 0;
  overlay(detection, groundTruth, (length, inDetection, inGroundTruth) => {
    if (inDetection || inGroundTruth) union += length;
    if (inDetection && inGroundTruth) intersection += length;
  });
  if (intersection === 0) return 0;
  return intersection / (isCrowd ? detectionArea : union);
}
