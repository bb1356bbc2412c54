import ndarray, { type NdArray } from "ndarray";

import { layoutOf, mapPoints, packed, resizedShape } from "./arrays.ts";
import type { CoordinateData, LabelData, PixelData, Size } from "./arrays.ts";
import { NotInvertibleError } from "./errors.ts";
import {
  pillowExtentBilinear,
  pillowExtentNearest,
  type Extent,
} from "./resample/pillow-extent.ts";
import { Transform } from "./transform.ts";

const { fround } = Math;

/** Options of {@link ExtentTransform}. */
export interface ExtentTransformOptions {
  /** The rectangle to take: left, top, right, bottom in continuous pixels. May reach beyond the image. */
  readonly srcRect: Extent;
  /** Size of the result. */
  readonly outputSize: Size;
}

/**
 * Takes a rectangle of the image and resizes it, without antialiasing; outside the image all is 0. Mirrors detectron2's
 * `ExtentTransform`.
 */
export class ExtentTransform extends Transform {
  readonly srcRect: Extent;
  readonly outputSize: Size;

  constructor({ srcRect, outputSize }: ExtentTransformOptions) {
    super();
    this.srcRect = srcRect;
    this.outputSize = outputSize;
  }

  override applyImage<D extends PixelData>(image: NdArray<D>): NdArray<D> {
    const { srcRect, outputSize } = this;
    const pixels = pillowExtentBilinear(packed(image), layoutOf(image), srcRect, outputSize);
    return ndarray(pixels, resizedShape(image.shape, outputSize));
  }

  override applySegmentation<D extends LabelData>(segmentation: NdArray<D>): NdArray<D> {
    const { srcRect, outputSize } = this;
    const layout = layoutOf(segmentation);
    const labels = pillowExtentNearest(packed(segmentation), layout, srcRect, outputSize);
    return ndarray(labels, resizedShape(segmentation.shape, outputSize));
  }

  /** Computed in float32, whatever the type of the coordinates, as in detectron2. */
  override applyCoords<D extends CoordinateData>(coords: NdArray<D>): NdArray<D> {
    const [x0, y0, x1, y1] = this.srcRect;
    const [height, width] = this.outputSize;
    // From the middle of the rectangle to the middle of the result, rounded at every step.
    const [middleX, middleY] = [fround((x0 + x1) / 2), fround((y0 + y1) / 2)];
    const [scaleX, scaleY] = [fround(width / (x1 - x0)), fround(height / (y1 - y0))];
    return mapPoints(coords, (x, y, target, to) => {
      target[to] = fround(fround(fround(fround(x) - middleX) * scaleX) + width / 2);
      target[to + 1] = fround(fround(fround(fround(y) - middleY) * scaleY) + height / 2);
    });
  }

  /** @throws NotInvertibleError always: what lies outside the rectangle is lost. */
  override inverse(): never {
    throw new NotInvertibleError("ExtentTransform", "what lies outside the rectangle is lost");
  }
}
