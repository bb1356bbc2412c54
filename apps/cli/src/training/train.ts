import type { Config } from "@detectron-ts/config";
import { buildDetectionTrainLoader } from "@detectron-ts/data";
import {
  DefaultTrainer,
  defaultSetup,
  isLazyConfigFile,
  readProposalFile,
} from "@detectron-ts/engine";
import { runtime } from "@detectron-ts/runtime";

import { compareClassCounts } from "../datasets/class-count.ts";
import { configuredDatasets } from "../datasets/configured-datasets.ts";
import type { DatasetSpec } from "../datasets/dataset-spec.ts";
import { registerDatasets } from "../datasets/register-datasets.ts";
import { testLoader } from "../datasets/test-loader.ts";
import { UsageError } from "../errors.ts";
import { loadTestDatasets } from "../evaluation/evaluate-model.ts";
import { modelClasses } from "../model-classes.ts";
import type { Terminal } from "../terminal.ts";
import { evaluateOnly } from "./evaluate-only.ts";
import { printResults, runTrainer } from "./run-trainer.ts";
import { trainByTree } from "./train-by-tree.ts";
import { trainingConfig, type TrainingConfigOptions } from "./training-config.ts";
import { trainingDisplay } from "./training-display.ts";
import { printTrainingPlan } from "./training-plan.ts";
import { writeReport } from "./training-report.ts";

/** What `detectron train` is asked for. */
export interface TrainOptions extends TrainingConfigOptions {
  readonly dataset?: readonly DatasetSpec[] | undefined;
  /** Whether to go on from the last checkpoint, if there is one. */
  readonly resume?: boolean | undefined;
  /** Whether to measure the model and train nothing. */
  readonly evalOnly?: boolean | undefined;
  readonly threads?: number | undefined;
}

/**
 * Trains the model of a config, or measures it.
 *
 * @throws TrainingStoppedError when a signal stopped the training; UsageError for datasets that nobody registered or that
 *   have other classes than the model; the errors of the training.
 */
export async function train(options: TrainOptions, terminal: Terminal): Promise<void> {
  if (isLazyConfigFile(options.configFile)) return trainByTree(options, terminal);
  const { threads, resume = false } = options;
  using _registered = await registerDatasets(options.dataset);
  const cfg = trainingConfig(options);
  await configuredDatasets(cfg, "TEST");
  if (threads !== undefined) await runtime.configure({ threads });
  if (options.evalOnly) {
    await evaluateOnly(cfg, options.configFile, resume, terminal);
    return;
  }
  if ((await configuredDatasets(cfg, "TRAIN")).length === 0) {
    throw new UsageError("DATASETS.TRAIN is empty: name datasets there that --dataset registers");
  }
  await runTraining(await defaultSetup(cfg), resume, terminal);
}

async function runTraining(cfg: Config, resume: boolean, terminal: Terminal): Promise<void> {
  const trainLoader = await buildDetectionTrainLoader(cfg, { readProposals: readProposalFile });
  for (const name of cfg.DATASETS.TRAIN)
    compareClassCounts(modelClasses(cfg), name, "train", terminal);
  const testImages = await loadTestDatasets(cfg, terminal);

  const display = trainingDisplay(cfg.OUTPUT_DIR, cfg.SOLVER.MAX_ITER, terminal);
  const trainer = await DefaultTrainer.create(cfg, {
    trainLoader,
    ...display,
    test: {
      ...display.test,
      testLoader: (name) => testLoader(cfg, name, testImages.get(name) ?? []),
    },
  });
  printTrainingPlan({ trainer, trainImages: trainLoader.dataset, testImages }, terminal);
  await runTrainer(trainer, resume, terminal);
  printResults(trainer, await writeReport(trainer, testImages), terminal);
}
