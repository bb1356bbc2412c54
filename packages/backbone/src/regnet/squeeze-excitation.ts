import { type Layer, Module, Sequential } from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";
import { convolution } from "./convolution.ts";

/** Options of {@link SE}. */
export interface SEOptions {
  readonly channels: number;
  /** Channels between the two layers. */
  readonly squeezedChannels: number;
  readonly activation: Layer;
}

/**
 * Weights channels by what is in all of them: mean over all positions, two layers, a sigmoid ("Squeeze-and-Excitation
 * Networks", Hu et al. 2018). Mirrors `detectron2.modeling.backbone.regnet.SE`.
 */
export class SE extends Module<[x: Tensor], Tensor> {
  readonly fEx: Sequential;

  constructor({ channels, squeezedChannels, activation }: SEOptions) {
    super();
    const pointwise = { kernelSize: 1, bias: true };
    this.fEx = new Sequential(
      convolution({ inChannels: channels, outChannels: squeezedChannels, ...pointwise }),
      activation,
      convolution({ inChannels: squeezedChannels, outChannels: channels, ...pointwise }),
    );
  }

  /** @param x N×C×H×W. */
  forward(x: Tensor): Tensor {
    return x.mul(this.fEx(x.mean([2, 3], { keepDims: true })).sigmoid());
  }
}
