import {
  DetectionCheckpointer,
  type LoadReport,
  PeriodicCheckpointer,
  type ResumeOptions,
  type StateDictTarget,
} from "@detectron-ts/checkpoint";
import type { Config } from "@detectron-ts/config";
import { buildDetectionTrainLoader, type DetectionTrainLoader } from "@detectron-ts/data";
import type { EventStorage, EventWriter } from "@detectron-ts/events";
import { printCsvFormat, type ResultsDict, verifyResults } from "@detectron-ts/evaluation";
import { buildModel, type ModelInput } from "@detectron-ts/modeling";
import { type AnyModule, BatchNorm2d, updateRunningStatistics } from "@detectron-ts/nn";
import { buildLrScheduler, buildOptimizer, type ScheduledOptimizer } from "@detectron-ts/solver";

import { defaultSetup } from "./default-setup.ts";
import { defaultWriters } from "./default-writers.ts";
import { TrainerStateError } from "./errors.ts";
import type { HookBase } from "./hook-base.ts";
import { CallbackHook } from "./hooks/callback-hook.ts";
import { EvalHook } from "./hooks/eval-hook.ts";
import { IterationTimer } from "./hooks/iteration-timer.ts";
import { LRSchedulerHook, type SteppedScheduler } from "./hooks/lr-scheduler-hook.ts";
import { PeriodicCheckpointerHook } from "./hooks/periodic-checkpointer-hook.ts";
import { PeriodicWriter } from "./hooks/periodic-writer.ts";
import { PreciseBN } from "./hooks/precise-bn.ts";
import { StopOnSignal } from "./hooks/stop-on-signal.ts";
import { printLine } from "./print-line.ts";
import { loadRandomState, saveRandomState } from "./random-state.ts";
import { readProposalFile } from "./read-proposal-file.ts";
import { SimpleTrainer, type TrainableModel, type TrainerOptimizer } from "./simple-trainer.ts";
import { type TestableModel, testModel, type TestModelOptions } from "./test-model.ts";
import { testWithTTA, withTTA } from "./test-with-tta.ts";

/** A detector that {@link DefaultTrainer} can train; those of `@detectron-ts/modeling` are of this kind. */
export type DetectorModel = AnyModule &
  TestableModel &
  TrainableModel<ModelInput[]> &
  StateDictTarget;

/** What is trained, on what and how. */
interface TrainingParts {
  readonly model: DetectorModel;
  /** Batches without end. One with a `state` that fits JSON, as `DetectionTrainLoader` has, is resumed where it was. */
  readonly trainLoader: AsyncIterable<ModelInput[]>;
  readonly optimizer: TrainerOptimizer & ScheduledOptimizer;
  readonly scheduler: SteppedScheduler;
}

/** What {@link DefaultTrainer.create} uses instead of what the config says. */
export interface DefaultTrainerOverrides extends Partial<TrainingParts> {
  /** Hooks of one's own. They come after evaluation and before the writers, so that what they record is written. */
  readonly hooks?: readonly HookBase[];
  /** Makes writers to take the place of {@link defaultWriters}, for a training that begins at an iteration. */
  readonly writers?: (startIter: number) => readonly EventWriter[];
  /** Iterations from one writing of metrics to the next; 20 when left out. */
  readonly logPeriod?: number;
  /** Most checkpoints that are kept, the last ones; all when left out. */
  readonly maxToKeep?: number;
  /** How to test; see {@link testModel}. */
  readonly test?: Omit<TestModelOptions, "log">;
  /** Where lines for people go; standard output when left out. */
  readonly log?: (line: string) => void;
  /** Told at once of a signal that stops training; see {@link StopOnSignal}. */
  readonly onSignal?: (signal: NodeJS.Signals) => void;
}

/** Options of {@link DefaultTrainer}. */
export interface DefaultTrainerOptions
  extends TrainingParts, Omit<DefaultTrainerOverrides, keyof TrainingParts> {
  readonly cfg: Config;
}

/**
 * The training that a config describes: its model, data, optimizer and schedule, with checkpoints, evaluations, and
 * metrics on the console, in `metrics.json` and for TensorBoard, all in OUTPUT_DIR. Mirrors
 * `detectron2.engine.DefaultTrainer`.
 *
 * ```ts
 * const trainer = await DefaultTrainer.create(cfg);
 * await trainer.resumeOrLoad({ resume: false });
 * const results = await trainer.train();
 * ```
 *
 * Training that is resumed goes on as if it had not been interrupted: the same images in the same order with the same
 * augmentations, the same samples of anchors and proposals, and so the same losses.
 *
 * A signal to end, such as Ctrl-C, saves a checkpoint after the present iteration; {@link stoppedBy} tells of it. For
 * trainings of another make, put together a {@link SimpleTrainer} and hooks.
 */
export class DefaultTrainer {
  readonly cfg: Config;
  readonly model: DetectorModel;
  readonly trainLoader: AsyncIterable<ModelInput[]>;
  readonly optimizer: TrainerOptimizer & ScheduledOptimizer;
  readonly scheduler: SteppedScheduler;
  /** Saves the model, and the rest under `trainer` as detectron2 does, in OUTPUT_DIR. */
  readonly checkpointer: DetectionCheckpointer;
  readonly #trainer: SimpleTrainer<ModelInput[]>;
  readonly #stopOnSignal: StopOnSignal;
  readonly #options: DefaultTrainerOptions;
  readonly #log: (line: string) => void;
  /** The iteration to begin with. */
  #startIter = 0;
  #results: ResultsDict | undefined;

  constructor(options: DefaultTrainerOptions) {
    const { cfg, model, trainLoader, optimizer, scheduler, onSignal, log = printLine } = options;
    this.cfg = cfg;
    this.model = model;
    this.trainLoader = trainLoader;
    this.optimizer = optimizer;
    this.scheduler = scheduler;
    this.#options = options;
    this.#log = log;
    this.#trainer = new SimpleTrainer({ model, dataLoader: trainLoader, optimizer });
    this.checkpointer = new DetectionCheckpointer(model, {
      saveDir: cfg.OUTPUT_DIR,
      checkpointables: { trainer: this },
    });
    this.#stopOnSignal = new StopOnSignal({
      checkpointer: this.checkpointer,
      ...(onSignal && { onSignal }),
    });
    this.registerHooks(this.#buildHooks());
  }

  /**
   * Builds all that the config names, after {@link defaultSetup}.
   *
   * @throws the errors of the parts, such as EmptyDatasetError of `@detectron-ts/data` and SolverConfigError of
   *   `@detectron-ts/solver`; ModelOptionsError of `@detectron-ts/modeling` when TEST.AUG.ENABLED is set for a model that cannot
   *   have it.
   */
  static async create(
    config: Config,
    overrides: DefaultTrainerOverrides = {},
  ): Promise<DefaultTrainer> {
    const cfg = await defaultSetup(config);
    const model = overrides.model ?? buildModel<DetectorModel>(cfg);
    model.train(true);
    const optimizer = overrides.optimizer ?? buildOptimizer(cfg, model);
    const scheduler = overrides.scheduler ?? buildLrScheduler(cfg, optimizer);
    const trainLoader = overrides.trainLoader ?? (await trainLoaderOf(cfg));
    return new DefaultTrainer({ ...overrides, cfg, model, optimizer, scheduler, trainLoader });
  }

  /** Tests a model as training does at its end; see {@link testModel}. */
  static readonly test = testModel;

  /** Tests a model with augmentation, as training does at its end with TEST.AUG.ENABLED; see {@link testWithTTA}. */
  static readonly testWithTTA = testWithTTA;

  /** The iteration that is running or done last; MAX_ITER after a whole training. */
  get iter(): number {
    return this.#trainer.iter;
  }

  /** Where scalars of the training go; see `TrainerBase.storage`. */
  get storage(): EventStorage {
    return this.#trainer.storage;
  }

  /** The signal that stopped the last training before its end, if one did. */
  get stoppedBy(): NodeJS.Signals | undefined {
    return this.#trainer.iter < this.cfg.SOLVER.MAX_ITER ? this.#stopOnSignal.signal : undefined;
  }

  /** Adds hooks after those there are, the writers included; those to record something are better given at the making. */
  registerHooks(hooks: Iterable<HookBase>): void {
    this.#trainer.registerHooks(hooks);
  }

  /**
   * Goes on from the last checkpoint of OUTPUT_DIR when `resume` is set, as it is when left out, and there is one; else
   * loads the model from MODEL.WEIGHTS and begins anew.
   *
   * @throws CheckpointError of `@detectron-ts/checkpoint`; TrainerStateError or SolverStateError when the checkpoint is of
   *   another kind of training.
   */
  async resumeOrLoad(options: ResumeOptions = {}): Promise<LoadReport> {
    const resumes = (options.resume ?? true) && this.checkpointer.hasCheckpoint();
    const report = await this.checkpointer.resumeOrLoad(this.cfg.MODEL.WEIGHTS, options);
    // Without a trainer's state in it, a checkpoint is the start of a training.
    this.#startIter = resumes && report.restored.includes("trainer") ? this.iter + 1 : 0;
    return report;
  }

  /**
   * Trains until MAX_ITER, or until a hook or signal stops it.
   *
   * @returns results of the last evaluation, as {@link testModel} gives them; undefined if there was none.
   * @throws NonFiniteLossError; TrainingStepError when the model fails on a batch; UnexpectedResultsError of `@detectron-ts/evaluation` when TEST.EXPECTED_RESULTS aren't met;
   *   whatever parts and hooks throw.
   */
  async train(): Promise<ResultsDict | undefined> {
    const { cfg } = this;
    this.#results = undefined;
    this.#log(`Starting training from iteration ${this.#startIter}`);
    try {
      await this.#trainer.train(this.#startIter, cfg.SOLVER.MAX_ITER);
    } finally {
      // Ends the loader's threads; its state says where it goes on.
      await this.#trainer.resetDataLoader(this.trainLoader);
    }
    this.#startIter = this.iter;
    if (this.#results && this.stoppedBy === undefined) {
      verifyResults(cfg.TEST.EXPECTED_RESULTS, this.#results);
    }
    return this.#results;
  }

  /** Ends training after the present iteration. */
  stop(): void {
    this.#trainer.stop();
  }

  /** In the layout of detectron2's trainer, and with what is random beside the optimizer. */
  stateDict(): Map<string, unknown> {
    const state = this.#trainer.stateDict();
    const inner = new Map<string, unknown>([
      ["iteration", state.get("iteration")],
      ["optimizer", state.get("optimizer")],
      ["random", saveRandomState(this.trainLoader)],
    ]);
    state.delete("optimizer");
    return state.set("_trainer", inner);
  }

  /** Takes what {@link stateDict} gave, or what detectron2's trainer saved, which begins the data anew. */
  async loadStateDict(state: unknown): Promise<void> {
    const inner: unknown = state instanceof Map ? state.get("_trainer") : undefined;
    if (!(state instanceof Map) || !(inner instanceof Map)) {
      throw new TrainerStateError("state", "has to be a Map with a _trainer");
    }
    const optimizer = inner.has("optimizer")
      ? [["optimizer", inner.get("optimizer")] as const]
      : [];
    await this.#trainer.loadStateDict(new Map([...state, ...optimizer]));
    if (inner.has("random")) loadRandomState(inner.get("random"), this.trainLoader);
  }

  /** In detectron2's order: what is recorded or changed comes before what saves it, and writing is last. */
  #buildHooks(): HookBase[] {
    const { cfg, model, optimizer, scheduler } = this;
    const { SOLVER, TEST } = cfg;
    const { logPeriod, maxToKeep } = this.#options;
    const hasBatchNorm = model.modules().some((module) => module instanceof BatchNorm2d);
    return [
      new IterationTimer({ log: this.#log }),
      new LRSchedulerHook({ optimizer, scheduler }),
      ...(hasBatchNorm
        ? [new CallbackHook({ afterStep: () => updateRunningStatistics(model) })]
        : []),
      ...(hasBatchNorm && TEST.PRECISE_BN.ENABLED ? [this.#preciseBN()] : []),
      new PeriodicCheckpointerHook(
        new PeriodicCheckpointer(this.checkpointer, {
          period: SOLVER.CHECKPOINT_PERIOD,
          maxIter: SOLVER.MAX_ITER,
          ...(maxToKeep !== undefined && { maxToKeep }),
        }),
      ),
      this.#stopOnSignal,
      ...(cfg.DATASETS.TEST.length > 0
        ? [new EvalHook({ period: TEST.EVAL_PERIOD, evaluate: () => this.#test() })]
        : []),
      ...(cfg.DATASETS.TEST.length > 0 && TEST.AUG.ENABLED ? [this.#evaluationWithTTA()] : []),
      ...(this.#options.hooks ?? []),
      new PeriodicWriter({
        writers: this.#options.writers ?? ((startIter) => this.#defaultWriters(startIter)),
        ...(logPeriod !== undefined && { period: logPeriod }),
      }),
    ];
  }

  #preciseBN(): PreciseBN<ModelInput[]> {
    const { cfg, model } = this;
    return new PreciseBN({
      period: cfg.TEST.EVAL_PERIOD,
      numIter: cfg.TEST.PRECISE_BN.NUM_ITER,
      model,
      // A loader of its own, and the same one each time: the training's goes on undisturbed.
      dataLoader: () => trainLoaderOf(cfg),
    });
  }

  async #test(): Promise<ResultsDict> {
    const { cfg, model } = this;
    const results = await testModel(cfg, model, { ...this.#options.test, log: this.#log });
    printCsvFormat(results, this.#log);
    this.#results = results;
    return results;
  }

  /** After training. What cannot be augmented is refused before it. */
  #evaluationWithTTA(): EvalHook {
    const { cfg } = this;
    const augmented = withTTA(cfg, this.model);
    const evaluate = async (): Promise<ResultsDict> => {
      const options = { ...this.#options.test, log: this.#log };
      const results = await testWithTTA(cfg, augmented, options);
      printCsvFormat(results, this.#log);
      this.#results = { ...this.#results, ...results };
      return results;
    };
    return new EvalHook({ period: 0, evaluate });
  }

  #defaultWriters(startIter: number): EventWriter[] {
    const { OUTPUT_DIR, SOLVER } = this.cfg;
    return defaultWriters({
      outputDir: OUTPUT_DIR,
      maxIter: SOLVER.MAX_ITER,
      // Only a training that goes on replaces what an interrupted one wrote of later iterations.
      ...(startIter > 0 && { startIter }),
      log: this.#log,
    });
  }
}

function trainLoaderOf(cfg: Config): Promise<DetectionTrainLoader> {
  return buildDetectionTrainLoader(cfg, { readProposals: readProposalFile });
}
