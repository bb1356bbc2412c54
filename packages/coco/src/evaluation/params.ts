import type { CocoBbox, CocoDataset, ImageId } from "./dataset.ts";
import { EvaluationParamsError } from "./errors.ts";

/** What detections are compared by: boxes, masks or keypoints. */
export type IouType = "bbox" | "segm" | "keypoints";

/** A range of object sizes, in square pixels, both ends included. */
export interface AreaRange {
  readonly label: string;
  readonly min: number;
  readonly max: number;
}

/** Choices of {@link evaluate}; pycocotools' `Params`. Each has COCO's value by default. */
export interface EvaluationOptions {
  /** `"bbox"` by default. */
  readonly iouType?: IouType;
  /** Images to evaluate; all by default. */
  readonly imgIds?: readonly ImageId[];
  /** Categories to evaluate; all by default. */
  readonly catIds?: readonly number[];
  /** False puts the objects of all categories together: does a detector find them, whatever it calls them? */
  readonly useCats?: boolean;
  /** Overlaps from which on a detection matches; 0.50, 0.55, …, 0.95 by default. */
  readonly iouThrs?: readonly number[];
  /** Recalls at which precision is read; 0, 0.01, …, 1 by default. */
  readonly recThrs?: readonly number[];
  /** Ranges of object sizes to evaluate separately; all, small, medium and large by default. */
  readonly areaRngs?: readonly AreaRange[];
  /** Detections to consider per image and category, by decreasing score; 1, 10 and 100, or 20 for keypoints, by default. */
  readonly maxDets?: readonly number[];
  /** How boxes are compared; by {@link bboxIou} by default, which takes upright ones only. */
  readonly boxIou?: BoxIou;
  /** How far annotators disagree about each keypoint, relative to the object's size; COCO's person by default. */
  readonly kptOksSigmas?: readonly number[];
  /**
   * Images and categories some of whose objects are not annotated: there a detection that matches nothing counts neither way.
   * None by default; LVIS has such.
   */
  readonly ignoreUnmatched?: (imageId: ImageId, categoryId: number) => boolean;
}

/**
 * Intersection over union of the D boxes of detections with the G of the ground truth: D×G, row-major. `isCrowd` has a flag
 * for each of the latter.
 */
export type BoxIou = (
  detections: readonly CocoBbox[],
  groundTruth: readonly CocoBbox[],
  isCrowd: Uint8Array,
) => Float64Array;

/** {@link EvaluationOptions} with everything filled in but `boxIou`, ids and limits in increasing order. */
export type EvaluationParams = Required<Omit<EvaluationOptions, "boxIou">> &
  Pick<EvaluationOptions, "boxIou">;

const SMALL = 32 ** 2;
const MEDIUM = 96 ** 2;
const LARGE = 1e5 ** 2;

/** COCO's sizes of objects: all, small (up to 32²), medium (up to 96²), large. */
export const COCO_AREA_RANGES: readonly AreaRange[] = [
  { label: "all", min: 0, max: LARGE },
  { label: "small", min: 0, max: SMALL },
  { label: "medium", min: SMALL, max: MEDIUM },
  { label: "large", min: MEDIUM, max: LARGE },
];

/** COCO's 17 keypoints of a person: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles. */
export const COCO_PERSON_SIGMAS: readonly number[] = [
  0.26, 0.25, 0.25, 0.35, 0.35, 0.79, 0.79, 0.72, 0.72, 0.62, 0.62, 1.07, 1.07, 0.87, 0.87, 0.89,
  0.89,
].map((sigma) => sigma / 10);

/**
 * Fills in the defaults.
 *
 * @throws {@link EvaluationParamsError}
 */
export function resolveParams(
  { images, categories }: CocoDataset,
  options: EvaluationOptions,
): EvaluationParams {
  const iouType = options.iouType ?? "bbox";
  const keypoints = iouType === "keypoints";
  const params: EvaluationParams = {
    iouType,
    imgIds: sortedUnique(options.imgIds ?? images.map(({ id }) => id)),
    catIds: sortedUnique(options.catIds ?? categories.map(({ id }) => id)),
    useCats: options.useCats ?? true,
    iouThrs: options.iouThrs ?? linspace(0.5, 0.95, 10),
    recThrs: options.recThrs ?? linspace(0, 1, 101),
    // Keypoints of small persons are not labelled.
    areaRngs:
      options.areaRngs ?? COCO_AREA_RANGES.filter(({ label }) => !keypoints || label !== "small"),
    maxDets: sortedUnique(options.maxDets ?? (keypoints ? [20] : [1, 10, 100])),
    kptOksSigmas: options.kptOksSigmas ?? COCO_PERSON_SIGMAS,
    ...(options.boxIou && { boxIou: options.boxIou }),
    ignoreUnmatched: options.ignoreUnmatched ?? (() => false),
  };
  checkNumbers("iouThrs", params.iouThrs, "between 0 and 1", (t) => t >= 0 && t <= 1);
  checkNumbers("recThrs", params.recThrs, "between 0 and 1", (t) => t >= 0 && t <= 1);
  checkNumbers(
    "maxDets",
    params.maxDets,
    "whole and positive",
    (n) => Number.isInteger(n) && n > 0,
  );
  if (params.areaRngs.length === 0) throw new EvaluationParamsError("areaRngs", "none", "given");
  return params;
}

/** Evenly spaced numbers with both ends, rounded as NumPy rounds them: a threshold decides at equality. */
function linspace(start: number, stop: number, count: number): number[] {
  const step = (stop - start) / (count - 1);
  const values = Array.from({ length: count }, (_, i) => i * step + start);
  values[count - 1] = stop;
  return values;
}

function sortedUnique<Id extends number | string>(ids: readonly Id[]): Id[] {
  return [...new Set(ids)].sort((a, b) => (a < b ? -1 : Number(a > b)));
}

function checkNumbers(
  parameter: string,
  values: readonly number[],
  wanted: string,
  holds: (value: number) => boolean,
): void {
  if (values.length > 0 && values.every(holds)) return;
  throw new EvaluationParamsError(
    parameter,
    values.length === 0 ? "none" : values.join(", "),
    `one or more numbers, each ${wanted}`,
  );
}
