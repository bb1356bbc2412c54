import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Config } from "@detectron-ts/config";
import { DefaultTrainer } from "@detectron-ts/engine";
import type { ResultsDict } from "@detectron-ts/evaluation";
import { type ChartSeries, lineChartPng, readMetrics } from "@detectron-ts/report";
import { runtime } from "@detectron-ts/runtime";
import { dataRoot, goldenRoot } from "@detectron-ts/testing";

import { openRecordedTraining, type RecordedTraining } from "./recorded-trainings.ts";

/** Options of {@link benchReproduction}. */
export interface ReproductionBenchOptions {
  /** Name of a recorded training. */
  readonly training: string;
  readonly seeds: readonly number[];
  /** Folder that each training gets a folder in, and that the picture is written to. */
  readonly output: string;
  readonly threads: number | undefined;
}

/** The file with a training's results, written when it is complete. */
const RESULTS_FILE = "metrics_eval.json";

/**
 * Repeats a training of detectron2's from random weights, with its own config and data, once for each seed; compares the
 * average precision on its test split; and draws the losses over detectron2's. What was interrupted is taken up again, what
 * is complete is not repeated.
 */
export async function benchReproduction({
  training: name,
  seeds,
  output,
  threads,
}: ReproductionBenchOptions): Promise<void> {
  const [golden, data] = [goldenRoot(), dataRoot()];
  if (golden === undefined || data === undefined) {
    throw new Error(
      "DETECTRON_GOLDEN and DETECTRON_DATA have to name recorded results and datasets",
    );
  }
  if (threads !== undefined) await runtime.configure({ threads });
  const training = await openRecordedTraining(name, golden, data);
  const folderOf = (seed: number): string => join(output, `${name}-${seed}`);
  for (const seed of seeds) {
    const stopped = await trainOnce(training.cfg, seed, folderOf(seed));
    if (stopped) return;
  }
  await printComparison(training, seeds, folderOf);
  const picture = join(output, `${name}.png`);
  await mkdir(output, { recursive: true });
  await writeFile(picture, await drawLosses(training, seeds, folderOf));
  process.stdout.write(`\nLosses over detectron2's: ${picture}\n`);
}

/** Trains with a seed unless that is done. @returns Whether a signal stopped it. */
async function trainOnce(recorded: Config, seed: number, outputDir: string): Promise<boolean> {
  if (existsSync(join(outputDir, RESULTS_FILE))) return false;
  const cfg = recorded.clone();
  cfg.mergeFromList(["SEED", seed, "OUTPUT_DIR", outputDir]);
  const trainer = await DefaultTrainer.create(cfg);
  await trainer.resumeOrLoad();
  const results = await trainer.train();
  if (results === undefined) return true;
  await writeFile(join(outputDir, RESULTS_FILE), `${JSON.stringify({ results }, null, 1)}\n`);
  return false;
}

async function readResults(folder: string): Promise<ResultsDict> {
  const { results } = JSON.parse(await readFile(join(folder, RESULTS_FILE), "utf8"));
  return results;
}

/** A table: metrics down, detectron2 and each seed across, and the seeds' mean less detectron2's value. */
async function printComparison(
  { name, folder }: RecordedTraining,
  seeds: readonly number[],
  folderOf: (seed: number) => string,
): Promise<void> {
  const wanted = await readResults(folder);
  const got = await Promise.all(seeds.map((seed) => readResults(folderOf(seed))));
  const header = ["detectron2", ...seeds.map((seed) => `seed ${seed}`), "difference"];
  process.stdout.write(`\n${name}\n${row("", header)}`);
  for (const [task, metrics] of Object.entries(wanted)) {
    if (typeof metrics === "number") continue;
    for (const [metric, value] of Object.entries(metrics)) {
      const values = got.map((results) => metricOf(results, task, metric));
      const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
      if (typeof value !== "number" || Number.isNaN(mean)) continue;
      const cells = [value, ...values, mean - value].map((cell) => cell.toFixed(2));
      process.stdout.write(row(`${task}/${metric}`, cells));
    }
  }
}

function metricOf(results: ResultsDict, task: string, metric: string): number {
  const metrics = results[task];
  const value = typeof metrics === "object" ? metrics[metric] : undefined;
  return typeof value === "number" ? value : NaN;
}

function row(label: string, cells: readonly string[]): string {
  return `  ${label.padEnd(20)}${cells.map((cell) => cell.padStart(12)).join("")}\n`;
}

async function drawLosses(
  { name, folder }: RecordedTraining,
  seeds: readonly number[],
  folderOf: (seed: number) => string,
): Promise<Uint8Array> {
  const series = [
    ...(await Promise.all(seeds.map((seed) => lossCurve(`seed ${seed}`, folderOf(seed))))),
    await lossCurve("detectron2", folder),
  ];
  return lineChartPng({
    series,
    title: `${name}: total loss, median of 20 iterations`,
    xLabel: "iteration",
    yLabel: "total loss",
    width: 800,
    height: 420,
  });
}

async function lossCurve(name: string, folder: string): Promise<ChartSeries> {
  const metrics = await readMetrics(join(folder, "metrics.json"));
  const points = metrics
    .series("total_loss")
    .map(({ iteration, value }) => ({ x: iteration, y: value }));
  return { name, points };
}
