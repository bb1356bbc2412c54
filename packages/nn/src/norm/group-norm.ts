import { ShapeError, type Parameter, type Tensor } from "@detectron-ts/tensor";
import { LayerOptionError } from "../errors.ts";
import { checkPositive, formatOptions } from "../layers/options.ts";
import { Module } from "../module.ts";
import { filledParameter } from "./vectors.ts";

/** Options of {@link GroupNorm}. */
export interface GroupNormOptions {
  readonly numGroups: number;
  readonly numChannels: number;
  /** Added to the variance; 1e-5 when left out. */
  readonly eps?: number;
}

/**
 * Normalises each image's groups of channels by their own mean and variance, then scales and shifts each
 * channel ("Group Normalization", Wu and He 2018). Called with N×C×H×W. Mirrors `torch.nn.GroupNorm`.
 */
export class GroupNorm extends Module<[x: Tensor], Tensor> {
  readonly numGroups: number;
  readonly numChannels: number;
  readonly eps: number;
  readonly weight: Parameter;
  readonly bias: Parameter;

  /** @throws LayerOptionError when a number is no positive integer or channels do not divide into groups. */
  constructor({ numGroups, numChannels, eps = 1e-5 }: GroupNormOptions) {
    super();
    checkPositive("GroupNorm", "numGroups", numGroups);
    checkPositive("GroupNorm", "numChannels", numChannels);
    if (numChannels % numGroups !== 0) {
      const detail = `(${numChannels}) does not divide into ${numGroups} groups`;
      throw new LayerOptionError("GroupNorm", "numChannels", detail);
    }
    this.numGroups = numGroups;
    this.numChannels = numChannels;
    this.eps = eps;
    this.weight = filledParameter(numChannels, 1);
    this.bias = filledParameter(numChannels, 0);
  }

  forward(x: Tensor): Tensor {
    const { numGroups, numChannels } = this;
    if (x.rank !== 4 || x.shape[1] !== numChannels) {
      throw new ShapeError("GroupNorm", `wants N×${numChannels}×H×W`, [x.shape]);
    }
    const [n, , height, width] = x.shape as [number, number, number, number];
    const perGroup = numChannels / numGroups;
    const rows = x.reshape([n, numGroups, perGroup * height, width]);
    const mean = meanOfRows(rows);
    const centred = rows.sub(mean.unsqueeze(-1));
    const variance = meanOfRows(centred.square());
    // What is centred once serves the variance, the result and all gradients: in `x · scale - mean · scale` instead, sums
    // would cancel where a group's mean is far from 0. Factors of channels are small; activations are passed over once.
    const inverseStd = variance.add(this.eps).sqrt().reciprocal();
    const scale = inverseStd.mul(this.weight.reshape([1, numGroups, perGroup]));
    return centred
      .reshape([n, numChannels, height, width])
      .mul(scale.reshape([n, numChannels, 1, 1]))
      .add(this.bias.reshape([1, numChannels, 1, 1]));
  }

  override extraRepr(): string {
    const { numGroups, numChannels, eps } = this;
    return formatOptions({ numGroups, numChannels, eps });
  }
}

/**
 * Mean over the last two axes, one after the other: a group of a large image has so many values that adding
 * them up in one go would cost digits of float32, which fifty layers of a network then multiply.
 *
 * @returns N×G×1 of N×G×rows×width.
 */
function meanOfRows(rows: Tensor): Tensor {
  return rows.mean(3).mean(2, { keepDims: true });
}

/** Options of {@link LayerNorm}. */
export interface LayerNormOptions {
  readonly numChannels: number;
  /** Added to the variance; 1e-6 when left out. */
  readonly eps?: number;
}

/**
 * Normalises the channels of each pixel by their mean and variance. Called with N×C×H×W: channels come
 * first, unlike in `torch.nn.LayerNorm`, which is {@link ChannelsLastLayerNorm}. Mirrors `detectron2.layers.LayerNorm`.
 */
export class LayerNorm extends Module<[x: Tensor], Tensor> {
  readonly numChannels: number;
  readonly eps: number;
  readonly weight: Parameter;
  readonly bias: Parameter;

  /** @throws LayerOptionError when `numChannels` is no positive integer. */
  constructor({ numChannels, eps = 1e-6 }: LayerNormOptions) {
    super();
    checkPositive("LayerNorm", "numChannels", numChannels);
    this.numChannels = numChannels;
    this.eps = eps;
    this.weight = filledParameter(numChannels, 1);
    this.bias = filledParameter(numChannels, 0);
  }

  forward(x: Tensor): Tensor {
    if (x.rank !== 4 || x.shape[1] !== this.numChannels) {
      throw new ShapeError("LayerNorm", `wants N×${this.numChannels}×H×W`, [x.shape]);
    }
    const centred = x.sub(x.mean(1, { keepDims: true }));
    const variance = centred.square().mean(1, { keepDims: true });
    const normalized = centred.div(variance.add(this.eps).sqrt());
    const perChannel = [1, this.numChannels, 1, 1];
    return normalized.mul(this.weight.reshape(perChannel)).add(this.bias.reshape(perChannel));
  }

  override extraRepr(): string {
    return formatOptions({ numChannels: this.numChannels, eps: this.eps });
  }
}
