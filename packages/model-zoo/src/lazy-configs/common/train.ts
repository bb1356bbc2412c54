import type { TrainSettings } from "../lazy-config.ts";

/**
 * The settings of detectron2's `configs/common/train.py`. What is about GPUs there (`amp`, `ddp`, `cudnn_benchmark`) has no
 * counterpart; the seed has none there.
 */
export function train(): TrainSettings {
  return {
    outputDir: "./output",
    initCheckpoint: "",
    maxIter: 90000,
    seed: -1,
    checkpointer: { period: 5000, maxToKeep: 100 },
    evalPeriod: 5000,
    logPeriod: 20,
  };
}
