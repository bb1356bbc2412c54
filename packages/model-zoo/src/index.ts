export { getCheckpointUrl, getConfig, getConfigFile, listConfigs } from "./model-zoo.ts";
export type { GetConfigOptions } from "./model-zoo.ts";
export { NoCheckpointError, UnknownConfigError } from "./errors.ts";
