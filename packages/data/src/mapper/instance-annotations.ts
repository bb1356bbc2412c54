import { decode, rasterizePolygons } from "@detectron-ts/coco";
import {
  BitMasks,
  Boxes,
  BoxMode,
  Instances,
  Keypoints,
  PolygonMasks,
  type ImageSize,
} from "@detectron-ts/structures";
import { HFlipTransform, TransformList, type Transform } from "@detectron-ts/transforms";
import ndarray, { type NdArray } from "ndarray";

import type { Metadata } from "../catalog/metadata-catalog.ts";
import { isRle, type Annotation, type Segmentation } from "../dataset-dict.ts";
import { DataOptionError, KeypointFlipError, MaskFormatError } from "../errors.ts";

/** The ground truth of one image, in pixels of the network's input. */
export interface GroundTruthFields {
  /** `RotatedBoxes` if the mapper was asked for them. */
  readonly gtBoxes: Boxes;
  /** Contiguous class of each object. */
  readonly gtClasses: Int32Array;
  readonly gtMasks?: PolygonMasks | BitMasks;
  readonly gtKeypoints?: Keypoints;
}

/** Whether masks are trained on as polygons or as bitmaps. */
export type MaskFormat = "polygon" | "bitmask";

/** An annotation moved along with its image. */
export interface TransformedAnnotation {
  /**
   * x0, y0, x1, y1 in the transformed image, clipped to it; or x, y, width, height and angle of a rotated box, not clipped.
   */
  readonly bbox: Float64Array;
  readonly categoryId: number;
  readonly iscrowd: 0 | 1;
  /** Polygons, or a bitmap of the transformed image. */
  readonly segmentation?: readonly Float64Array[] | NdArray<Uint8Array>;
  /** x, y, visibility of each keypoint. */
  readonly keypoints?: Float64Array;
  /** The id that the dataset's own file gives to the annotation; for messages. */
  readonly id?: number;
}

/** Options of {@link transformInstanceAnnotations}. */
export interface TransformAnnotationOptions {
  /** For each keypoint, the index of the one that takes its place in a mirror; see {@link createKeypointHflipIndices}. */
  readonly keypointHflipIndices?: readonly number[];
}

/**
 * Moves box, masks and keypoints of one annotation along with their image. Mirrors detectron2's
 * `transform_instance_annotations`, with one deliberate difference: numbers that a file writes without decimals are not cut
 * to integers after the transform.
 *
 * @param imageSize - of the transformed image.
 * @throws KeypointFlipError when keypoints are flipped without flip indices for each.
 */
export function transformInstanceAnnotations(
  annotation: Annotation,
  transforms: Transform,
  imageSize: ImageSize,
  { keypointHflipIndices }: TransformAnnotationOptions = {},
): TransformedAnnotation {
  const { id, bbox, bboxMode, categoryId, iscrowd = 0, segmentation, keypoints } = annotation;
  return {
    ...(id !== undefined && { id }),
    bbox: transformBox(BoxMode.convert(bbox, bboxMode, BoxMode.XYXY_ABS), transforms, imageSize),
    categoryId,
    iscrowd,
    ...(segmentation && { segmentation: transformSegmentation(segmentation, transforms) }),
    ...(keypoints && {
      keypoints: transformKeypoints(keypoints, transforms, imageSize, keypointHflipIndices),
    }),
  };
}

function transformBox(
  bbox: readonly number[],
  transforms: Transform,
  [height, width]: ImageSize,
): Float64Array {
  const moved = transforms.applyBox(ndarray(Float64Array.from(bbox), [1, 4]));
  return Float64Array.from({ length: 4 }, (_, i) =>
    Math.min(Math.max(moved.get(0, i), 0), i % 2 === 0 ? width : height),
  );
}

function transformSegmentation(
  segmentation: Segmentation,
  transforms: Transform,
): Float64Array[] | NdArray<Uint8Array> {
  if (isRle(segmentation)) {
    return transforms.applySegmentation(ndarray(decode(segmentation), [...segmentation.size]));
  }
  return transforms.applyPolygons(segmentation.map((polygon) => Float64Array.from(polygon)));
}

/**
 * Keypoints that leave the image lose their visibility; those without visibility go to (0, 0). In a mirror image, left and
 * right keypoints change places.
 */
function transformKeypoints(
  keypoints: readonly number[],
  transforms: Transform,
  [height, width]: ImageSize,
  hflipIndices: readonly number[] | undefined,
): Float64Array {
  const count = keypoints.length / 3;
  const points = Float64Array.from({ length: 2 * count }, (_, i) => {
    return keypoints[3 * Math.trunc(i / 2) + (i % 2)];
  });
  const moved = transforms.applyCoords(ndarray(points, [count, 2]));
  const flipped = isMirrored(transforms);
  if (flipped && hflipIndices?.length !== count) {
    throw new KeypointFlipError(count, hflipIndices?.length);
  }
  const result = new Float64Array(3 * count);
  for (let k = 0; k < count; k++) {
    const source = flipped && hflipIndices ? hflipIndices[k] : k;
    const [x, y] = [moved.get(source, 0), moved.get(source, 1)];
    const inside = x >= 0 && x <= width && y >= 0 && y <= height;
    const visibility = inside ? keypoints[3 * source + 2] : 0;
    if (visibility !== 0) result.set([x, y, visibility], 3 * k);
  }
  return result;
}

/** Whether an odd number of the transforms exchange left and right. */
function isMirrored(transforms: Transform): boolean {
  const parts = transforms instanceof TransformList ? transforms.transforms : [transforms];
  return parts.filter((part) => part instanceof HFlipTransform).length % 2 === 1;
}

/**
 * For each keypoint, the index of the one that takes its place in a mirror.
 *
 * @throws MetadataError when the metadata has no keypoint names or no flip map, which may be empty; DataOptionError when the
 *   flip map names a keypoint that there is not.
 */
export function createKeypointHflipIndices(metadata: Metadata): number[] {
  const names = metadata.get("keypointNames");
  const mirror = new Map<string, string>();
  for (const [a, b] of metadata.get("keypointFlipMap")) {
    mirror.set(a, b).set(b, a);
  }
  return names.map((name) => {
    const index = names.indexOf(mirror.get(name) ?? name);
    if (index < 0) throw new DataOptionError("keypointFlipMap", mirror.get(name), names.join(", "));
    return index;
  });
}

/**
 * The objects of an image as ground truth. The first annotation decides whether there are masks and keypoints; without
 * annotations there are neither. Mirrors detectron2's `annotations_to_instances`.
 *
 * @throws MaskFormatError when bitmaps are to be polygons, or an object has no mask where the first has one.
 */
export function annotationsToInstances(
  annotations: readonly TransformedAnnotation[],
  imageSize: ImageSize,
  maskFormat: MaskFormat = "polygon",
): Instances<GroundTruthFields> {
  const boxes = new Float32Array(4 * annotations.length);
  annotations.forEach(({ bbox }, i) => boxes.set(bbox, 4 * i));
  const [first] = annotations;
  return new Instances<GroundTruthFields>(imageSize, {
    gtBoxes: new Boxes(boxes),
    gtClasses: Int32Array.from(annotations, ({ categoryId }) => categoryId),
    ...(first?.segmentation && {
      gtMasks:
        maskFormat === "polygon" ? polygonMasks(annotations) : bitMasks(annotations, imageSize),
    }),
    ...(first?.keypoints && { gtKeypoints: keypointsOf(annotations) }),
  });
}

function polygonMasks(annotations: readonly TransformedAnnotation[]): PolygonMasks {
  return new PolygonMasks(
    annotations.map((annotation) => {
      const segmentation = segmentationOf(annotation);
      if (!("shape" in segmentation)) return segmentation;
      throw misfit(
        annotation,
        'has a run-length encoding, which cannot become polygons; set INPUT.MASK_FORMAT to "bitmask"',
      );
    }),
  );
}

function bitMasks(
  annotations: readonly TransformedAnnotation[],
  [height, width]: ImageSize,
): BitMasks {
  const pixels = new Uint8Array(annotations.length * height * width);
  annotations.forEach((annotation, i) => {
    const segmentation = segmentationOf(annotation);
    if (!("shape" in segmentation)) {
      pixels.set(rasterizePolygons(segmentation, [height, width]), i * height * width);
      return;
    }
    const [maskHeight, maskWidth] = segmentation.shape;
    if (maskHeight !== height || maskWidth !== width) {
      throw misfit(
        annotation,
        `has a mask of height ${maskHeight} and width ${maskWidth}, its image ${height} and ${width}`,
      );
    }
    pixels.set(segmentation.data, i * height * width);
  });
  return new BitMasks(ndarray(pixels, [annotations.length, height, width]));
}

function segmentationOf(
  annotation: TransformedAnnotation,
): NonNullable<TransformedAnnotation["segmentation"]> {
  if (annotation.segmentation) return annotation.segmentation;
  throw misfit(annotation, "has no segmentation, the first of its image has");
}

function misfit({ id }: TransformedAnnotation, fault: string): MaskFormatError {
  const subject = id === undefined ? "An annotation" : `Annotation ${id}`;
  return new MaskFormatError(`${subject} ${fault}`, { annotationId: id });
}

function keypointsOf(annotations: readonly TransformedAnnotation[]): Keypoints {
  const perObject = annotations[0].keypoints?.length ?? 0;
  const all = new Float32Array(annotations.length * perObject);
  annotations.forEach(({ keypoints }, i) => {
    if (keypoints?.length !== perObject) {
      throw new DataOptionError("keypoints", keypoints?.length, `${perObject} numbers per object`);
    }
    all.set(keypoints, i * perObject);
  });
  return new Keypoints(ndarray(all, [annotations.length, perObject / 3, 3]));
}

/** Options of {@link filterEmptyInstances}. */
export interface FilterEmptyOptions {
  readonly byBox?: boolean;
  readonly byMask?: boolean;
  /** Sides of at most this many pixels count as empty, 1e-5 by default. */
  readonly boxThreshold?: number;
}

/** Without the objects whose box has no extent or whose mask has no pixel or polygon. */
export function filterEmptyInstances<Fields extends GroundTruthFields>(
  instances: Instances<Fields>,
  { byBox = true, byMask = true, boxThreshold = 1e-5 }: FilterEmptyOptions = {},
): Instances<Fields> {
  const { gtBoxes, gtMasks }: GroundTruthFields = instances.fields();
  const boxes = byBox ? gtBoxes.nonempty(boxThreshold) : undefined;
  const masks = byMask ? gtMasks?.nonempty() : undefined;
  const kept = Array.from({ length: instances.length }, (_, i) => {
    return (boxes?.[i] ?? 1) !== 0 && (masks?.[i] ?? 1) !== 0;
  });
  return kept.every(Boolean) ? instances : instances.select(kept);
}
