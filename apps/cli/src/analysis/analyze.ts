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
import { instantiate } from "@detectron-ts/config";
import { type DefaultPredictor, isLazyConfigFile, setupLazyConfig } from "@detectron-ts/engine";
import { readImage } from "@detectron-ts/image";
import { buildModel, MetaArchitecture } from "@detectron-ts/modeling";
import { init } from "@detectron-ts/nn";
import type { ImageSize } from "@detectron-ts/structures";
import ndarray from "ndarray";

import { UsageError } from "../errors.ts";
import { detectorConfig, lazyDetectorConfig } from "../prediction/detector-config.ts";
import { loadLazyPredictor, loadPredictor } from "../prediction/load-predictor.ts";
import { formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";

/** What can be told of a model. */
type Task = "parameter" | "flop" | "activation" | "structure";

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

const USUAL_SIZE: ImageSize = [800, 1216];

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
  const analysis = isLazyConfigFile(options.configFile)
    ? await analyzeTree(options, terminal)
    : await analyzeYaml(options, terminal);
  if (json) terminal.print(JSON.stringify(toJson(analysis, tasks), null, 2));
  else printAnalysis(analysis, tasks, depth, terminal);
}

/** Whether a task needs a run of the model. */
function runs({ tasks }: AnalyzeCommandOptions): boolean {
  return tasks.includes("flop") || tasks.includes("activation");
}

async function analyzeYaml(options: AnalyzeCommandOptions, terminal: Terminal): Promise<Analysis> {
  const cfg = detectorConfig(options);
  if (!runs(options)) return { model: init.withoutDrawing(() => buildModel<Model>(cfg)) };
  if (options.image !== undefined) {
    const { predictor } = await loadPredictor<unknown>(cfg, options.configFile, terminal);
    return analyzeImage(predictor, options.image, options.configFile);
  }
  return analyzeConfig(cfg, { imageSize: options.inputSize });
}

/** The same for a lazy config, whose model is run dry. */
async function analyzeTree(options: AnalyzeCommandOptions, terminal: Terminal): Promise<Analysis> {
  const { configFile, image, opts, inputSize: [height, width] = USUAL_SIZE } = options;
  if (image !== undefined && runs(options)) {
    const lazyConfig = await lazyDetectorConfig(options);
    const { predictor } = await loadLazyPredictor<unknown>(lazyConfig, configFile, terminal);
    return analyzeImage(predictor, image, configFile);
  }
  const config = await setupLazyConfig({ configFile, opts });
  const model = init.withoutDrawing(() => instantiate(config.model, { within: config }));
  if (!(model instanceof MetaArchitecture)) throw new UsageError(unknownKind(configFile));
  if (!runs(options)) return { model };
  const black = ndarray(new Uint8Array(3 * height * width), [3, height, width]);
  return { model, costs: await analyzeModel(model, [{ image: black }], { dryRun: true }) };
}

function unknownKind(configFile: string): string {
  return `${configFile} is of a model of another kind than can be analyzed`;
}

/** What it costs to find in an image what a checkpoint finds in it. */
async function analyzeImage(
  predictor: DefaultPredictor<unknown>,
  file: string,
  configFile: string,
): Promise<Analysis> {
  const pixels = await readImage(file, { format: "BGR" });
  const { model } = predictor;
  if (!(model instanceof MetaArchitecture)) throw new UsageError(unknownKind(configFile));
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
