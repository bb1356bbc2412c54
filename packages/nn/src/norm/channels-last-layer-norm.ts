import { layerNorm, type Parameter, ShapeError, type Tensor } from "@detectron-ts/tensor";
import { checkPositive, formatOptions } from "../layers/options.ts";
import { Module } from "../module.ts";
import { filledParameter } from "./vectors.ts";

/** Options of {@link ChannelsLastLayerNorm}. */
export interface ChannelsLastLayerNormOptions {
  readonly numChannels: number;
  /** Added to the variance; 1e-5 when left out. */
  readonly eps?: number;
}

/**
 * Normalises the channels of each token by their mean and variance, then scales and shifts each channel ("Layer
 * Normalization", Ba et al. 2016). Called with …×C, channels last, as transformers hold their tokens. Mirrors
 * `torch.nn.LayerNorm` of one axis; for N×C×H×W see {@link LayerNorm}.
 */
export class ChannelsLastLayerNorm extends Module<[x: Tensor], Tensor> {
  readonly numChannels: number;
  readonly eps: number;
  readonly weight: Parameter;
  readonly bias: Parameter;

  /** @throws LayerOptionError when `numChannels` is no positive integer. */
  constructor({ numChannels, eps = 1e-5 }: ChannelsLastLayerNormOptions) {
    super();
    checkPositive("ChannelsLastLayerNorm", "numChannels", numChannels);
    this.numChannels = numChannels;
    this.eps = eps;
    this.weight = filledParameter(numChannels, 1);
    this.bias = filledParameter(numChannels, 0);
  }

  forward(x: Tensor): Tensor {
    if (x.shape.at(-1) !== this.numChannels) {
      throw new ShapeError("ChannelsLastLayerNorm", `wants …×${this.numChannels}`, [x.shape]);
    }
    return layerNorm(x, this.weight, this.bias, { eps: this.eps });
  }

  override extraRepr(): string {
    return formatOptions({ numChannels: this.numChannels, eps: this.eps });
  }
}
