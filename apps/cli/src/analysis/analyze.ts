import {
  analyzeConfig,
  analyzeModel,
  costTable,
  modelStructure,
  type ModelCosts,
  type OperatorCounts,
  parameterCount,
  parameterCountTable,
} from "@detectron-ts/analysis";
import type { Config } from "@detectron-ts/config";
import { readImage } from "@detectron-ts/image";
import { buildModel, MetaArchitecture } from "@detectron-ts/modeling";
import { init } from "@detectron-ts/nn";
import type { ImageSize } from "@detectron-ts/structures";

import { UsageError } from "../errors.ts";
import { detectorConfig } from "../prediction/detector-config.ts";
import { loadPredictor } from "../prediction/load-predictor.ts";
import { formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";

/** What can be told of a model. */
export const TASKS = ["parameter", "flop", "activation", "structure"] as const;
export type Task = (typeof TASKS)[number];

/** What `detectron analyze` is asked for. */
export interface AnalyzeCommandOptions {
  readonly configFile: string;
  readonly tasks: readonly Task[];
  readonly inputSize?: ImageSize;
  readonly image?: string;
  readonly weights?: string;
  readonly depth: number;
  readonly json?: boolean;
  readonly opts?: readonly string[];
}

type Model = MetaArchitecture<unknown>;

/** A model, and what it costs where that was asked for. */
interface Analysis {
  readonly model: Model;
  readonly costs?: ModelCosts<unknown>;
}

/**
 * Prints what a model consists of and costs.
 *
 * @throws UsageError when weights come without an image.
 */
export async function analyze(options: AnalyzeCommandOptions, terminal: Terminal): Promise<void> {
  const { tasks, image, weights, inputSize, json, depth } = options;
  if (weights !== undefined && image === undefined) {
    throw new UsageError("--weights only matters for what is seen in an image: add --image FILE");
  }
  if (inputSize !== undefined && image !== undefined) {
    throw new UsageError("--input-size is for made-up images: leave out it or --image");
  }
  const cfg = detectorConfig(options);
  const runs = tasks.includes("flop") || tasks.includes("activation");
  let analysis: Analysis;
  if (!runs) analysis = { model: init.withoutDrawing(() => buildModel<Model>(cfg)) };
  else if (image === undefined) analysis = await analyzeConfig(cfg, { imageSize: inputSize });
  else analysis = await analyzeImage(cfg, image, options, terminal);

  if (json) terminal.print(JSON.stringify(toJson(analysis, tasks), null, 2));
  else printAnalysis(analysis, tasks, depth, terminal);
}

/** What it costs to find in an image what a checkpoint finds in it. */
async function analyzeImage(
  cfg: Config,
  file: string,
  { configFile }: AnalyzeCommandOptions,
  terminal: Terminal,
): Promise<Analysis> {
  const pixels = await readImage(file, { format: "BGR" });
  const { predictor } = await loadPredictor<unknown>(cfg, configFile, terminal);
  const { model } = predictor;
  if (!(model instanceof MetaArchitecture)) {
    throw new UsageError(`${configFile} is of a model of another kind than can be analyzed`);
  }
  return { model, costs: await analyzeModel(model, [predictor.preprocess(pixels)]) };
}

function printAnalysis(
  { model, costs }: Analysis,
  tasks: readonly Task[],
  maxDepth: number,
  terminal: Terminal,
): void {
  const { bold, dim } = terminal.colors;
  const printed: Readonly<Record<Task, () => void>> = {
    parameter: () => terminal.print(parameterCountTable(model, { maxDepth })),
    structure: () => terminal.print(modelStructure(model)),
    flop: () => {
      if (costs === undefined) return;
      terminal.print(costTable(model, costs, { maxDepth }));
      terminal.print();
      printCounts("GFLOPs", costs.flops, 1e9, terminal);
      terminal.print(dim("A multiply-add counts as one."));
    },
    activation: () => {
      if (costs) printCounts("Millions of activations", costs.activations, 1e6, terminal);
    },
  };
  const titles: Readonly<Record<Task, string>> = {
    parameter: "Parameters",
    flop: "FLOPs",
    activation: "Activations",
    structure: "Structure",
  };
  for (const [i, task] of tasks.entries()) {
    if (i > 0) terminal.print();
    terminal.print(bold(titles[task]));
    printed[task]();
  }
}

/** A row for each operator, the largest first, and their sum. */
function printCounts(
  title: string,
  counts: OperatorCounts,
  unit: number,
  terminal: Terminal,
): void {
  const operators = [...counts.byOperator()].sort(([, a], [, b]) => b - a);
  const rows = [...operators, ["total", counts.total()] as const].map(([name, count]) => [
    name,
    (count / unit).toFixed(3),
  ]);
  for (const line of formatTable([["operator", title], ...rows], [false, true])) {
    terminal.print(line);
  }
}

/** What was asked for, by task; numbers as they are, in no unit. */
function toJson({ model, costs }: Analysis, tasks: readonly Task[]): object {
  const told: Readonly<Record<Task, () => unknown>> = {
    parameter: () => Object.fromEntries(parameterCount(model)),
    flop: () => costs && countsToJson(costs.flops),
    activation: () => costs && countsToJson(costs.activations),
    structure: () => modelStructure(model),
  };
  return Object.fromEntries(tasks.map((task) => [task, told[task]()]));
}

function countsToJson(counts: OperatorCounts): object {
  return {
    total: counts.total(),
    byOperator: Object.fromEntries(counts.byOperator()),
    byModule: Object.fromEntries(counts.byModule()),
  };
}
