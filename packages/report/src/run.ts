import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";

import { evaluationMetric } from "./evaluation-metric.ts";
import { readMetrics, type Metrics } from "./metrics.ts";

/** Results of evaluation by task and metric: `{ bbox: { AP: 56.1, "AP-person": 61.0 }, segm: { AP: 52.3 } }`, percentages. */
export type EvaluationResults = Readonly<
  Record<string, Readonly<Record<string, number | null | undefined>>>
>;

/** A training, as far as a report shows it. */
export interface TrainingRun {
  /** What its curves are called. */
  readonly name: string;
  readonly metrics: Metrics;
  /** The text of its `config.yaml`. */
  readonly config?: string;
  /** Final results; the last in `metrics` when left out. */
  readonly results?: EvaluationResults;
  /** The most memory it had, in bytes; metrics don't tell. */
  readonly peakMemory?: number;
  /** How long it took; summed up from `metrics` when left out. */
  readonly seconds?: number;
}

/**
 * Reads what a training left in its output folder: `metrics.json` and, where there is one, `config.yaml`.
 *
 * @param name What the curves are called; the folder's name when left out.
 * @throws MetricsFormatError; an error of the file system when there is no `metrics.json`.
 */
export async function readTrainingRun(outputDir: string, name?: string): Promise<TrainingRun> {
  const metrics = await readMetrics(join(outputDir, "metrics.json"));
  const config = await readIfThere(join(outputDir, "config.yaml"));
  return {
    name: name ?? basename(resolve(outputDir)),
    metrics,
    ...(config === undefined ? {} : { config }),
  };
}

/** A run's final results: those given with it, otherwise the last of each kind in its metrics. */
export function finalResults({ results, metrics }: TrainingRun): EvaluationResults {
  if (results !== undefined) return results;
  const found: Record<string, Record<string, number | undefined>> = {};
  for (const name of metrics.names) {
    const evaluation = evaluationMetric(name);
    if (evaluation === undefined) continue;
    const task = (found[evaluation.task] ??= {});
    // The last value, and not the last finite one: an AP that isn't there any more is not the final AP.
    task[evaluation.metric] = metrics.series(name).at(-1)?.value;
  }
  return found;
}

/**
 * Seconds that a run took: those given with it, otherwise each recorded time of an iteration, times the iterations since
 * the one recorded before. Undefined when no time is recorded.
 */
export function trainingSeconds({ seconds, metrics }: TrainingRun): number | undefined {
  if (seconds !== undefined) return seconds;
  let sum: number | undefined;
  let before = -1;
  for (const { iteration, value } of metrics.series("time")) {
    if (Number.isFinite(value)) sum = (sum ?? 0) + value * (iteration - before);
    before = iteration;
  }
  return sum;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
