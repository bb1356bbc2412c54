import {
  type DropPath,
  type Generator,
  type Identity,
  Mlp,
  Module,
  type Norm,
  type NormFactory,
} from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";
import { createDropPath } from "../transformer/drop-path.ts";
import { windowPartition, windowUnpartition } from "../transformer/windows.ts";
import { Attention } from "./attention.ts";
import { ResBottleneckBlock } from "./res-bottleneck-block.ts";

/** Options of {@link Block}. */
export interface BlockOptions {
  readonly dim: number;
  readonly numHeads: number;
  /** Hidden channels of the feed-forward part over `dim`. */
  readonly mlpRatio: number;
  readonly qkvBias: boolean;
  /** Probability of skipping each part for an image in training. */
  readonly dropPath: number;
  readonly normLayer: NormFactory;
  readonly activation: (x: Tensor) => Tensor;
  readonly useRelPos: boolean;
  readonly relPosZeroInit: boolean;
  /** Side in tokens of the windows that attention stays in; 0 for all tokens. */
  readonly windowSize: number;
  /** Whether a residual block of convolutions follows. */
  readonly useResidualBlock: boolean;
  /** Rows and columns of tokens that embeddings of relative positions are for, if attention is to all tokens. */
  readonly inputSize: readonly [height: number, width: number];
  readonly generator?: Generator | undefined;
}

/**
 * A block of a plain vision transformer: attention and a feed-forward part, each after a norm and beside a residual. Mirrors
 * `detectron2.modeling.backbone.vit.Block`.
 */
export class Block extends Module<[x: Tensor], Tensor> {
  readonly windowSize: number;
  readonly norm1: Norm;
  readonly attn: Attention;
  readonly dropPath: DropPath | Identity;
  readonly norm2: Norm;
  readonly mlp: Mlp;
  readonly residual: ResBottleneckBlock | null;

  constructor(options: BlockOptions) {
    super();
    const { dim, numHeads, qkvBias, normLayer, activation, windowSize, generator } = options;
    const { useRelPos, relPosZeroInit } = options;
    this.windowSize = windowSize;
    this.norm1 = normLayer(dim);
    this.attn = new Attention({
      dim,
      numHeads,
      qkvBias,
      useRelPos,
      relPosZeroInit,
      inputSize: windowSize > 0 ? [windowSize, windowSize] : options.inputSize,
    });
    this.dropPath = createDropPath(options.dropPath, generator);
    this.norm2 = normLayer(dim);
    this.mlp = new Mlp({
      inFeatures: dim,
      hiddenFeatures: Math.floor(dim * options.mlpRatio),
      activation,
    });
    this.residual = options.useResidualBlock
      ? new ResBottleneckBlock({
          inChannels: dim,
          outChannels: dim,
          bottleneckChannels: Math.floor(dim / 2),
          activation,
        })
      : null;
  }

  /**
   * @param x N×H×W×dim.
   * @returns the same shape.
   */
  forward(x: Tensor): Tensor {
    const attended = x.add(this.dropPath(this.#attend(this.norm1(x))));
    const output = attended.add(this.dropPath(this.mlp(this.norm2(attended))));
    if (!this.residual) return output;
    return this.residual(output.permute(0, 3, 1, 2)).permute(0, 2, 3, 1);
  }

  #attend(x: Tensor): Tensor {
    if (this.windowSize === 0) return this.attn(x);
    const { windows, paddedSize } = windowPartition(x, this.windowSize);
    const [, height, width] = x.shape;
    return windowUnpartition({ windows: this.attn(windows), paddedSize }, [height, width]);
  }
}
