import { bboxIou, runsIou } from "../mask/iou.ts";
import { runsArea, runsBbox, type Bbox } from "../mask/measure.ts";
import { merge } from "../mask/merge.ts";
import { fromPolygons, type Polygon } from "../mask/polygon.ts";
import { readRle, type Rle, type RunLengths } from "../mask/rle.ts";
import type { CocoAnnotation, CocoBbox, CocoDataset, CocoDetection, ImageId } from "./dataset.ts";
import { InvalidEntryError } from "./errors.ts";
import { objectKeypointSimilarity, type KeypointAnnotation } from "./oks.ts";
import type { EvaluationParams } from "./params.ts";

/** D detections of one image against G objects of its ground truth. */
export interface Comparison {
  /** D×G, row-major: intersection over union, or the similarity of keypoints. */
  readonly overlaps: Float64Array;
  /** D; decides which area ranges an unmatched detection counts in. */
  readonly areas: Float64Array;
}

/** Compares detections with ground truth, both given by their positions in the lists of {@link createComparer}. */
export type Comparer = (
  detections: Int32Array,
  annotations: Int32Array,
  isCrowd: Uint8Array,
) => Comparison;

/** The comparison that `params.iouType` asks for. */
export function createComparer(
  { images }: CocoDataset,
  annotations: readonly CocoAnnotation[],
  detections: readonly CocoDetection[],
  { iouType, kptOksSigmas, boxIou }: EvaluationParams,
): Comparer {
  const measure = createMeasure(detections, boxIou !== undefined);

  switch (iouType) {
    case "bbox":
      return (detected, present, isCrowd) => {
        const measured = Array.from(detected, (d) => measure(d));
        const found = measured.map(({ bbox }) => bbox);
        const boxes = Array.from(present, (g) => annotations[g].bbox);
        return {
          overlaps: boxIou
            ? boxIou(found, boxes, isCrowd)
            : bboxIou(found.map(upright), boxes.map(upright), isCrowd),
          areas: Float64Array.from(measured, ({ area }) => area),
        };
      };

    case "segm": {
      const sizes = new Map(images.map(({ id, height, width }) => [id, [height, width] as const]));
      return (detected, present, isCrowd) => {
        const masks = Array.from(detected, (d) => detectionRuns(detections[d], d));
        const objects = Array.from(present, (g) =>
          annotationRuns(annotations[g], sizes.get(annotations[g].image_id) ?? [0, 0]),
        );
        return {
          overlaps: runsIou(masks, objects, isCrowd),
          areas: Float64Array.from(masks, (runs, i) => measure(detected[i], runs).area),
        };
      };
    }

    case "keypoints":
      return (detected, present) => {
        const objects = Array.from(present, (g) =>
          keypointAnnotation(annotations[g], kptOksSigmas),
        );
        const overlaps = new Float64Array(detected.length * objects.length);
        detected.forEach((d, row) => {
          const keypoints = detectionKeypoints(detections[d], d, kptOksSigmas);
          objects.forEach((object, column) => {
            const at = row * objects.length + column;
            overlaps[at] = objectKeypointSimilarity(keypoints, object, kptOksSigmas);
          });
        });
        return { overlaps, areas: Float64Array.from(detected, (d) => measure(d).area) };
      };
  }
}

function upright([x, y, width, height]: CocoBbox): Bbox {
  return [x, y, width, height];
}

interface Measured {
  readonly bbox: CocoBbox;
  readonly area: number;
}

/**
 * Box and area of a detection, by its position; of its mask where that has been read already. As in pycocotools' `loadRes`
 * the first detection decides for all what they come from: the box if it has one, else the mask, else the keypoints.
 */
function createMeasure(
  detections: readonly CocoDetection[],
  mayBeRotated: boolean,
): (position: number, runs?: RunLengths) => Measured {
  const first = detections.at(0);
  if (first?.bbox && first.bbox.length > 0) {
    return (position) => {
      const { bbox, image_id } = detections[position];
      const isBox = bbox?.length === 4 || (mayBeRotated && bbox?.length === 5);
      if (!isBox) throw invalidDetection(position, image_id, "it has no bbox.");
      return { bbox, area: bbox[2] * bbox[3] };
    };
  }
  if (first?.segmentation) {
    return (position, runs = detectionRuns(detections[position], position)) => ({
      bbox: runsBbox(runs),
      area: runsArea(runs),
    });
  }
  return (position) => {
    const { keypoints, image_id } = detections[position];
    if (!keypoints) {
      throw invalidDetection(position, image_id, "it has no bbox, segmentation or keypoints.");
    }
    const bbox = boxAroundKeypoints(keypoints);
    return { bbox, area: bbox[2] * bbox[3] };
  };
}

function boxAroundKeypoints(keypoints: readonly number[]): Bbox {
  const xs = keypoints.filter((_, i) => i % 3 === 0);
  const ys = keypoints.filter((_, i) => i % 3 === 1);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [left, top, Math.max(...xs) - left, Math.max(...ys) - top];
}

function detectionRuns({ segmentation, image_id }: CocoDetection, position: number): RunLengths {
  if (!segmentation) throw invalidDetection(position, image_id, "it has no segmentation.");
  try {
    return readRle(segmentation);
  } catch (cause) {
    throw invalidDetection(position, image_id, messageOf(cause), { cause });
  }
}

function annotationRuns(
  annotation: CocoAnnotation,
  size: readonly [height: number, width: number],
): RunLengths {
  const { segmentation } = annotation;
  if (!segmentation || (isPolygons(segmentation) && segmentation.length === 0)) {
    throw invalidAnnotation(annotation, "it has no segmentation.");
  }
  try {
    return readRle(
      isPolygons(segmentation) ? merge(fromPolygons(segmentation, size)) : segmentation,
    );
  } catch (cause) {
    throw invalidAnnotation(annotation, messageOf(cause), { cause });
  }
}

function isPolygons(segmentation: readonly Polygon[] | Rle): segmentation is readonly Polygon[] {
  return Array.isArray(segmentation);
}

function keypointAnnotation(
  annotation: CocoAnnotation,
  { length: numKeypoints }: readonly number[],
): KeypointAnnotation {
  const { keypoints, bbox, area } = annotation;
  if (keypoints?.length !== 3 * numKeypoints) {
    const got = keypoints ? keypoints.length / 3 : 0;
    throw invalidAnnotation(annotation, `it has ${got} keypoints, not ${numKeypoints}.`);
  }
  return { keypoints, bbox, area };
}

function detectionKeypoints(
  { keypoints, image_id }: CocoDetection,
  position: number,
  { length: numKeypoints }: readonly number[],
): readonly number[] {
  if (keypoints?.length === 3 * numKeypoints) return keypoints;
  const got = keypoints ? keypoints.length / 3 : 0;
  throw invalidDetection(position, image_id, `it has ${got} keypoints, not ${numKeypoints}.`);
}

function invalidDetection(
  position: number,
  imageId: ImageId,
  reason: string,
  options?: ErrorOptions,
): InvalidEntryError {
  return new InvalidEntryError("detection", position, imageId, reason, options);
}

function invalidAnnotation(
  { id, image_id }: CocoAnnotation,
  reason: string,
  options?: ErrorOptions,
): InvalidEntryError {
  return new InvalidEntryError("annotation", id, image_id, reason, options);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
