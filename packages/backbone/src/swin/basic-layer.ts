import { Module, ModuleList } from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";
import { paddedToWindows } from "../transformer/windows.ts";
import { PatchMerging } from "./patch-merging.ts";
import { shiftMask } from "./shift-mask.ts";
import { SwinTransformerBlock, type SwinTransformerBlockOptions } from "./swin-block.ts";

/** Options of {@link BasicLayer}. */
export interface BasicLayerOptions extends Omit<
  SwinTransformerBlockOptions,
  "shiftSize" | "dropPath"
> {
  /** Probability of skipping each part in training, for each block. */
  readonly dropPath: readonly number[];
  /** Whether tokens are merged 2×2 at the end. */
  readonly downsample: boolean;
}

/** What a stage gives: its own tokens, and those for the next stage, the same if nothing is merged. */
export interface StageOutput {
  readonly output: Tensor;
  readonly next: Tensor;
}

/**
 * A stage of a Swin transformer: blocks whose windows are shifted by half their side in every other one, then merging. Mirrors
 * `detectron2.modeling.backbone.swin.BasicLayer`.
 */
export class BasicLayer extends Module<[x: Tensor], StageOutput> {
  readonly windowSize: number;
  readonly shiftSize: number;
  readonly blocks: ModuleList<SwinTransformerBlock>;
  readonly downsample: PatchMerging | null;
  /** The mask of the last size, as images of one size usually come in a row. */
  #mask: { readonly key: string; readonly mask: Tensor } | null = null;

  constructor({ dropPath, downsample, ...options }: BasicLayerOptions) {
    super();
    const { dim, windowSize, normLayer } = options;
    this.windowSize = windowSize;
    this.shiftSize = Math.floor(windowSize / 2);
    this.blocks = new ModuleList(
      dropPath.map((rate, i) => {
        const shiftSize = i % 2 === 0 ? 0 : this.shiftSize;
        return new SwinTransformerBlock({ ...options, shiftSize, dropPath: rate });
      }),
    );
    this.downsample = downsample ? new PatchMerging({ dim, normLayer }) : null;
  }

  /** @param x N×H×W×dim. */
  forward(x: Tensor): StageOutput {
    const mask = this.#maskFor(x);
    let output = x;
    for (const block of this.blocks) output = block(output, mask);
    return { output, next: this.downsample ? this.downsample(output) : output };
  }

  #maskFor({ shape }: Tensor): Tensor {
    const size = paddedToWindows([shape[1], shape[2]], this.windowSize);
    const key = size.join("×");
    if (this.#mask?.key !== key) {
      this.#mask = { key, mask: shiftMask(size, this.windowSize, this.shiftSize) };
    }
    return this.#mask.mask;
  }
}
