import type { NdArray } from "ndarray";

import {
  mapPoints,
  newLike,
  type CoordinateData,
  type PixelData,
  type LabelData,
} from "./arrays.ts";
import { ImageShapeError } from "./errors.ts";
import { resizeBilinear, resizeNearest } from "./resize.ts";
import { Transform } from "./transform.ts";

/** Sizes before and after, in pixels. */
export interface ResizeTransformOptions {
  readonly height: number;
  readonly width: number;
  readonly newHeight: number;
  readonly newWidth: number;
}

/** Resizes images of one size to another. Mirrors detectron2's `ResizeTransform`. */
export class ResizeTransform extends Transform {
  readonly height: number;
  readonly width: number;
  readonly newHeight: number;
  readonly newWidth: number;

  constructor(options: ResizeTransformOptions) {
    super();
    this.height = options.height;
    this.width = options.width;
    this.newHeight = options.newHeight;
    this.newWidth = options.newWidth;
  }

  /**
   * Resizes bilinearly (see {@link resizeBilinear}).
   *
   * @throws ImageShapeError when the image is not of the size this transform was made for.
   */
  override applyImage<D extends PixelData>(image: NdArray<D>): NdArray<D> {
    this.#checkSize(image);
    return resizeBilinear(image, [this.newHeight, this.newWidth]);
  }

  /**
   * Resizes by nearest neighbour (see {@link resizeNearest}).
   *
   * @throws ImageShapeError when the map is not of the size this transform was made for.
   */
  override applySegmentation<D extends LabelData>(segmentation: NdArray<D>): NdArray<D> {
    this.#checkSize(segmentation);
    return resizeNearest(segmentation, [this.newHeight, this.newWidth]);
  }

  /** Multiplies each coordinate by new side / old side, rounded to the coordinates' own precision. */
  override applyCoords<D extends CoordinateData>(coords: NdArray<D>): NdArray<D> {
    const scale = newLike(coords.data, 2);
    scale[0] = this.newWidth / this.width;
    scale[1] = this.newHeight / this.height;
    return mapPoints(coords, (x, y, target, to) => {
      target[to] = x * scale[0];
      target[to + 1] = y * scale[1];
    });
  }

  override inverse(): ResizeTransform {
    return new ResizeTransform({
      height: this.newHeight,
      width: this.newWidth,
      newHeight: this.height,
      newWidth: this.width,
    });
  }

  #checkSize({ shape }: { readonly shape: readonly number[] }): void {
    if (shape[0] !== this.height || shape[1] !== this.width) {
      throw new ImageShapeError(shape, `an image of height ${this.height} and width ${this.width}`);
    }
  }
}
