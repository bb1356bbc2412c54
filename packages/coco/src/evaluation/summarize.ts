import type { PrecisionRecall } from "./accumulate.ts";
import { formatFixed } from "./format-fixed.ts";

/** A line of the table: an average over categories, and over thresholds unless it is for one of them. */
export interface SummaryRow {
  /** Average precision or average recall. */
  readonly metric: "AP" | "AR";
  /** Undefined for the average over all thresholds. */
  readonly iouThr: number | undefined;
  /** Label of the area range. */
  readonly areaRng: string;
  readonly maxDets: number;
  /** From 0 to 1; −1 without any ground truth, or for a threshold or area range that was not evaluated. */
  readonly value: number;
}

/** The numbers that a COCO evaluation is quoted by. */
export interface Summary {
  readonly rows: readonly SummaryRow[];
  /** The values of the rows, pycocotools' `stats`. */
  readonly stats: Float64Array;
  /** The rows as pycocotools prints them, a line each. */
  readonly table: string;
}

type RowKey = Omit<SummaryRow, "value">;

/**
 * Averages precision and recall (pycocotools' `COCOeval.summarize`).
 *
 * Boxes and masks: AP, AP50, AP75, AP of small, medium and large objects, AR at each of `maxDets`, AR of small, medium and
 * large objects: twelve rows with COCO's limits. Keypoints: AP, AP50, AP75, AP of medium and large, and the same of AR.
 * Where nothing else is said, the highest of `maxDets` holds, for AP as well: pycocotools looks for exactly 100 there and
 * gives −1 with other limits.
 */
export function summarize(curves: PrecisionRecall): Summary {
  const keys = curves.params.iouType === "keypoints" ? keypointRows(curves) : detectionRows(curves);
  const rows = keys.map((key) => ({ ...key, value: average(curves, key) }));
  return {
    rows,
    stats: Float64Array.from(rows, ({ value }) => value),
    table: rows.map((row) => formatRow(row, curves.params.iouThrs)).join("\n"),
  };
}

/**
 * Average precision of each category, over all thresholds, object sizes and the highest of `maxDets`.
 *
 * @returns one value from 0 to 1 for each of `params.catIds` (one in all without categories); NaN without ground truth.
 */
export function perCategoryAp({ counts, precision }: PrecisionRecall): Float64Array {
  const [T, R, K, A, M] = counts;
  return Float64Array.from({ length: K }, (_, k) => {
    const values = new Mean();
    for (let i = 0; i < T * R; i++) values.add(precision[(i * K + k) * A * M + M - 1]);
    return values.result(NaN);
  });
}

/** Which part of the curves {@link averageMetric} looks at. */
export interface AverageOptions {
  /** One threshold instead of all. */
  readonly iouThr?: number;
  /** Label of an area range, `"all"` by default. */
  readonly areaRng?: string;
  /** The highest of `maxDets` by default. */
  readonly maxDets?: number;
  /** Some of `params.catIds`; all by default. */
  readonly catIds?: readonly number[];
}

/**
 * Average precision or recall over thresholds and categories, those without ground truth left out.
 *
 * @returns from 0 to 1; −1 without any ground truth, or for a threshold or area range that was not evaluated.
 */
export function averageMetric(
  curves: PrecisionRecall,
  metric: SummaryRow["metric"],
  { iouThr, areaRng = "all", maxDets, catIds }: AverageOptions = {},
): number {
  const deepest = curves.params.maxDets[curves.params.maxDets.length - 1];
  return average(curves, rowKey(metric, maxDets ?? deepest, areaRng, iouThr), catIds);
}

function detectionRows({ params: { maxDets } }: PrecisionRecall): RowKey[] {
  const deepest = maxDets[maxDets.length - 1];
  const sizes = ["small", "medium", "large"];
  return [
    rowKey("AP", deepest),
    rowKey("AP", deepest, "all", 0.5),
    rowKey("AP", deepest, "all", 0.75),
    ...sizes.map((size) => rowKey("AP", deepest, size)),
    ...maxDets.map((limit) => rowKey("AR", limit)),
    ...sizes.map((size) => rowKey("AR", deepest, size)),
  ];
}

function keypointRows({ params: { maxDets } }: PrecisionRecall): RowKey[] {
  const deepest = maxDets[maxDets.length - 1];
  return (["AP", "AR"] as const).flatMap((metric) => [
    rowKey(metric, deepest),
    rowKey(metric, deepest, "all", 0.5),
    rowKey(metric, deepest, "all", 0.75),
    rowKey(metric, deepest, "medium"),
    rowKey(metric, deepest, "large"),
  ]);
}

function rowKey(
  metric: SummaryRow["metric"],
  maxDets: number,
  areaRng = "all",
  iouThr?: number,
): RowKey {
  return { metric, iouThr, areaRng, maxDets };
}

function average(
  { params, counts, precision, recall }: PrecisionRecall,
  { metric, iouThr, areaRng, maxDets }: RowKey,
  catIds?: readonly number[],
): number {
  const [T, R, K, A, M] = counts;
  const a = params.areaRngs.findIndex(({ label }) => label === areaRng);
  const m = params.maxDets.indexOf(maxDets);
  const wanted = catIds && new Set(catIds);
  const values = new Mean();
  if (a < 0) return values.result(-1);
  for (let t = 0; t < T; t++) {
    if (iouThr !== undefined && params.iouThrs[t] !== iouThr) continue;
    // Recall is precision's layout without the axis of recalls.
    const [array, perThreshold] = metric === "AP" ? [precision, R * K] : [recall, K];
    for (let i = t * perThreshold; i < (t + 1) * perThreshold; i++) {
      // Categories are the fastest of the axes that i runs over.
      if (wanted && !wanted.has(params.catIds[i % K])) continue;
      values.add(array[(i * A + a) * M + m]);
    }
  }
  return values.result(-1);
}

/** Mean of those values that are not −1. */
class Mean {
  #sum = 0;
  #count = 0;

  add(value: number): void {
    if (value <= -1) return;
    this.#sum += value;
    this.#count++;
  }

  result(ofNothing: number): number {
    return this.#count === 0 ? ofNothing : this.#sum / this.#count;
  }
}

function formatRow(
  { metric, iouThr, areaRng, maxDets, value }: SummaryRow,
  iouThrs: readonly number[],
): string {
  const title = metric === "AP" ? "Average Precision" : "Average Recall";
  const [low, high] = [iouThrs[0], iouThrs[iouThrs.length - 1]];
  const iou =
    iouThr === undefined
      ? `${formatFixed(low, 2)}:${formatFixed(high, 2)}`
      : formatFixed(iouThr, 2);
  return (
    ` ${title.padEnd(18)} (${metric}) @[ IoU=${iou.padEnd(9)} | area=${areaRng.padStart(6)} | ` +
    `maxDets=${String(maxDets).padStart(3)} ] = ${formatFixed(value, 3)}`
  );
}
