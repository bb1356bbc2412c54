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
export { loadLazyConfig, saveLazyConfig } from "./lazy/files.ts";
export { instantiate, instantiateAsync } from "./lazy/instantiate.ts";
export type { Instantiated, InstantiateOptions } from "./lazy/instantiate.ts";
export {
  assign,
  cloneLazy,
  isLazy,
  lazy,
  lazyPartial,
  optionsWithout,
  TARGET,
} from "./lazy/node.ts";
export type {
  ConstructedBy,
  Lazy,
  LazyNode,
  LazyOptions,
  LazyTarget,
  LazyValue,
  OptionsOf,
  Reference,
} from "./lazy/node.ts";
export { applyOverrides } from "./lazy/overrides.ts";
export { findTarget, registerTarget } from "./lazy/targets.ts";
export { toTypeScript } from "./lazy/type-script.ts";
export { dumpLazyYaml, parseLazyYaml, printLazy } from "./lazy/yaml.ts";
export {
  LazyConstructionError,
  LazyMembershipError,
  LazyOverrideError,
  LazyPromiseError,
  LazyReferenceError,
  LazyTargetError,
} from "./lazy/errors.ts";
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
