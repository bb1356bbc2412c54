import { type Config, getCfg, instantiateAsync, isLazy } from "@detectron-ts/config";
import { DatasetCatalog, type DatasetDict, type DetectionTestLoader } from "@detectron-ts/data";
import {
  buildEvaluator,
  lazyDatasetNames,
  type TestableModel,
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
 * The loader that a lazy config is tested with, which reads its dataset. Says at once when that has another number of classes
 * than the model.
 *
 * @throws UsageError when the evaluation would fail for that; LazyConstructionError of `@detectron-ts/config` when the loader
 *   can't be made.
 */
export async function treeTestLoader(
  config: LazyConfig,
  terminal: Terminal,
): Promise<DetectionTestLoader> {
  const loader = await instantiateAsync(config.dataloader.test, { within: config });
  // What an evaluator of the tree's own measures is known to it alone.
  for (const name of lazyDatasetNames(config).filter((each) => DatasetCatalog.has(each))) {
    compareClassCounts(modelClassesOfTree(config), name, "eval", terminal);
  }
  return loader;
}

/**
 * The same as {@link evaluateModel} by a lazy config.
 *
 * @param loader - as {@link treeTestLoader} gives it.
 */
export async function evaluateTree(
  config: LazyConfig,
  model: TestableModel,
  loader: DetectionTestLoader,
  output: string | undefined,
  terminal: Terminal,
): Promise<EvaluationResults | ResultsDict> {
  const progress = new EvaluationProgress(terminal);
  const log = (message: string): void => terminal.print(message);
  const savesNothing = output === undefined && !isLazy(config.dataloader.evaluator);
  try {
    return await testLazyModel(config, model, {
      log,
      onProgress: progress.update,
      testLoader: (name) => {
        progress.start(name, loader.dataset.length);
        return loader;
      },
      ...(output !== undefined && { outputDir: output }),
      ...(savesNothing && { evaluator: (name: string) => buildEvaluator(getCfg(), name, { log }) }),
    });
  } finally {
    progress.stop();
  }
}
