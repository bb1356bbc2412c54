import { Conv2d, Module } from "@detectron-ts/nn";
import type { PairOption, Tensor } from "@detectron-ts/tensor";

/** Options of {@link PatchEmbed}. */
export interface PatchEmbedOptions {
  /** Side in pixels of the patch that a token sees. */
  readonly kernelSize: PairOption;
  /** Pixels from one token to the next. */
  readonly stride: PairOption;
  /** Zeros around the image; 0 when left out. */
  readonly padding?: PairOption;
  /** 3 when left out. */
  readonly inChannels?: number;
  /** Channels of a token. */
  readonly embedDim: number;
}

/**
 * Makes a token of each patch of an image: a convolution, channels last. Mirrors
 * `detectron2.modeling.backbone.utils.PatchEmbed`.
 */
export class PatchEmbed extends Module<[images: Tensor], Tensor> {
  readonly proj: Conv2d;

  constructor({ kernelSize, stride, padding = 0, inChannels = 3, embedDim }: PatchEmbedOptions) {
    super();
    this.proj = new Conv2d({ inChannels, outChannels: embedDim, kernelSize, stride, padding });
  }

  /**
   * @param images N×inChannels×H×W.
   * @returns N×rows×columns×embedDim.
   */
  forward(images: Tensor): Tensor {
    return this.proj(images).permute(0, 2, 3, 1);
  }
}
