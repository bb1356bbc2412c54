import type { Tensor } from "@detectron-ts/tensor";
import { LayerOptionError } from "../errors.ts";
import type { Module } from "../module.ts";
import { BatchNorm2d } from "./batch-norm2d.ts";
import { FrozenBatchNorm2d } from "./frozen-batch-norm2d.ts";
import { GroupNorm, LayerNorm } from "./group-norm.ts";

/** A norm of N×C×H×W. */
export type Norm = Module<[x: Tensor], Tensor>;

/** Makes a norm for a number of channels. */
export type NormFactory = (channels: number) => Norm;

const batchNorm: NormFactory = (numFeatures) => new BatchNorm2d({ numFeatures });

// All that synchronises statistics between processes is batch norm on a single one.
const NORMS: ReadonlyMap<string, NormFactory> = new Map<string, NormFactory>([
  ["BN", batchNorm],
  ["SyncBN", batchNorm],
  ["nnSyncBN", batchNorm],
  ["naiveSyncBN", batchNorm],
  ["naiveSyncBN_N", batchNorm],
  ["FrozenBN", (numFeatures) => new FrozenBatchNorm2d({ numFeatures })],
  ["GN", (numChannels) => new GroupNorm({ numGroups: 32, numChannels })],
  ["LN", (numChannels) => new LayerNorm({ numChannels })],
]);

/**
 * The norm that a config calls by name: BN, SyncBN (also nnSyncBN, naiveSyncBN, naiveSyncBN_N), FrozenBN, GN
 * (32 groups), LN. Mirrors `detectron2.layers.get_norm`.
 *
 * @param norm The name; `""` or null for none; or a function that makes one.
 * @returns null for none.
 * @throws LayerOptionError when there is no such norm.
 */
export function getNorm(norm: string | NormFactory | null, channels: number): Norm | null {
  if (norm === null || norm === "") return null;
  const factory = typeof norm === "string" ? NORMS.get(norm) : norm;
  if (factory === undefined) {
    const detail = `has to be one of ${[...NORMS.keys()].join(", ")} or "", got "${norm}"`;
    throw new LayerOptionError("getNorm", "norm", detail);
  }
  return factory(channels);
}
