import type { NdArray } from "ndarray";

import {
  copyOf,
  mapPoints,
  type CoordinateData,
  type LabelData,
  type PixelData,
} from "./arrays.ts";
import { Transform } from "./transform.ts";

/** Mirrors left and right: x becomes `width - x`. */
export class HFlipTransform extends Transform {
  /** Width of the image, in pixels. */
  readonly width: number;

  constructor(width: number) {
    super();
    this.width = width;
  }

  override applyImage<D extends PixelData>(image: NdArray<D>): NdArray<D> {
    return copyOf(image.step(1, -1));
  }

  override applySegmentation<D extends LabelData>(segmentation: NdArray<D>): NdArray<D> {
    return copyOf(segmentation.step(1, -1));
  }

  override applyCoords<D extends CoordinateData>(coords: NdArray<D>): NdArray<D> {
    return mapPoints(coords, (x, y, target, to) => {
      target[to] = this.width - x;
      target[to + 1] = y;
    });
  }

  override inverse(): HFlipTransform {
    return this;
  }
}

/** Mirrors top and bottom: y becomes `height - y`. */
export class VFlipTransform extends Transform {
  /** Height of the image, in pixels. */
  readonly height: number;

  constructor(height: number) {
    super();
    this.height = height;
  }

  override applyImage<D extends PixelData>(image: NdArray<D>): NdArray<D> {
    return copyOf(image.step(-1));
  }

  override applySegmentation<D extends LabelData>(segmentation: NdArray<D>): NdArray<D> {
    return copyOf(segmentation.step(-1));
  }

  override applyCoords<D extends CoordinateData>(coords: NdArray<D>): NdArray<D> {
    return mapPoints(coords, (x, y, target, to) => {
      target[to] = x;
      target[to + 1] = this.height - y;
    });
  }

  override inverse(): VFlipTransform {
    return this;
  }
}
