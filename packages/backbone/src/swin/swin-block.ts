import {
  type DropPath,
  type Generator,
  type Identity,
  Mlp,
  Module,
  type Norm,
  type NormFactory,
} from "@detectron-ts/nn";
import { roll, type Tensor } from "@detectron-ts/tensor";
import { createDropPath } from "../transformer/drop-path.ts";
import {
  joinWindows,
  paddedToWindows,
  resizeGrid,
  splitIntoWindows,
} from "../transformer/windows.ts";
import { WindowAttention } from "./window-attention.ts";

/** Options of {@link SwinTransformerBlock}. */
export interface SwinTransformerBlockOptions {
  readonly dim: number;
  readonly numHeads: number;
  /** Side of a window in tokens. */
  readonly windowSize: number;
  /** By how many tokens windows are shifted down and right; less than their side, 0 for not at all. */
  readonly shiftSize: number;
  /** Hidden channels of the feed-forward part over `dim`. */
  readonly mlpRatio: number;
  readonly qkvBias: boolean;
  readonly qkScale?: number | undefined;
  /** Probability of dropping a value in training. */
  readonly drop: number;
  /** Probability of dropping the weight of a value in training. */
  readonly attnDrop: number;
  /** Probability of skipping each part for an image in training. */
  readonly dropPath: number;
  readonly normLayer: NormFactory;
  readonly generator?: Generator | undefined;
}

/**
 * Attention within windows, shifted in every other block, and a feed-forward part, each after a norm and beside a residual.
 * Mirrors `detectron2.modeling.backbone.swin.SwinTransformerBlock`.
 */
export class SwinTransformerBlock extends Module<[x: Tensor, mask: Tensor], Tensor> {
  readonly windowSize: number;
  readonly shiftSize: number;
  readonly norm1: Norm;
  readonly attn: WindowAttention;
  readonly dropPath: DropPath | Identity;
  readonly norm2: Norm;
  readonly mlp: Mlp;

  constructor(options: SwinTransformerBlockOptions) {
    super();
    const { dim, numHeads, windowSize, shiftSize, qkvBias, qkScale, drop, attnDrop } = options;
    const { normLayer, generator } = options;
    this.windowSize = windowSize;
    this.shiftSize = shiftSize;
    this.norm1 = normLayer(dim);
    this.attn = new WindowAttention({
      dim,
      windowSize,
      numHeads,
      qkvBias,
      qkScale,
      attnDrop,
      projDrop: drop,
      generator,
    });
    this.dropPath = createDropPath(options.dropPath, generator);
    this.norm2 = normLayer(dim);
    this.mlp = new Mlp({
      inFeatures: dim,
      hiddenFeatures: Math.floor(dim * options.mlpRatio),
      dropout: drop,
      ...(generator && { generator }),
    });
  }

  /**
   * @param x N×H×W×dim.
   * @param mask For the scores of shifted windows.
   * @returns the shape of `x`.
   */
  forward(x: Tensor, mask: Tensor): Tensor {
    const attended = x.add(this.dropPath(this.#attend(this.norm1(x), mask)));
    return attended.add(this.dropPath(this.mlp(this.norm2(attended))));
  }

  #attend(x: Tensor, mask: Tensor): Tensor {
    const { windowSize, shiftSize } = this;
    const size = [x.shape[1], x.shape[2]] as const;
    const paddedSize = paddedToWindows(size, windowSize);
    const shifted = shift(resizeGrid(x, paddedSize), -shiftSize);
    const windows = this.attn(splitIntoWindows(shifted, windowSize), shiftSize > 0 ? mask : null);
    return resizeGrid(shift(joinWindows(windows, paddedSize), shiftSize), size);
  }
}

/** Moves the tokens of N×H×W×C down and right, those that fall off coming in at the other end. */
function shift(x: Tensor, by: number): Tensor {
  return by === 0 ? x : roll(x, [by, by], [1, 2]);
}
