import {
  type DropPath,
  type Generator,
  type Identity,
  Linear,
  Mlp,
  Module,
  type Norm,
} from "@detectron-ts/nn";
import { maxPool2d, type Tensor } from "@detectron-ts/tensor";
import { createDropPath } from "../transformer/drop-path.ts";
import {
  attentionPool,
  MultiScaleAttention,
  type MultiScaleAttentionOptions,
} from "./multi-scale-attention.ts";

/** Options of {@link MultiScaleBlock}. */
export interface MultiScaleBlockOptions extends MultiScaleAttentionOptions {
  /** Hidden channels of the feed-forward part over `dimOut`. */
  readonly mlpRatio: number;
  /** Probability of skipping each part for an image in training. */
  readonly dropPath: number;
  readonly activation: (x: Tensor) => Tensor;
  readonly generator?: Generator | undefined;
}

/**
 * Attention between pooled tokens and a feed-forward part, each after a norm and beside a residual, which is brought to the same
 * channels and size. Mirrors `detectron2.modeling.backbone.mvit.MultiScaleBlock`.
 */
export class MultiScaleBlock extends Module<[x: Tensor], Tensor> {
  readonly strideQ: number;
  readonly norm1: Norm;
  readonly attn: MultiScaleAttention;
  readonly dropPath: DropPath | Identity;
  readonly norm2: Norm;
  readonly mlp: Mlp;
  readonly proj: Linear | null;

  constructor(options: MultiScaleBlockOptions) {
    super();
    const { dim, dimOut, strideQ, normLayer, mlpRatio, activation, generator } = options;
    this.strideQ = strideQ;
    this.norm1 = normLayer(dim);
    this.attn = new MultiScaleAttention(options);
    this.dropPath = createDropPath(options.dropPath, generator);
    this.norm2 = normLayer(dimOut);
    this.mlp = new Mlp({
      inFeatures: dimOut,
      hiddenFeatures: Math.floor(dimOut * mlpRatio),
      activation,
    });
    this.proj = dim === dimOut ? null : new Linear({ inFeatures: dim, outFeatures: dimOut });
  }

  /**
   * @param x N×H×W×dim.
   * @returns N×H/strideQ×W/strideQ×dimOut.
   */
  forward(x: Tensor): Tensor {
    const normed = this.norm1(x);
    const residual = this.#poolSkip(this.proj ? this.proj(normed) : x);
    const attended = residual.add(this.dropPath(this.attn(normed)));
    return attended.add(this.dropPath(this.mlp(this.norm2(attended))));
  }

  #poolSkip(x: Tensor): Tensor {
    const stride = this.strideQ;
    if (stride === 1) return x;
    const kernelSize = stride + 1;
    const padding = Math.floor(kernelSize / 2);
    return attentionPool(x, (image) => maxPool2d(image, { kernelSize, stride, padding }));
  }
}
