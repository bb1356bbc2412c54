export {
  DefaultPredictor,
  type CreatePredictorOptions,
  type DefaultPredictorOptions,
  type PredictorModel,
} from "./default-predictor.ts";
export { MissingWeightsError, OverridesError, PredictorImageError } from "./errors.ts";
export { parseOpts, setupConfig, type SetupConfigOptions } from "./setup-config.ts";
