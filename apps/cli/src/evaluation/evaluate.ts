import type { Config } from "@detectron-ts/config";
import {
  isLazyConfigFile,
  lazyDatasetNames,
  type PredictorModel,
  setupConfig,
  type TestableModel,
} from "@detectron-ts/engine";
import { type EvaluationResults, printCsvFormat, type ResultsDict } from "@detectron-ts/evaluation";
import type { DetectionOutput } from "@detectron-ts/modeling";
import { runtime } from "@detectron-ts/runtime";

import { configuredDatasets } from "../datasets/configured-datasets.ts";
import { withDatasets } from "../datasets/dataset-config.ts";
import { registerDatasets } from "../datasets/register-datasets.ts";
import { UsageError } from "../errors.ts";
import { detectorConfig, lazyDetectorConfig } from "../prediction/detector-config.ts";
import { loadLazyPredictor, loadPredictor } from "../prediction/load-predictor.ts";
import { refuseFolder, writeJson } from "../prediction/write-json.ts";
import type { Terminal } from "../terminal.ts";
import { evaluateModel, evaluateTree, loadTestDatasets, treeTestLoader } from "./evaluate-model.ts";
import { evaluateRecorded } from "./evaluate-recorded.ts";
import { type GroundTruthOptions, groundTruthSpecs } from "./ground-truth-specs.ts";
import { readResults } from "./read-results.ts";

/** What `detectron eval` is asked for. */
export interface EvalOptions extends GroundTruthOptions {
  readonly configFile?: string | undefined;
  readonly weights?: string | undefined;
  /** A file of results in COCO's format, in the place of a model. */
  readonly predictions?: string | undefined;
  /** File of the metrics; not written when left out. */
  readonly json?: string | undefined;
  /** Folder for the model's results; not written when left out. */
  readonly output?: string | undefined;
  readonly threads?: number | undefined;
  readonly opts?: readonly string[] | undefined;
}

/**
 * Measures a model, or recorded results, on datasets; prints the tables and writes the JSON file.
 *
 * @throws UsageError for options that don't go together.
 */
export async function evaluate(options: EvalOptions, terminal: Terminal): Promise<void> {
  const { predictions, json } = options;
  const specs = groundTruthSpecs(options, predictions === undefined);
  if (json !== undefined) await refuseFolder(json);
  using registered = await registerDatasets(specs);
  const { configFile } = options;
  const results =
    predictions === undefined && configFile !== undefined && isLazyConfigFile(configFile)
      ? await withTree({ ...options, configFile }, registered.names, terminal)
      : await withYaml(options, registered.names, terminal);
  printCsvFormat(results, (line) => terminal.print(line));
  if (json === undefined) return;
  // JSON has no NaN: it becomes null.
  await writeJson(json, results);
  terminal.print(`${json}: metrics in percent`);
}

async function withYaml(
  options: EvalOptions,
  registered: readonly string[],
  terminal: Terminal,
): Promise<ResultsDict> {
  const { predictions } = options;
  const cfg = readConfig(options);
  const names = registered.length > 0 ? registered : await testDatasets(cfg);
  return predictions === undefined
    ? withModel(options, cfg, names, terminal)
    : withRecorded(predictions, options, cfg, names, terminal);
}

/** A lazy config has one loader for its tests, and its evaluator goes by the name of what that loads. */
async function withTree(
  options: EvalOptions & { readonly configFile: string },
  [name, ...others]: readonly string[],
  terminal: Terminal,
): Promise<EvaluationResults | ResultsDict> {
  const { configFile, output, threads, opts = [] } = options;
  if (others.length > 0) throw new UsageError("A lazy config is measured on one --dataset");
  if (threads !== undefined) await runtime.configure({ threads });
  const dataset = name === undefined ? [] : [`dataloader.test.dataset.names=${name}`];
  const config = await lazyDetectorConfig({ ...options, opts: [...opts, ...dataset] });
  if (lazyDatasetNames(config).length === 0) throw new UsageError(NOTHING_TO_MEASURE);
  const loader = await treeTestLoader(config, terminal);
  const { predictor } = await loadLazyPredictor<DetectionOutput>(config, configFile, terminal);
  return evaluateTree(config, asTestable(predictor.model), loader, output, terminal);
}

const NOTHING_TO_MEASURE =
  "There is nothing to measure on: add --annotations FILE and --images DIR, or --dataset, or name a dataset in the config";

/** The config of a model; for recorded results, that of the command line or the default one. */
function readConfig(options: EvalOptions): Config {
  const { configFile, predictions, opts } = options;
  if (predictions !== undefined) return setupConfig({ configFile, opts });
  return detectorConfig(requireConfigFile(options));
}

function requireConfigFile(options: EvalOptions): EvalOptions & { readonly configFile: string } {
  const { configFile } = options;
  if (configFile !== undefined) return { ...options, configFile };
  throw new UsageError("Add --config-file FILE to measure a model, or --predictions FILE");
}

/** The datasets that a config is tested on. */
async function testDatasets(cfg: Config): Promise<readonly string[]> {
  const names = await configuredDatasets(cfg, "TEST");
  if (names.length > 0) return names;
  throw new UsageError(NOTHING_TO_MEASURE);
}

async function withModel(
  options: EvalOptions,
  config: Config,
  names: readonly string[],
  terminal: Terminal,
): Promise<ResultsDict> {
  const { configFile, output, threads } = requireConfigFile(options);
  if (threads !== undefined) await runtime.configure({ threads });
  const cfg = withDatasets(config, "TEST", names);
  const datasets = await loadTestDatasets(cfg, terminal);
  const { predictor } = await loadPredictor<DetectionOutput>(cfg, configFile, terminal);
  return evaluateModel(cfg, asTestable(predictor.model), datasets, output, terminal);
}

/** A predictor's model is out of training for good. Evaluators also know the proposals of a proposal network. */
function asTestable(model: PredictorModel<DetectionOutput>): TestableModel {
  return {
    training: false,
    train: () => undefined,
    inference: (batchedInputs) => model.inference(batchedInputs),
  };
}

async function withRecorded(
  predictions: string,
  { weights, output }: EvalOptions,
  cfg: Config,
  [name, ...others]: readonly string[],
  terminal: Terminal,
): Promise<ResultsDict> {
  if (weights !== undefined || output !== undefined) {
    throw new UsageError(
      "--predictions takes a model's place: there is no use for --weights and --output",
    );
  }
  if (others.length > 0) throw new UsageError("--predictions are those of one --dataset");
  return evaluateRecorded(cfg, name, await readResults(predictions), terminal);
}
