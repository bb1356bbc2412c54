export { Buffer, Parameter, Variable } from "@detectron-ts/tensor";
export type { Callable } from "./callable.ts";
export { gelu, Identity, type Layer, ModuleList, relu, Sequential } from "./containers.ts";
export {
  type IncompatibleKeys,
  type IncorrectShape,
  LayerOptionError,
  ModuleNameError,
  PendingStatisticsError,
  StateDictError,
  SubmoduleError,
} from "./errors.ts";
export type { ForwardHook, ForwardPreHook, HookHandle } from "./hooks.ts";
export { defaultGenerator, Generator, type GeneratorState, manualSeed } from "./init/generator.ts";
export * as init from "./init/index.ts";
export { Conv2d, type Conv2dOptions } from "./layers/conv2d.ts";
export { ConvTranspose2d, type ConvTranspose2dOptions } from "./layers/conv-transpose2d.ts";
export { Dropout, type DropoutOptions, DropPath } from "./layers/dropout.ts";
export {
  type FoldsIntoConvolution,
  foldsIntoConvolution,
  type ScaleAndShift,
} from "./layers/folding.ts";
export { Linear, type LinearOptions } from "./layers/linear.ts";
export { Mlp, type MlpOptions } from "./layers/mlp.ts";
export { type AnyModule, Module, ModuleBase } from "./module.ts";
export {
  BatchNorm2d,
  type BatchNorm2dOptions,
  updateRunningStatistics,
} from "./norm/batch-norm2d.ts";
export {
  ChannelsLastLayerNorm,
  type ChannelsLastLayerNormOptions,
} from "./norm/channels-last-layer-norm.ts";
export { convertFrozenBatchNorm } from "./norm/convert-frozen-batch-norm.ts";
export {
  CycleBatchNormList,
  type CycleBatchNormListOptions,
} from "./norm/cycle-batch-norm-list.ts";
export { FrozenBatchNorm2d, type FrozenBatchNorm2dOptions } from "./norm/frozen-batch-norm2d.ts";
export { getNorm, type Norm, type NormFactory } from "./norm/get-norm.ts";
export {
  GroupNorm,
  type GroupNormOptions,
  LayerNorm,
  type LayerNormOptions,
} from "./norm/group-norm.ts";
export { updateBnStats, type UpdateBnStatsOptions } from "./norm/update-bn-stats.ts";
export type { LoadStateDictOptions, StateDictValue } from "./state-dict.ts";
