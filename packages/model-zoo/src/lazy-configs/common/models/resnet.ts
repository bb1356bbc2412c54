import {
  BasicStem,
  BottleneckBlock,
  type BottleneckBlockOptions,
  makeStage,
} from "@detectron-ts/layers";
import { lazy } from "@detectron-ts/config";
import { makeDefaultStages, ResNet } from "@detectron-ts/backbone";
import { Sequential } from "@detectron-ts/nn";

/** A ResNet-50 with frozen norms, as MSRA's weights have them. */
export function resnet50(outFeatures: readonly string[]) {
  return lazy(ResNet, {
    stem: lazy(BasicStem, { inChannels: 3, outChannels: 64, norm: "FrozenBN" }),
    stages: lazy(makeDefaultStages, { depth: 50, strideIn1x1: true, norm: "FrozenBN" }),
    outFeatures,
  });
}

/** Options of {@link bottleneckStage}: those of its blocks. */
export interface BottleneckStageOptions extends BottleneckBlockOptions {
  readonly numBlocks: number;
  readonly stride: number;
}

/** A stage of a ResNet by itself, as heads have one that run on each region. */
export function bottleneckStage({
  numBlocks,
  inChannels,
  outChannels,
  stride,
  ...options
}: BottleneckStageOptions): Sequential {
  const blocks = makeStage(
    { numBlocks, inChannels, outChannels, stride },
    (block) => new BottleneckBlock({ ...options, ...block }),
  );
  return new Sequential(...blocks);
}
