import { join } from "node:path";

import type { Config } from "@detectron-ts/config";
import { buildDetectionTestLoader } from "@detectron-ts/data";
import {
  type EvaluationResults,
  inferenceOnDataset,
  type InferenceLoader,
  type InferenceModel,
  type InferenceProgress,
  type ResultsDict,
} from "@detectron-ts/evaluation";
import type { ModelInput } from "@detectron-ts/modeling";

import { MissingDatasetError } from "../errors.ts";
import { readProposalFile } from "./read-proposal-file.ts";
import { buildEvaluator, type DetectionEvaluator } from "./build-evaluator.ts";
import type { DatasetInput, ModelOutputs } from "./required-outputs.ts";

/** A model as {@link testModel} sees it; those of `@detectron-ts/modeling` are of this kind. */
export type TestableModel = InferenceModel<ModelInput, Partial<ModelOutputs>>;

/** An entry of a test dataset: a model's input, its file and how the ground truth calls the image. */
export type TestInput = ModelInput & DatasetInput;

/** Options of {@link testModel}. */
export interface TestModelOptions {
  /** Makes the evaluator of a dataset; {@link buildEvaluator} when left out. */
  readonly evaluator?: (
    datasetName: string,
  ) => DetectionEvaluator | undefined | Promise<DetectionEvaluator | undefined>;
  /** Makes the loader of a dataset; that of the config when left out. */
  readonly testLoader?: (
    datasetName: string,
  ) => InferenceLoader<TestInput> | Promise<InferenceLoader<TestInput>>;
  /** Folder for what evaluators save, in a folder for each dataset; OUTPUT_DIR's `inference` when left out. */
  readonly outputDir?: string;
  /** Receives the tables of results; nothing is printed when left out. */
  readonly log?: (message: string) => void;
  /** Called after every image. */
  readonly onProgress?: (datasetName: string, progress: InferenceProgress) => void;
}

/**
 * Runs a model over the datasets of DATASETS.TEST and evaluates what it finds. The model is out of training meanwhile.
 * Mirrors `detectron2.engine.DefaultTrainer.test`.
 *
 * @returns the results of the dataset if there is one, `{ bbox: { AP: … } }`; else those of each by its name.
 * @throws MissingDatasetError when there is no dataset; the errors of {@link buildEvaluator}, of the loader and of the model.
 */
export async function testModel(
  cfg: Config,
  model: TestableModel,
  options: TestModelOptions = {},
): Promise<EvaluationResults | ResultsDict> {
  const datasets = cfg.DATASETS.TEST;
  if (datasets.length === 0) throw new MissingDatasetError("DATASETS.TEST");
  const { outputDir = join(cfg.OUTPUT_DIR, "inference"), log, onProgress } = options;
  const results: Record<string, EvaluationResults> = {};
  for (const name of datasets) {
    // Each dataset gets a folder where there are several: their files have the same names.
    const folder = datasets.length === 1 ? outputDir : join(outputDir, name);
    const evaluator = options.evaluator
      ? await options.evaluator(name)
      : await buildEvaluator(cfg, name, { outputDir: folder, ...(log && { log }) });
    const loader: InferenceLoader<TestInput> = options.testLoader
      ? await options.testLoader(name)
      : await buildDetectionTestLoader(cfg, name, { readProposals: readProposalFile });
    results[name] = await inferenceOnDataset(model, loader, evaluator, {
      ...(onProgress && { onProgress: (progress) => onProgress(name, progress) }),
    });
  }
  return datasets.length === 1 ? results[datasets[0]] : results;
}
