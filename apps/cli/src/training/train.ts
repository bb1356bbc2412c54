import type { Config } from "@detectron-ts/config";
import { buildDetectionTrainLoader, type DatasetDict } from "@detectron-ts/data";
import {
  DefaultTrainer,
  type DefaultTrainerOverrides,
  defaultSetup,
  defaultWriters,
  readProposalFile,
} from "@detectron-ts/engine";
import { runtime } from "@detectron-ts/runtime";

import { compareClassCounts } from "../datasets/class-count.ts";
import { configuredDatasets } from "../datasets/configured-datasets.ts";
import type { DatasetSpec } from "../datasets/dataset-spec.ts";
import { registerDatasets } from "../datasets/register-datasets.ts";
import { testLoader } from "../datasets/test-loader.ts";
import { TrainingStoppedError, UsageError } from "../errors.ts";
import { loadTestDatasets } from "../evaluation/evaluate-model.ts";
import { EvaluationProgress } from "../evaluation/evaluation-progress.ts";
import { DownloadBar } from "../prediction/progress.ts";
import type { Terminal } from "../terminal.ts";
import { evaluateOnly } from "./evaluate-only.ts";
import { TrainingBar } from "./training-bar.ts";
import { trainingConfig, type TrainingConfigOptions } from "./training-config.ts";
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
  for (const name of cfg.DATASETS.TRAIN) compareClassCounts(cfg, name, "train", terminal);
  const testImages = await loadTestDatasets(cfg, terminal);

  const trainer = await DefaultTrainer.create(cfg, {
    trainLoader,
    ...display(cfg, testImages, terminal),
  });
  printTrainingPlan({ trainer, trainImages: trainLoader.dataset, testImages }, terminal);
  await load(trainer, resume, terminal);
  await trainer.train();

  const { checkpointer, stoppedBy } = trainer;
  if (stoppedBy !== undefined) {
    throw new TrainingStoppedError(stoppedBy, trainer.iter, checkpointer.getCheckpointFile());
  }
  const report = await writeReport(trainer, testImages);
  terminal.print(`The checkpoint is ${terminal.colors.bold(checkpointer.getCheckpointFile())}`);
  terminal.print(`The training's report is ${report}`);
}

/** How the training shows itself: a bar in a terminal, else detectron2's lines. */
function display(
  cfg: Config,
  testImages: ReadonlyMap<string, readonly DatasetDict[]>,
  terminal: Terminal,
): DefaultTrainerOverrides {
  const { OUTPUT_DIR: outputDir, SOLVER } = cfg;
  const loaderOf = (name: string) => testLoader(cfg, name, testImages.get(name) ?? []);
  if (!terminal.stdout.isTTY) {
    const progress = new EvaluationProgress(terminal);
    return {
      onSignal: (signal) => terminal.warn(signalText(signal)),
      log: (line) => terminal.print(line),
      test: { testLoader: loaderOf, onProgress: progress.update },
    };
  }
  const bar = new TrainingBar(terminal);
  return {
    onSignal: (signal) => bar.print(terminal.colors.yellow(signalText(signal))),
    log: bar.print,
    hooks: [bar],
    test: { testLoader: loaderOf, onProgress: bar.updateTest },
    writers: (startIter) =>
      defaultWriters({
        outputDir,
        maxIter: SOLVER.MAX_ITER,
        ...(startIter > 0 && { startIter }),
        // The bar says the same.
        log: () => undefined,
      }),
  };
}

function signalText(signal: NodeJS.Signals): string {
  return `${signal}: saving a checkpoint after this iteration; once more ends at once`;
}

/** Loads what the training starts from, and says what became of it. */
async function load(trainer: DefaultTrainer, resume: boolean, terminal: Terminal): Promise<void> {
  const { checkpointer, cfg } = trainer;
  const last = checkpointer.getCheckpointFile();
  if (!resume && last !== "") {
    terminal.warn(`${last} is of an earlier training, which --resume would go on with`);
  }
  if (resume && last === "") {
    terminal.print(`There is no checkpoint in ${cfg.OUTPUT_DIR}: the training begins anew`);
  }
  const download = new DownloadBar(terminal);
  const report = await trainer
    .resumeOrLoad({ resume, onProgress: download.update })
    .finally(() => download.stop());
  if (report.source === "") return;
  const { matched, missing, source } = report;
  const others = missing.length === 0 ? "" : `; ${missing.length} others start as initialised`;
  terminal.print(`Loaded ${matched.length} tensors of ${source}${others}`);
}
