import ndarray, { type NdArray } from "ndarray";

import { layoutOf, packed, resizedShape } from "./arrays.ts";
import type { PixelData, LabelData, Layout, Size } from "./arrays.ts";
import { ImageShapeError, TransformOptionError } from "./errors.ts";
import { nearest } from "./resample/nearest.ts";
import { pillowBilinear } from "./resample/pillow-bilinear.ts";
import { torchBilinear } from "./resample/torch-bilinear.ts";

/**
 * Resizes an image bilinearly, the way detectron2 feeds its models.
 *
 * Bytes go through Pillow's resampling, reproduced bit for bit (antialiased when shrinking, fixed point, rounded to bytes
 * after each pass); floats through PyTorch's, which does not antialias. Channels are independent.
 *
 * @param image H×W or H×W×C, any strides.
 * @returns A new row-major array of the same dtype and rank.
 * @throws ImageShapeError when the image is not of that shape or is empty; TransformOptionError when a side of the size
 *   is not a positive integer.
 */
export function resizeBilinear<D extends PixelData>(image: NdArray<D>, size: Size): NdArray<D>;
export function resizeBilinear(image: NdArray<PixelData>, size: Size): NdArray<PixelData> {
  const layout = checkedLayout(image, size);
  const pixels = packed<PixelData>(image);
  const resized =
    pixels instanceof Uint8Array
      ? pillowBilinear(pixels, layout, size)
      : torchBilinear(pixels, layout, size);
  // A resampler may hand back its input when nothing changes; the caller gets an array of its own.
  const owned = resized.buffer === image.data.buffer ? resized.slice() : resized;
  return ndarray(owned, resizedShape(image.shape, size));
}

/**
 * Resizes an image or a map of labels by copying the nearest element, with Pillow's choice of what is nearest.
 *
 * @param image H×W or H×W×C, any strides and any number type.
 * @returns A new row-major array of the same dtype and rank.
 * @throws As {@link resizeBilinear}.
 */
export function resizeNearest<D extends LabelData>(image: NdArray<D>, size: Size): NdArray<D> {
  const layout = checkedLayout(image, size);
  return ndarray(nearest(packed(image), layout, size), resizedShape(image.shape, size));
}

function checkedLayout(image: { readonly shape: readonly number[] }, size: Size): Layout {
  const layout = layoutOf(image);
  if (layout.height === 0 || layout.width === 0) {
    throw new ImageShapeError(image.shape, "an image with at least one pixel");
  }
  for (const side of size) {
    if (!Number.isInteger(side) || side <= 0) {
      throw new TransformOptionError("size", size, "[height, width] as positive integers");
    }
  }
  return layout;
}
