import { Conv2d, Module, type Norm, type NormFactory } from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";

/** Options of {@link SwinPatchEmbed}. */
export interface SwinPatchEmbedOptions {
  /** Side in pixels of the patch that a token stands for. */
  readonly patchSize: number;
  /** Channels of images. */
  readonly inChans: number;
  /** Channels of a token. */
  readonly embedDim: number;
  /** Of the tokens; none when null. */
  readonly normLayer: NormFactory | null;
}

/**
 * Makes a token of each patch of an image, padded by zeros to whole patches. Mirrors
 * `detectron2.modeling.backbone.swin.PatchEmbed`.
 */
export class SwinPatchEmbed extends Module<[images: Tensor], Tensor> {
  readonly patchSize: number;
  readonly proj: Conv2d;
  readonly norm: Norm | null;

  constructor({ patchSize, inChans, embedDim, normLayer }: SwinPatchEmbedOptions) {
    super();
    this.patchSize = patchSize;
    this.proj = new Conv2d({
      inChannels: inChans,
      outChannels: embedDim,
      kernelSize: patchSize,
      stride: patchSize,
    });
    this.norm = normLayer ? normLayer(embedDim) : null;
  }

  /**
   * @param images N×inChans×H×W.
   * @returns N×rows×columns×embedDim.
   */
  forward(images: Tensor): Tensor {
    const [, , height, width] = images.shape;
    const missing = (side: number): number =>
      Math.ceil(side / this.patchSize) * this.patchSize - side;
    const padded = images.pad([
      [0, 0],
      [0, 0],
      [0, missing(height)],
      [0, missing(width)],
    ]);
    const tokens = this.proj(padded).permute(0, 2, 3, 1);
    return this.norm ? this.norm(tokens) : tokens;
  }
}
