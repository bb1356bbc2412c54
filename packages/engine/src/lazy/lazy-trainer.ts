import { join } from "node:path";

import { writeFileAtomically } from "@detectron-ts/atomic-file";
import {
  type Config,
  dumpLazyYaml,
  getCfg,
  instantiate,
  instantiateAsync,
  InvalidValueError,
  isLazy,
  printLazy,
} from "@detectron-ts/config";
import { DetectionCheckpointer, type ResumeOptions } from "@detectron-ts/checkpoint";
import type { EvaluationResults, ResultsDict } from "@detectron-ts/evaluation";
import type { LazyConfig } from "@detectron-ts/model-zoo";
import type { AnyModule } from "@detectron-ts/nn";
import { LRMultiplier } from "@detectron-ts/solver";

import type { DetectionEvaluator } from "../train/build-evaluator.ts";
import { defaultSetup } from "../train/default-setup.ts";
import {
  DefaultTrainer,
  type DefaultTrainerOverrides,
  type DetectorModel,
} from "../train/default-trainer.ts";
import { type TestableModel, testModel, type TestModelOptions } from "../train/test-model.ts";
import { LazyConfigError } from "./errors.ts";

/** What {@link createLazyTrainer} uses beside the tree. */
export type LazyTrainerOverrides = Pick<
  DefaultTrainerOverrides,
  "hooks" | "log" | "onSignal" | "test" | "writers"
>;

/** Options of {@link trainLazy}. */
export interface TrainLazyOptions extends LazyTrainerOverrides {
  /** Whether to go on from the last checkpoint of `train.outputDir`, if there is one; false when left out. */
  readonly resume?: boolean;
}

/**
 * The training that a tree of constructors describes, as detectron2's `tools/lazyconfig_train_net.py` runs it: the tree's
 * `model` learns from `dataloader.train` by its `optimizer`, whose rates follow `lrMultiplier`, with the settings of `train`;
 * `dataloader.test` is evaluated. `config.yaml` in `train.outputDir` is the tree.
 *
 * ```ts
 * const config = await getConfig("new_baselines/mask_rcnn_R_50_FPN_100ep_LSJ.py");
 * applyOverrides(config, ["train.maxIter=1000"]);
 * const trainer = await createLazyTrainer(config);
 * await trainer.resumeOrLoad({ resume: false });
 * await trainer.train();
 * ```
 *
 * @returns a {@link DefaultTrainer} of the tree's parts; its `cfg` has the settings under the keys of YAML configs.
 * @throws LazyConfigError for a model that can't be trained; LazyConstructionError of `@detectron-ts/config` when a part
 *   can't be made.
 */
export async function createLazyTrainer(
  config: LazyConfig,
  overrides: LazyTrainerOverrides = {},
): Promise<DefaultTrainer> {
  // Seeds what is random before anything is made.
  const cfg = await defaultSetup(settingsOf(config));
  const seeded = { ...config, train: { ...config.train, seed: cfg.SEED } };
  await saveTree(seeded, cfg.OUTPUT_DIR);

  const model = await instantiateAsync(config.model, { within: config });
  assertDetector(model);
  model.train(true);
  const optimizerNode = { ...config.optimizer, params: { ...config.optimizer.params, model } };
  const tree = { ...seeded, optimizer: optimizerNode };
  const optimizer = await instantiateAsync(optimizerNode, { within: tree });
  const multiplier = await instantiateAsync(config.lrMultiplier, { within: tree });
  return new DefaultTrainer({
    ...overrides,
    cfg,
    model,
    optimizer,
    scheduler: new LRMultiplier({ optimizer, multiplier, maxIter: config.train.maxIter }),
    trainLoader: await instantiateAsync(config.dataloader.train, { within: tree }),
    test: { ...testOf(tree), ...overrides.test },
    logPeriod: config.train.logPeriod,
    maxToKeep: config.train.checkpointer.maxToKeep,
  });
}

/**
 * Trains by a tree from beginning to end; see {@link createLazyTrainer}.
 *
 * @returns results of the last evaluation; undefined if there was none.
 */
export async function trainLazy(
  config: LazyConfig,
  { resume = false, ...overrides }: TrainLazyOptions = {},
): Promise<ResultsDict | undefined> {
  const trainer = await createLazyTrainer(config, overrides);
  await trainer.resumeOrLoad({ resume });
  return trainer.train();
}

/** Options of {@link testLazy}. */
export interface TestLazyOptions extends TestModelOptions {
  /** Whether to measure the last checkpoint of `train.outputDir`, if there is one; false when left out. */
  readonly resume?: boolean;
  /** How the checkpoint is loaded. */
  readonly load?: Omit<ResumeOptions, "resume">;
}

/**
 * Measures a tree's `model`, with the weights of `train.initCheckpoint` or those of the last checkpoint, on its
 * `dataloader.test`. Mirrors `tools/lazyconfig_train_net.py --eval-only`.
 *
 * @throws MissingDatasetError when the tree has no `dataloader.evaluator`; as {@link createLazyTrainer}.
 */
export async function testLazy(
  config: LazyConfig,
  { resume = false, load = {}, ...options }: TestLazyOptions = {},
): Promise<EvaluationResults | ResultsDict> {
  const cfg = settingsOf(config);
  const model = await instantiateAsync(config.model, { within: config });
  assertDetector(model);
  const checkpointer = new DetectionCheckpointer(model, { saveDir: cfg.OUTPUT_DIR });
  await checkpointer.resumeOrLoad(cfg.MODEL.WEIGHTS, { ...load, resume });
  return testLazyModel(config, model, options);
}

/**
 * Measures a model that is there already on a tree's `dataloader.test`.
 *
 * @throws MissingDatasetError when the tree has no `dataloader.evaluator`; LazyConstructionError of `@detectron-ts/config` when
 *   a part can't be made.
 */
export async function testLazyModel(
  config: LazyConfig,
  model: TestableModel,
  options: TestModelOptions = {},
): Promise<EvaluationResults | ResultsDict> {
  return testModel(settingsOf(config), model, { ...testOf(config), ...options });
}

/** The settings of a training under the keys of YAML configs. */
function settingsOf({ train, dataloader }: LazyConfig): Config {
  const cfg = getCfg();
  cfg.OUTPUT_DIR = train.outputDir;
  cfg.SEED = train.seed;
  cfg.MODEL.WEIGHTS = train.initCheckpoint;
  cfg.SOLVER.MAX_ITER = train.maxIter;
  cfg.SOLVER.CHECKPOINT_PERIOD = train.checkpointer.period;
  cfg.TEST.EVAL_PERIOD = train.evalPeriod;
  cfg.DATASETS.TEST = lazyDatasetNames({ dataloader });
  return cfg;
}

/**
 * The datasets that a tree is evaluated on by its `dataloader.evaluator`; the name `test` for what an evaluator constructed by
 * the tree knows of itself, and none without any.
 *
 * @throws LazyConfigError when the evaluator is neither a node nor has a `datasetName`.
 */
export function lazyDatasetNames({ dataloader }: Pick<LazyConfig, "dataloader">): string[] {
  const { evaluator } = dataloader;
  if (evaluator === undefined) return [];
  if (isLazy(evaluator)) return ["test"];
  const { datasetName } = {
    datasetName: undefined,
    ...instantiate(evaluator, { within: { dataloader } }),
  };
  const names = [datasetName].flat();
  if (names.every((name) => typeof name === "string")) return names;
  throw new LazyConfigError("dataloader.evaluator", "has to be a node, or have a datasetName");
}

/** How the tree's test data are loaded, and evaluated where it says. */
function testOf(tree: LazyConfig): NonNullable<DefaultTrainerOverrides["test"]> {
  const { evaluator, test } = tree.dataloader;
  return {
    testLoader: () => instantiateAsync(test, { within: tree }),
    // As the parts of a model, an evaluator is what its author says it is.
    ...(isLazy(evaluator) && {
      evaluator: async () =>
        (await instantiateAsync(evaluator, { within: tree })) as DetectionEvaluator,
    }),
  };
}

/** @throws LazyConfigError when a model has no losses. */
function assertDetector(model: AnyModule): asserts model is DetectorModel {
  if ("losses" in model && typeof model.losses === "function") return;
  throw new LazyConfigError("model", `can't be trained: ${model.constructor.name} has no losses`);
}

/** Saves the tree so that it can be loaded again, or else so that it can be read. */
async function saveTree(config: LazyConfig, outputDir: string): Promise<void> {
  if (outputDir === "") return;
  let text: string;
  try {
    text = dumpLazyYaml(config);
  } catch (error) {
    if (!(error instanceof InvalidValueError)) throw error;
    text = printLazy(config);
  }
  await writeFileAtomically(join(outputDir, "config.yaml"), text);
}
