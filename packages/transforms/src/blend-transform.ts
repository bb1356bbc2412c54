import ndarray, { type NdArray } from "ndarray";

import { layoutOf, newLike, packed } from "./arrays.ts";
import type { CoordinateData, LabelData, PixelData } from "./arrays.ts";
import { ImageShapeError, NotInvertibleError } from "./errors.ts";
import { Transform } from "./transform.ts";

const { fround } = Math;

/** Options of {@link BlendTransform}. */
export interface BlendTransformOptions {
  /** What to blend with: one number, a color (one number per channel), or an H×W image without colors. */
  readonly srcImage: number | readonly number[] | NdArray<Float64Array>;
  readonly srcWeight: number;
  /** Weight of the image that is transformed. */
  readonly dstWeight: number;
}

/**
 * `srcWeight · srcImage + dstWeight · image`; bytes are clipped to 0–255 and cut off. Only the image changes. Mirrors
 * fvcore's `BlendTransform`: the sum is in float32 with one number, and in float64 with a color or an image.
 */
export class BlendTransform extends Transform {
  readonly srcImage: number | readonly number[] | NdArray<Float64Array>;
  readonly srcWeight: number;
  readonly dstWeight: number;

  constructor({ srcImage, srcWeight, dstWeight }: BlendTransformOptions) {
    super();
    this.srcImage = srcImage;
    this.srcWeight = srcWeight;
    this.dstWeight = dstWeight;
  }

  /** @throws ImageShapeError when a color has another number of channels, or an image another size. */
  override applyImage<D extends PixelData>(image: NdArray<D>): NdArray<D> {
    const { channels } = layoutOf(image);
    const { srcImage } = this;
    const pixels = packed(image);
    const weight = fround(this.dstWeight);
    const result = newLike(image.data, image.size);
    const put =
      result instanceof Uint8Array
        ? (i: number, value: number) => (result[i] = Math.min(Math.max(value, 0), 255))
        : (i: number, value: number) => (result[i] = value);
    if (typeof srcImage === "number") {
      const source = fround(this.srcWeight * srcImage);
      for (let i = 0; i < pixels.length; i++) put(i, fround(fround(weight * pixels[i]) + source));
    } else {
      const source = this.#sourceAt(srcImage, image.shape, channels);
      for (let i = 0; i < pixels.length; i++) {
        put(i, this.srcWeight * source(i) + fround(weight * pixels[i]));
      }
    }
    return ndarray(result, [...image.shape]);
  }

  override applySegmentation<D extends LabelData>(segmentation: NdArray<D>): NdArray<D> {
    return segmentation;
  }

  override applyCoords<D extends CoordinateData>(coords: NdArray<D>): NdArray<D> {
    return coords;
  }

  override applyPolygons(polygons: readonly Float64Array[]): Float64Array[] {
    return [...polygons];
  }

  /** @throws NotInvertibleError always: values are clipped. */
  override inverse(): never {
    throw new NotInvertibleError("BlendTransform", "values are clipped");
  }

  /** The source's value for the element at a row-major position of the image. */
  #sourceAt(
    source: readonly number[] | NdArray<Float64Array>,
    shape: readonly number[],
    channels: number,
  ): (position: number) => number {
    if (!("shape" in source)) {
      if (source.length !== channels) {
        throw new ImageShapeError(shape, `an image of ${source.length} channels`);
      }
      return (position) => source[position % channels];
    }
    if (source.shape[0] !== shape[0] || source.shape[1] !== shape[1]) {
      throw new ImageShapeError(shape, `an image of shape ${source.shape.join("×")}`);
    }
    const values = packed(source);
    return (position) => values[Math.trunc(position / channels)];
  }
}
