export {
  DefaultPredictor,
  type CreatePredictorOptions,
  type DefaultPredictorOptions,
  type PredictorModel,
} from "./default-predictor.ts";
export {
  MissingWeightsError,
  ConfigNotFoundError,
  OverridesError,
  PredictorClosedError,
  PredictorImageError,
  WorkerPredictionError,
} from "./errors.ts";
export { parseOpts, setupConfig, type SetupConfigOptions } from "./setup-config.ts";
export { WorkerPredictor, type WorkerPredictorOptions } from "./worker/worker-predictor.ts";
