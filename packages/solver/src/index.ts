export { buildLrScheduler, buildOptimizer } from "./build.ts";
export {
  getDefaultOptimizerParams,
  type DefaultOptimizerParamsOptions,
  type DefaultParamGroup,
} from "./default-optimizer-params.ts";
export {
  OptimizerOptionError,
  ScheduleOptionError,
  ScheduleRangeError,
  SolverConfigError,
  SolverStateError,
} from "./errors.ts";
export { AdamW, type AdamWOptions, type AdamWHyperparameters } from "./optimizers/adamw.ts";
export type { ClipGradientsOptions } from "./optimizers/clip-gradients.ts";
export { Optimizer, type Named, type OptimizerOptions } from "./optimizers/optimizer.ts";
export {
  reduceParamGroups,
  type Hyperparameters,
  type ParamGroup,
  type ParamGroupOptions,
} from "./optimizers/param-groups.ts";
export { SGD, type SGDOptions, type SGDHyperparameters } from "./optimizers/sgd.ts";
export {
  compositeParamScheduler,
  warmupParamScheduler,
  type IntervalScaling,
  type ScheduleInterval,
  type WarmupMethod,
  type WarmupParamSchedulerOptions,
} from "./schedules/composite.ts";
export {
  LRMultiplier,
  type LRMultiplierOptions,
  type ScheduledOptimizer,
} from "./schedules/lr-multiplier.ts";
export {
  constantParamScheduler,
  cosineParamScheduler,
  exponentialParamScheduler,
  linearParamScheduler,
  multiStepParamScheduler,
  polynomialDecayParamScheduler,
  stepParamScheduler,
  stepWithFixedGammaParamScheduler,
  type MultiStepParamSchedulerOptions,
  type ParamScheduler,
} from "./schedules/param-scheduler.ts";
export type { StateTensor, StateValue } from "./state.ts";
