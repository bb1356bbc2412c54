import ndarray, { type NdArray } from "ndarray";

import { copyOf, layoutOf, mapPoints, newLike, packed, resizedShape } from "./arrays.ts";
import type { CoordinateData, LabelData, PixelData } from "./arrays.ts";
import { clipPolygon } from "./clip-polygon.ts";
import { NotInvertibleError } from "./errors.ts";
import { Transform } from "./transform.ts";

// Cropping and padding are each other's inverse, so they share a file.

/** A rectangle of an image, in whole pixels. */
export interface CropTransformOptions {
  /** Left column. */
  readonly x0: number;
  /** Top row. */
  readonly y0: number;
  readonly width: number;
  readonly height: number;
  /** Width of the image before the crop; with {@link originalHeight}, what an inverse needs to know. */
  readonly originalWidth?: number;
  readonly originalHeight?: number;
}

/**
 * Cuts a rectangle out. What reaches beyond the image is left out, so the result may be smaller than the rectangle.
 * Mirrors fvcore's `CropTransform`.
 */
export class CropTransform extends Transform {
  readonly x0: number;
  readonly y0: number;
  readonly width: number;
  readonly height: number;
  readonly originalWidth: number | undefined;
  readonly originalHeight: number | undefined;

  constructor(options: CropTransformOptions) {
    super();
    this.x0 = options.x0;
    this.y0 = options.y0;
    this.width = options.width;
    this.height = options.height;
    this.originalWidth = options.originalWidth;
    this.originalHeight = options.originalHeight;
  }

  override applyImage<D extends PixelData>(image: NdArray<D>): NdArray<D> {
    return this.#cut(image);
  }

  override applySegmentation<D extends LabelData>(segmentation: NdArray<D>): NdArray<D> {
    return this.#cut(segmentation);
  }

  override applyCoords<D extends CoordinateData>(coords: NdArray<D>): NdArray<D> {
    return mapPoints(coords, (x, y, target, to) => {
      target[to] = x - this.x0;
      target[to + 1] = y - this.y0;
    });
  }

  /** The parts of the polygons inside the rectangle. A polygon may come out in several parts, or not at all. */
  override applyPolygons(polygons: readonly Float64Array[]): Float64Array[] {
    const { x0, y0, width, height } = this;
    const inside = polygons.flatMap((polygon) =>
      clipPolygon(polygon, [x0, y0, x0 + width, y0 + height]),
    );
    return super.applyPolygons(inside);
  }

  /**
   * Zeros around the rectangle, up to the size of the original.
   *
   * @throws NotInvertibleError when the size of the original is not known.
   */
  override inverse(): PadTransform {
    const { x0, y0, width, height, originalWidth, originalHeight } = this;
    if (originalWidth === undefined || originalHeight === undefined) {
      throw new NotInvertibleError("CropTransform", "the size of the original is not known");
    }
    return new PadTransform({
      x0,
      y0,
      x1: originalWidth - x0 - width,
      y1: originalHeight - y0 - height,
      originalWidth: width,
      originalHeight: height,
    });
  }

  #cut<D extends LabelData>(image: NdArray<D>): NdArray<D> {
    const layout = layoutOf(image);
    const y0 = Math.min(this.y0, layout.height);
    const x0 = Math.min(this.x0, layout.width);
    const height = Math.min(this.height, layout.height - y0);
    const width = Math.min(this.width, layout.width - x0);
    return copyOf(image.lo(y0, x0).hi(height, width));
  }
}

/** Widths of the borders to add, in pixels. */
export interface PadTransformOptions {
  /** Columns on the left. */
  readonly x0: number;
  /** Rows on top. */
  readonly y0: number;
  /** Columns on the right. */
  readonly x1: number;
  /** Rows at the bottom. */
  readonly y1: number;
  /** Width of the image before the padding; with {@link originalHeight}, what an inverse needs to know. */
  readonly originalWidth?: number;
  readonly originalHeight?: number;
  /** Value of the new pixels, 0 by default. */
  readonly padValue?: number;
  /** Label of the new elements of a segmentation, 0 by default. */
  readonly segPadValue?: number;
}

/** Adds borders of one value. Mirrors fvcore's `PadTransform`. */
export class PadTransform extends Transform {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
  readonly originalWidth: number | undefined;
  readonly originalHeight: number | undefined;
  readonly padValue: number;
  readonly segPadValue: number;

  constructor(options: PadTransformOptions) {
    super();
    this.x0 = options.x0;
    this.y0 = options.y0;
    this.x1 = options.x1;
    this.y1 = options.y1;
    this.originalWidth = options.originalWidth;
    this.originalHeight = options.originalHeight;
    this.padValue = options.padValue ?? 0;
    this.segPadValue = options.segPadValue ?? 0;
  }

  override applyImage<D extends PixelData>(image: NdArray<D>): NdArray<D> {
    return this.#pad(image, this.padValue);
  }

  override applySegmentation<D extends LabelData>(segmentation: NdArray<D>): NdArray<D> {
    return this.#pad(segmentation, this.segPadValue);
  }

  override applyCoords<D extends CoordinateData>(coords: NdArray<D>): NdArray<D> {
    return mapPoints(coords, (x, y, target, to) => {
      target[to] = x + this.x0;
      target[to + 1] = y + this.y0;
    });
  }

  /**
   * Cuts the borders off.
   *
   * @throws NotInvertibleError when the size of the original is not known.
   */
  override inverse(): CropTransform {
    const { x0, y0, x1, y1, originalWidth, originalHeight } = this;
    if (originalWidth === undefined || originalHeight === undefined) {
      throw new NotInvertibleError("PadTransform", "the size of the original is not known");
    }
    return new CropTransform({
      x0,
      y0,
      width: originalWidth,
      height: originalHeight,
      originalWidth: originalWidth + x0 + x1,
      originalHeight: originalHeight + y0 + y1,
    });
  }

  #pad<D extends LabelData>(image: NdArray<D>, value: number): NdArray<D> {
    const { height, width, channels } = layoutOf(image);
    const source = packed(image);
    const newHeight = this.y0 + height + this.y1;
    const newWidth = this.x0 + width + this.x1;
    const result = newLike(image.data, newHeight * newWidth * channels).fill(value);
    for (let y = 0; y < height; y++) {
      const row = source.subarray(y * width * channels, (y + 1) * width * channels);
      result.set(row, ((this.y0 + y) * newWidth + this.x0) * channels);
    }
    // `fill` keeps the class of the array, which its type does not say.
    return ndarray(result as D, resizedShape(image.shape, [newHeight, newWidth]));
  }
}
