import type { Backbone } from "@detectron-ts/backbone";
import { Module } from "@detectron-ts/nn";
import type { Losses } from "@detectron-ts/roi-heads";
import type { ImageList } from "@detectron-ts/structures";
import type { Buffer } from "@detectron-ts/tensor";

import type { InputFormat } from "./input-format.ts";
import type { ModelInput } from "./model-input.ts";
import { pixelBuffers, preprocessImages } from "./preprocess-images.ts";

/** Options that all models share. */
export interface MetaArchitectureOptions {
  readonly backbone: Backbone;
  /** Mean of each channel, in the order of `inputFormat`, on the scale of 0 to 255. */
  readonly pixelMean: readonly number[];
  /** Standard deviation of each channel, above 0. */
  readonly pixelStd: readonly number[];
  /** Order of the channels, for those who read images for the model. */
  readonly inputFormat: InputFormat;
}

/**
 * What models have in common: images that are normalised and padded, a backbone, and a call that gives losses in training
 * and otherwise what is found. Of this kind are the models that `MODEL.META_ARCHITECTURE` names.
 *
 * @typeParam Output - what is found in one image.
 */
export abstract class MetaArchitecture<Output> extends Module<
  [batchedInputs: readonly ModelInput[]],
  Promise<Output[] | Losses>
> {
  readonly backbone: Backbone;
  readonly pixelMean: Buffer;
  readonly pixelStd: Buffer;
  readonly inputFormat: InputFormat;

  /** @throws ModelOptionsError when mean or deviation isn't a number for each channel, above 0 for the deviation. */
  constructor(options: MetaArchitectureOptions) {
    super();
    this.backbone = options.backbone;
    [this.pixelMean, this.pixelStd] = pixelBuffers(options);
    this.registerBuffer("pixel_mean", this.pixelMean, { persistent: false });
    this.registerBuffer("pixel_std", this.pixelStd, { persistent: false });
    this.inputFormat = options.inputFormat;
  }

  /** Differentiable scalars by name. */
  abstract losses(batchedInputs: readonly ModelInput[]): Promise<Losses>;

  /** What is found in each image, mapped to the size that its input asks for. */
  abstract inference(batchedInputs: readonly ModelInput[]): Promise<Output[]>;

  forward(batchedInputs: readonly ModelInput[]): Promise<Output[] | Losses> {
    return this.training ? this.losses(batchedInputs) : this.inference(batchedInputs);
  }

  /** The network's input; see {@link preprocessImages}. */
  preprocessImage(batchedInputs: readonly ModelInput[]): ImageList {
    return preprocessImages(batchedInputs, this);
  }
}
