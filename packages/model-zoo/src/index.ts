export { get } from "./get.ts";
export type { GetModelOptions } from "./get.ts";
export type { EvaluatedDataset, LazyConfig, TrainSettings } from "./lazy-configs/lazy-config.ts";
export { listModels, MODEL_FAMILIES, WEIGHTS_LICENSE } from "./list-models.ts";
export type {
  ListModelsOptions,
  ModelFamily,
  PublishedModel,
  WeightsLicense,
} from "./list-models.ts";
export {
  getCheckpointUrl,
  getConfig,
  getConfigFile,
  isLazyName,
  listConfigs,
  listLazyConfigs,
  registerZooTargets,
} from "./model-zoo.ts";
export type { GetConfigOptions, LazyConfigName } from "./model-zoo.ts";
export type { PublishedMetrics } from "./published-results.ts";
export { NoCheckpointError, UnknownConfigError } from "./errors.ts";
