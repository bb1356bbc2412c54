import { type Config, getCfg, isLazy } from "@detectron-ts/config";
import { DatasetCatalog, type DatasetDict } from "@detectron-ts/data";
import {
  buildEvaluator,
  type TestableModel,
  lazyDatasetNames,
  testLazyModel,
  testModel,
  type TestModelOptions,
  testWithTTA,
} from "@detectron-ts/engine";
import type { EvaluationResults, ResultsDict } from "@detectron-ts/evaluation";
import type { LazyConfig } from "@detectron-ts/model-zoo";

import { compareClassCounts } from "../datasets/class-count.ts";
import { testLoader } from "../datasets/test-loader.ts";
import { modelClasses, modelClassesOfTree } from "../model-classes.ts";
import type { Terminal } from "../terminal.ts";
import { EvaluationProgress } from "./evaluation-progress.ts";

/**
 * The entries of the datasets in DATASETS.TEST, by name. Says at once when a dataset has another number of classes than
 * the model.
 *
 * @throws UsageError when the evaluation would fail for that.
 */
export async function loadTestDatasets(
  cfg: Config,
  terminal: Terminal,
): Promise<ReadonlyMap<string, readonly DatasetDict[]>> {
  const datasets = new Map<string, readonly DatasetDict[]>();
  for (const name of cfg.DATASETS.TEST) {
    datasets.set(name, await DatasetCatalog.get(name));
    compareClassCounts(modelClasses(cfg), name, "eval", terminal);
  }
  return datasets;
}

/**
 * Runs a model over datasets, showing how far it is, and prints the tables of results. With TEST.AUG.ENABLED once more with
 * test-time augmentation, whose results have `_TTA` at the end of their names.
 *
 * @param datasets - as {@link loadTestDatasets} gives them.
 * @param output - folder for what evaluators save; nothing is saved when left out.
 */
export async function evaluateModel(
  cfg: Config,
  model: TestableModel,
  datasets: ReadonlyMap<string, readonly DatasetDict[]>,
  output: string | undefined,
  terminal: Terminal,
): Promise<ResultsDict> {
  const progress = new EvaluationProgress(terminal);
  const log = (message: string): void => terminal.print(message);
  const options: TestModelOptions = {
    log,
    onProgress: progress.update,
    testLoader: (name) => {
      const dataset = datasets.get(name) ?? [];
      progress.start(name, dataset.length);
      return testLoader(cfg, name, dataset);
    },
    ...(output === undefined
      ? { evaluator: (name: string) => buildEvaluator(cfg, name, { log }) }
      : { outputDir: output }),
  };
  try {
    const results = await testModel(cfg, model, options);
    if (!cfg.TEST.AUG.ENABLED) return results;
    return { ...results, ...(await testWithTTA(cfg, model, options)) };
  } finally {
    progress.stop();
  }
}

/**
 * The number of images in each dataset that a lazy config is tested on. Says at once when a dataset has another number of
 * classes than the model.
 *
 * @throws UsageError when the evaluation would fail for that.
 */
export async function loadTreeTestDatasets(
  config: LazyConfig,
  terminal: Terminal,
): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  for (const name of lazyDatasetNames(config)) {
    // What an evaluator of the tree's own measures is known to it alone.
    if (!DatasetCatalog.has(name)) continue;
    sizes.set(name, (await DatasetCatalog.get(name)).length);
    compareClassCounts(modelClassesOfTree(config), name, "eval", terminal);
  }
  return sizes;
}

/**
 * The same as {@link evaluateModel} by a lazy config, on what its `dataloader.test` loads.
 *
 * @param sizes - as {@link loadTreeTestDatasets} gives them.
 */
export async function evaluateTree(
  config: LazyConfig,
  model: TestableModel,
  sizes: ReadonlyMap<string, number>,
  output: string | undefined,
  terminal: Terminal,
): Promise<EvaluationResults | ResultsDict> {
  const progress = new EvaluationProgress(terminal);
  const [first] = sizes;
  if (first !== undefined) progress.start(...first);
  const log = (message: string): void => terminal.print(message);
  const savesNothing = output === undefined && !isLazy(config.dataloader.evaluator);
  try {
    return await testLazyModel(config, model, {
      log,
      onProgress: progress.update,
      ...(output !== undefined && { outputDir: output }),
      ...(savesNothing && { evaluator: (name: string) => buildEvaluator(getCfg(), name, { log }) }),
    });
  } finally {
    progress.stop();
  }
}
