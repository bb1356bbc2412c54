// The runtime registers itself as what computes the values of tensors; a model is of no use without.
import "@detectron-ts/runtime";

import type { Backbone } from "@detectron-ts/backbone";
import { ImageList } from "@detectron-ts/structures";
import { Buffer, fromNdarray, Tensor } from "@detectron-ts/tensor";

import { EmptyBatchError, ModelImageError, ModelOptionsError } from "./errors.ts";
import type { ModelInput } from "./model-input.ts";

/** Statistics of the images that a model is trained on, channel by channel. */
export interface PixelStatistics {
  readonly pixelMean: readonly number[];
  readonly pixelStd: readonly number[];
}

/**
 * Mean and deviation as buffers of shape C×1×1, which broadcast over images of C channels.
 *
 * @throws ModelOptionsError when they aren't a finite number for each channel, those of the deviation above 0.
 */
export function pixelBuffers({
  pixelMean,
  pixelStd,
}: PixelStatistics): [pixelMean: Buffer, pixelStd: Buffer] {
  if (pixelMean.length === 0 || !pixelMean.every(Number.isFinite)) {
    throw new ModelOptionsError("pixelMean", pixelMean, "a number for each channel");
  }
  if (pixelStd.length !== pixelMean.length) {
    const wanted = `as many numbers as pixelMean, which has ${pixelMean.length}`;
    throw new ModelOptionsError("pixelStd", pixelStd, wanted);
  }
  if (!pixelStd.every((value) => Number.isFinite(value) && value > 0)) {
    throw new ModelOptionsError("pixelStd", pixelStd, "a number above 0 for each channel");
  }
  return [channelBuffer(pixelMean), channelBuffer(pixelStd)];
}

function channelBuffer(values: readonly number[]): Buffer {
  return new Buffer(Float32Array.from(values), [values.length, 1, 1]);
}

/** How a model normalises and pads images. */
export interface PreprocessOptions {
  /** Says what sizes it can take. */
  readonly backbone: Pick<Backbone, "sizeDivisibility" | "paddingConstraints">;
  /** C×1×1. */
  readonly pixelMean: Tensor;
  /** C×1×1. */
  readonly pixelStd: Tensor;
}

/**
 * The network's input: each image is normalised, `(image - mean) / std`, and then padded with zeros at its right and
 * bottom, so that the padding has the mean colour.
 *
 * The graph depends on the number of images and on their dtypes alone: a batch of other sizes compiles nothing new.
 *
 * @returns N×C×H×W, lazy.
 * @throws EmptyBatchError; ModelImageError when an image is not channels × height × width.
 */
export function preprocessImages(
  batchedInputs: readonly ModelInput[],
  { backbone, pixelMean, pixelStd }: PreprocessOptions,
): ImageList {
  if (batchedInputs.length === 0) throw new EmptyBatchError();
  const [channels] = pixelMean.shape;
  const images = batchedInputs.map(({ image: given }, index) => {
    const image = given instanceof Tensor ? given : fromNdarray(given);
    const hasPixels = (image.dtype === "float32" || image.dtype === "uint8") && image.size > 0;
    if (!hasPixels || image.rank !== 3 || image.shape[0] !== channels) {
      throw new ModelImageError(index, image.shape, image.dtype, channels);
    }
    return image.to("float32").sub(pixelMean).div(pixelStd);
  });
  return ImageList.fromTensors(images, backbone.sizeDivisibility, {
    paddingConstraints: backbone.paddingConstraints,
  });
}
