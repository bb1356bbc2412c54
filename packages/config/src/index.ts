export { getCfg } from "./defaults.ts";
export type { Config } from "./defaults.ts";
export { CfgNode, downgradeConfig, upgradeConfig } from "./cfg-node.ts";
export type { CfgNodeMethods, CfgNodeOptions, ConfigTree, NodesOf } from "./cfg-node.ts";
export { float, nullable, tuple } from "./literal.ts";
export type { ConfigValue, Declared, Float, Nullable, Tuple } from "./literal.ts";
export { LATEST_VERSION } from "./versions.ts";
export { Registry } from "./registry.ts";
export { configure } from "./configurable.ts";
export type { Configurable } from "./configurable.ts";
export { nearest } from "./nearest.ts";
export { MAX_CONFIG_BYTES, MAX_CONFIG_FILES, MAX_NESTING, MAX_VALUES } from "./limits.ts";
export {
  AlreadyRegisteredError,
  BaseConfigError,
  ComputedKeyError,
  ConfigError,
  ConfigFileError,
  ConfigLimitError,
  FrozenConfigError,
  InvalidKeyError,
  InvalidValueError,
  NotConfigurableError,
  NotRegisteredError,
  OverrideListError,
  RenamedKeyError,
  TypeMismatchError,
  UnknownKeyError,
  UnsafeTagError,
  VersionError,
  YamlError,
} from "./errors.ts";
