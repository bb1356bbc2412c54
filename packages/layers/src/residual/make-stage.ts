import { LayerOptionError } from "@detectron-ts/nn";
import type { CNNBlockBase, CNNBlockOptions } from "./cnn-block.ts";

/** Options of {@link makeStage}. */
export interface StageOptions extends CNNBlockOptions {
  readonly numBlocks: number;
}

/**
 * The blocks of one stage of a ResNet. The first takes the stage's input channels and its stride; the
 * others keep channels and size. Mirrors `ResNet.make_stage` of detectron2.
 *
 * ```ts
 * makeStage({ numBlocks: 3, inChannels: 64, outChannels: 256, stride: 1 }, (block) =>
 *   new BottleneckBlock({ ...block, bottleneckChannels: 64, norm: "FrozenBN" }),
 * );
 * ```
 *
 * @param create - makes one block from its channels and stride.
 * @throws LayerOptionError when there is no block in the stage.
 */
export function makeStage<Block extends CNNBlockBase>(
  { numBlocks, inChannels, outChannels, stride }: StageOptions,
  create: (block: CNNBlockOptions, index: number) => Block,
): Block[] {
  if (!Number.isInteger(numBlocks) || numBlocks < 1) {
    const detail = `has to be a positive integer, got ${numBlocks}`;
    throw new LayerOptionError("makeStage", "numBlocks", detail);
  }
  return Array.from({ length: numBlocks }, (_, index) =>
    index === 0
      ? create({ inChannels, outChannels, stride }, index)
      : create({ inChannels: outChannels, outChannels, stride: 1 }, index),
  );
}
