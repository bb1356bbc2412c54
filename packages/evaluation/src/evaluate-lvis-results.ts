import {
  accumulate,
  averageMetric,
  type AverageOptions,
  type CocoDetection,
  evaluate,
  formatFixed,
  type PrecisionRecall,
} from "@detectron-ts/coco";

import type { EvaluationResults, TaskMetrics } from "./dataset-evaluator.ts";
import type { LvisDataset, LvisFrequency } from "./lvis-dataset.ts";
import { smallTable } from "./results-tables.ts";

/** What LVIS compares detections by. */
export type LvisTask = "bbox" | "segm";

/** Options of {@link evaluateLvisResults}. */
export interface LvisResultsOptions {
  /** What to evaluate; by default `bbox`, and `segm` where results have masks. */
  readonly tasks?: readonly LvisTask[];
  /** Detections considered per image, of all categories together; 300 by default. */
  readonly maxDetsPerImage?: number;
  /** Receives the tables of the evaluation, lvis-api's and detectron2's; nothing is printed by default. */
  readonly log?: (message: string) => void;
}

/** LVIS's own limit. */
const MAX_DETS_PER_IMAGE = 300;

/**
 * Evaluates results in the form of COCO's results files by the rules of LVIS (Gupta et al., 2019), where an image is checked
 * for some categories only: lvis-api's `LVISEval`, as detectron2 calls it.
 *
 * - The best detections of an image are considered, of all categories together.
 * - A detection of a category that is neither annotated in the image nor known not to be there is left out.
 * - Where a category is annotated in part, a detection that matches nothing counts neither way.
 * - There are no crowds.
 *
 * @returns percentages: `AP`, `AP50`, `AP75`, `APs`, `APm`, `APl`, and `APr`, `APc`, `APf` for rare, common and frequent
 *   categories. NaN without any results; −100, as from detectron2, where there is no ground truth of a kind.
 * @throws UnknownImageError or InvalidEntryError of `@detectron-ts/coco` for results that do not fit the ground truth.
 */
export function evaluateLvisResults(
  groundTruth: LvisDataset,
  results: readonly CocoDetection[],
  options: LvisResultsOptions = {},
): EvaluationResults {
  const hasMasks = results.some(({ segmentation }) => segmentation !== undefined);
  const tasks = options.tasks ?? (hasMasks ? ["bbox", "segm"] : ["bbox"]);
  return Object.fromEntries(
    tasks.toSorted().map((task) => [task, evaluateTask(task, groundTruth, results, options)]),
  );
}

/** The metrics, by which categories and sizes they look at. */
const METRICS: readonly (AverageOptions & { name: string; frequency?: LvisFrequency })[] = [
  { name: "AP" },
  { name: "AP50", iouThr: 0.5 },
  { name: "AP75", iouThr: 0.75 },
  { name: "APs", areaRng: "small" },
  { name: "APm", areaRng: "medium" },
  { name: "APl", areaRng: "large" },
  { name: "APr", frequency: "r" },
  { name: "APc", frequency: "c" },
  { name: "APf", frequency: "f" },
];

function evaluateTask(
  iouType: LvisTask,
  groundTruth: LvisDataset,
  results: readonly CocoDetection[],
  { maxDetsPerImage = MAX_DETS_PER_IMAGE, log }: LvisResultsOptions,
): TaskMetrics {
  if (results.length === 0) {
    log?.(`There are no predictions to evaluate for ${iouType}.`);
    return Object.fromEntries(METRICS.map(({ name }) => [name, NaN]));
  }
  const best = withinLimit(results, maxDetsPerImage);
  const checked = checkedOnly(groundTruth, best).map((result) =>
    // The size of a detected object is that of its mask where there is one.
    iouType === "segm" ? { ...result, bbox: undefined } : result,
  );
  const partial = new Map(
    groundTruth.images.map(({ id, not_exhaustive_category_ids }) => [
      id as number | string,
      new Set(not_exhaustive_category_ids),
    ]),
  );
  const curves = accumulate(
    evaluate(withoutCrowds(groundTruth), checked, {
      iouType,
      maxDets: [maxDetsPerImage],
      ignoreUnmatched: (image, category) => partial.get(image)?.has(category) === true,
    }),
  );
  const values = METRICS.map(
    ({ name, frequency, ...part }) =>
      [
        name,
        averageMetric(curves, "AP", {
          ...part,
          ...(frequency && { catIds: categoriesOf(groundTruth, frequency) }),
        }),
      ] as const,
  );
  const metrics = Object.fromEntries(values.map(([name, value]) => [name, value * 100]));
  if (log) {
    log(summaryTable(values, curves));
    log(`Evaluation results for ${iouType}:\n${smallTable(metrics)}`);
  }
  return metrics;
}

function categoriesOf({ categories }: LvisDataset, wanted: LvisFrequency): number[] {
  return categories.filter(({ frequency }) => frequency === wanted).map(({ id }) => id);
}

/** The best detections of each image, images in the order of their first. */
function withinLimit(results: readonly CocoDetection[], limit: number): CocoDetection[] {
  const byImage = new Map<number | string, CocoDetection[]>();
  for (const result of results) {
    const list = byImage.get(result.image_id);
    if (list) list.push(result);
    else byImage.set(result.image_id, [result]);
  }
  return [...byImage.values()].flatMap((list) =>
    list.length <= limit ? list : list.toSorted((a, b) => b.score - a.score).slice(0, limit),
  );
}

/** Those of categories that the image was checked for. Images that there are not are left to the evaluation to refuse. */
function checkedOnly(
  { images, annotations = [] }: LvisDataset,
  results: readonly CocoDetection[],
): CocoDetection[] {
  const checked = new Map<number | string, Set<number>>(
    images.map(({ id, neg_category_ids }) => [id, new Set(neg_category_ids)]),
  );
  for (const { image_id, category_id } of annotations) checked.get(image_id)?.add(category_id);
  return results.filter(
    ({ image_id, category_id }) => checked.get(image_id)?.has(category_id) ?? true,
  );
}

/** Files that were converted from COCO's may mark crowds, which LVIS does not know. */
function withoutCrowds(groundTruth: LvisDataset): LvisDataset {
  const annotations = groundTruth.annotations?.map((annotation) => ({ ...annotation, iscrowd: 0 }));
  return { ...groundTruth, ...(annotations && { annotations }) };
}

/** The summary as lvis-api prints it: the limit there is LVIS's own, whatever was asked for. */
function summaryTable(
  precisions: readonly (readonly [name: string, value: number])[],
  curves: PrecisionRecall,
): string {
  const recalls = ["all", "small", "medium", "large"].map(
    (areaRng) =>
      [
        areaRng === "all" ? "AR" : `AR${areaRng[0]}`,
        averageMetric(curves, "AR", { areaRng }),
      ] as const,
  );
  return [...precisions, ...recalls].map(([name, value]) => summaryLine(name, value)).join("\n");
}

function summaryLine(name: string, value: number): string {
  const [metric, part] = [name.slice(0, 2), name.slice(2)];
  const title = metric === "AP" ? "Average Precision" : "Average Recall";
  const iou = /\d/.test(part) ? `0.${part}` : "0.50:0.95";
  const area = /[sml]/.test(part) ? part : "all";
  const categories = /[rcf]/.test(part) ? part : "all";
  return (
    ` ${title.padEnd(18)} (${metric}) @[ IoU=${iou.padEnd(9)} | area=${area.padStart(6)} | ` +
    `maxDets=${MAX_DETS_PER_IMAGE} catIds=${categories.padStart(3)}] = ${formatFixed(value, 3)}`
  );
}
