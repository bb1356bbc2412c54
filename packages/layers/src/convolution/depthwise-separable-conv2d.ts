import { Conv2d, type NormFactory, getNorm, init, Module } from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";

/** What follows a convolution. */
type Activation = (x: Tensor) => Tensor;

/** Options of {@link DepthwiseSeparableConv2d}. */
export interface DepthwiseSeparableConv2dOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Side of the kernel of each channel; 3 when left out. */
  readonly kernelSize?: number;
  /** Zeros around the input; 1 when left out. */
  readonly padding?: number;
  /** 1 when left out. */
  readonly dilation?: number;
  /** What normalises the channels one by one, as {@link getNorm} takes it; nothing when left out. */
  readonly norm1?: string | NormFactory | null;
  readonly activation1?: Activation | null;
  /** What normalises the channels when they are mixed; nothing when left out. */
  readonly norm2?: string | NormFactory | null;
  readonly activation2?: Activation | null;
}

/**
 * A convolution in two steps: of every channel on its own, then a 1×1 convolution that mixes them. Norms and activations may
 * follow both steps (as in "MobileNets", Howard et al. 2017) or the second one (as in "Xception", Chollet 2017). Mirrors
 * `detectron2.layers.DepthwiseSeparableConv2d`.
 *
 * Called with N×inChannels×H×W.
 */
export class DepthwiseSeparableConv2d extends Module<[x: Tensor], Tensor> {
  readonly depthwise: Conv2d;
  readonly pointwise: Conv2d;

  /** @throws LayerOptionError of `@detectron-ts/nn` for a size that is no positive integer, or an unknown norm. */
  constructor(options: DepthwiseSeparableConv2dOptions) {
    super();
    const { inChannels, outChannels, kernelSize = 3, padding = 1, dilation = 1 } = options;
    const { norm1 = null, activation1 = null, norm2 = null, activation2 = null } = options;
    const depthwiseNorm = getNorm(norm1, inChannels);
    this.depthwise = new Conv2d({
      inChannels,
      outChannels: inChannels,
      kernelSize,
      padding,
      dilation,
      groups: inChannels,
      bias: depthwiseNorm === null,
      norm: depthwiseNorm,
      activation: activation1,
    });
    const pointwiseNorm = getNorm(norm2, outChannels);
    this.pointwise = new Conv2d({
      inChannels,
      outChannels,
      kernelSize: 1,
      bias: pointwiseNorm === null,
      norm: pointwiseNorm,
      activation: activation2,
    });
    init.c2MSRAFill(this.depthwise);
    init.c2MSRAFill(this.pointwise);
  }

  forward(x: Tensor): Tensor {
    return this.pointwise(this.depthwise(x));
  }
}
