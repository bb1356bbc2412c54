import {
  accumulate,
  evaluate,
  summarize,
  type BoxIou,
  type CocoDataset,
  type CocoDetection,
  type IouType,
} from "@detectron-ts/coco";

import { deriveCocoResults } from "./coco-results.ts";
import type { EvaluationResults, TaskMetrics } from "./dataset-evaluator.ts";
import { MetadataMismatchError } from "./errors.ts";
import { resultsTables } from "./results-tables.ts";

/** Options of {@link evaluateCocoResults}. */
export interface CocoResultsOptions {
  /** Names of the classes in the order of the categories' ids; the categories' own names by default. */
  readonly thingClasses?: readonly string[];
  /** What to evaluate; by default `bbox`, and `keypoints` and `segm` where results have them. */
  readonly tasks?: readonly IouType[];
  /** Detections considered per image and category, for boxes and masks; 100 by default. */
  readonly maxDetsPerImage?: number;
  /** How boxes are compared, for `bbox`; by {@link rotatedBoxIou} where they may be rotated. */
  readonly boxIou?: BoxIou;
  /** TEST.KEYPOINT_OKS_SIGMAS; COCO's by default. */
  readonly kptOksSigmas?: readonly number[];
  /** Images to evaluate; all of the ground truth by default. */
  readonly imgIds?: readonly (number | string)[];
  /** Receives messages and the tables of the evaluation, pycocotools' and detectron2's; nothing is printed by default. */
  readonly log?: (message: string) => void;
}

/**
 * Evaluates results as a COCO results file holds them, such as one that detectron2 wrote.
 *
 * ```ts
 * const results = JSON.parse(await readFile("coco_instances_results.json", "utf8"));
 * const { bbox } = evaluateCocoResults(groundTruth, results);
 * ```
 *
 * @returns percentages, see {@link deriveCocoResults}.
 * @throws {@link MetadataMismatchError} if there is not one class name per category.
 * @throws UnknownImageError or InvalidEntryError of `@detectron-ts/coco` for results that do not fit the ground truth.
 */
export function evaluateCocoResults(
  groundTruth: CocoDataset,
  results: readonly CocoDetection[],
  options: CocoResultsOptions = {},
): EvaluationResults {
  const classNames = options.thingClasses ?? categoryNames(groundTruth);
  const numCategories = groundTruth.categories.length;
  if (classNames.length !== numCategories) {
    throw new MetadataMismatchError(
      `${classNames.length} class names for ${numCategories} categories`,
    );
  }
  const tasks = options.tasks ?? inferTasks(results);
  return Object.fromEntries(
    tasks.map((task) => [task, evaluateTask(task, groundTruth, results, classNames, options)]),
  );
}

function evaluateTask(
  iouType: IouType,
  groundTruth: CocoDataset,
  results: readonly CocoDetection[],
  classNames: readonly string[],
  { maxDetsPerImage = 100, boxIou, kptOksSigmas, imgIds, log }: CocoResultsOptions,
): TaskMetrics {
  if (results.length === 0) {
    log?.(`There are no predictions to evaluate for ${iouType}.`);
    return deriveCocoResults(iouType, undefined, classNames);
  }
  // The size of a detected object is that of its mask where there is one.
  const measured =
    iouType === "segm" ? results.map((result) => ({ ...result, bbox: undefined })) : results;
  const curves = accumulate(
    evaluate(groundTruth, measured, {
      iouType,
      imgIds,
      ...(boxIou && { boxIou }),
      maxDets: iouType === "keypoints" ? undefined : [1, 10, maxDetsPerImage],
      kptOksSigmas: kptOksSigmas?.length ? kptOksSigmas : undefined,
    }),
  );
  const metrics = deriveCocoResults(iouType, curves, classNames);
  if (log) {
    log(summarize(curves).table);
    for (const table of resultsTables(iouType, metrics)) log(table);
  }
  return metrics;
}

function inferTasks(results: readonly CocoDetection[]): IouType[] {
  const tasks: IouType[] = ["bbox"];
  if (results.some(({ keypoints }) => keypoints !== undefined)) tasks.push("keypoints");
  if (results.some(({ segmentation }) => segmentation !== undefined)) tasks.push("segm");
  return tasks;
}

function categoryNames({ categories }: CocoDataset): string[] {
  return categories.toSorted((a, b) => a.id - b.id).map(({ name }) => name);
}
