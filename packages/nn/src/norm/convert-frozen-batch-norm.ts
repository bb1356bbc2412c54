import { Buffer } from "@detectron-ts/tensor";
import type { AnyModule } from "../module.ts";
import { BatchNorm2d } from "./batch-norm2d.ts";
import { FrozenBatchNorm2d } from "./frozen-batch-norm2d.ts";

function freeze(norm: BatchNorm2d): FrozenBatchNorm2d {
  const { numFeatures, eps } = norm;
  const frozen = new FrozenBatchNorm2d({ numFeatures, eps });
  norm.settleStatistics();
  for (const vector of ["weight", "bias", "runningMean", "runningVar"] as const) {
    frozen[vector].set(norm[vector].dataSync().slice());
  }
  // It stays in checkpoints, as that of detectron2 does.
  frozen.numBatchesTracked = new Buffer(norm.numBatchesTracked.dataSync().slice(), [], "int64");
  return frozen.train(norm.training);
}

/**
 * Replaces every {@link BatchNorm2d} in a module by a {@link FrozenBatchNorm2d} with its vectors, count of
 * batches and eps, in place. Mirrors `FrozenBatchNorm2d.convert_frozen_batchnorm`.
 *
 * @returns `module`; the frozen norm where it is a batch norm itself.
 * @throws PendingStatisticsError when running statistics are not up to date; see `updateRunningStatistics`.
 */
export function convertFrozenBatchNorm<M extends AnyModule>(module: M): M | FrozenBatchNorm2d {
  if (module instanceof BatchNorm2d) return freeze(module);
  for (const [path, child] of module.namedModules()) {
    if (child instanceof BatchNorm2d) module.setSubmodule(path, freeze(child));
  }
  return module;
}
