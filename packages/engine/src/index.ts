export {
  DefaultPredictor,
  type CreatePredictorOptions,
  type DefaultPredictorOptions,
  type PredictorModel,
} from "./default-predictor.ts";
export {
  MissingWeightsError,
  ConfigNotFoundError,
  GroundTruthError,
  MissingDatasetError,
  MissingOutputError,
  OverridesError,
  PredictorClosedError,
  PredictorImageError,
  UnknownEvaluatorError,
  WorkerPredictionError,
} from "./errors.ts";
export { LazyConfigError } from "./lazy/errors.ts";
export { createLazyPredictor } from "./lazy/lazy-predictor.ts";
export {
  createLazyTrainer,
  lazyDatasetNames,
  type LazyTrainerOverrides,
  testLazy,
  testLazyModel,
  type TestLazyOptions,
  trainLazy,
  type TrainLazyOptions,
} from "./lazy/lazy-trainer.ts";
export {
  isLazyConfigFile,
  setupLazyConfig,
  type SetupLazyConfigOptions,
} from "./lazy/setup-lazy-config.ts";
export { parseOpts, setupConfig, type SetupConfigOptions } from "./setup-config.ts";
export { type Received, ReceivedSegmentation } from "./worker/encode-output.ts";
export { WorkerPredictor, type WorkerPredictorOptions } from "./worker/worker-predictor.ts";
export {
  buildEvaluator,
  type BuildEvaluatorOptions,
  type DetectionEvaluator,
} from "./train/build-evaluator.ts";
export type { DatasetInput, ModelOutputs } from "./train/required-outputs.ts";
export { defaultSetup } from "./train/default-setup.ts";
export {
  DefaultTrainer,
  type DefaultTrainerOptions,
  type DefaultTrainerOverrides,
  type DetectorModel,
} from "./train/default-trainer.ts";
export { defaultWriters, type DefaultWritersOptions } from "./train/default-writers.ts";
export {
  DataLoaderEndedError,
  EvaluationResultError,
  ModelNotInTrainingError,
  NonFiniteLossError,
  TrainerOptionError,
  TrainerStateError,
  TrainingRangeError,
  TrainingStepError,
} from "./train/errors.ts";
export { HookBase, type HookedTrainer } from "./train/hook-base.ts";
export {
  BestCheckpointer,
  type BestCheckpointerOptions,
  type NamedCheckpointer,
} from "./train/hooks/best-checkpointer.ts";
export type { MetricMode, MetricOptions } from "./train/hooks/best-metric.ts";
export {
  CallbackHook,
  type CallbackHookOptions,
  type HookCallback,
} from "./train/hooks/callback-hook.ts";
export { EarlyStopping, type EarlyStoppingOptions } from "./train/hooks/early-stopping.ts";
export { EvalHook, type EvalHookOptions, type EvaluationResults } from "./train/hooks/eval-hook.ts";
export { IterationTimer, type IterationTimerOptions } from "./train/hooks/iteration-timer.ts";
export {
  LRSchedulerHook,
  type LearningRates,
  type LRSchedulerHookOptions,
  type SteppedScheduler,
} from "./train/hooks/lr-scheduler-hook.ts";
export {
  PeriodicCheckpointerHook,
  type IterationCheckpointer,
} from "./train/hooks/periodic-checkpointer-hook.ts";
export { PeriodicWriter, type PeriodicWriterOptions } from "./train/hooks/periodic-writer.ts";
export { readProposalFile } from "./train/read-proposal-file.ts";
export { PreciseBN, type PreciseBNOptions } from "./train/hooks/precise-bn.ts";
export { StopOnSignal, type StopOnSignalOptions } from "./train/hooks/stop-on-signal.ts";
export {
  type ValidatedModel,
  ValidationLossHook,
  type ValidationLossHookOptions,
  validationLosses,
} from "./train/hooks/validation-loss.ts";
export {
  SimpleTrainer,
  type SimpleTrainerOptions,
  type TrainableModel,
  type TrainerOptimizer,
} from "./train/simple-trainer.ts";
export { TrainerBase } from "./train/trainer-base.ts";
export {
  type TestableModel,
  type TestInput,
  testModel,
  type TestModelOptions,
} from "./train/test-model.ts";
export { testWithTTA, withTTA } from "./train/test-with-tta.ts";
