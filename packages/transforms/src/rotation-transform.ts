import ndarray, { type NdArray } from "ndarray";

import { layoutOf, mapPoints, packed, resizedShape } from "./arrays.ts";
import type { CoordinateData, LabelData, PixelData, Size } from "./arrays.ts";
import { CropTransform } from "./crop-and-pad.ts";
import { NotInvertibleError } from "./errors.ts";
import {
  warpAffineBilinear,
  warpAffineNearest,
  type AffineMatrix,
} from "./resample/opencv-warp.ts";
import { roundHalfEven } from "./round.ts";
import { TransformList } from "./transform-list.ts";
import { Transform } from "./transform.ts";

/** Options of {@link RotationTransform}. */
export interface RotationTransformOptions {
  /** Size of the image, in pixels. */
  readonly height: number;
  readonly width: number;
  /** Degrees, counter-clockwise. */
  readonly angle: number;
  /** Whether the result grows to hold the whole rotated image; true by default. */
  readonly expand?: boolean;
  /** Point (x, y) to turn around; the middle of the image by default. Does not matter where the result expands. */
  readonly center?: readonly [x: number, y: number];
}

/** Rotates, bilinearly, with zeros where there was no image. Mirrors detectron2's `RotationTransform` on OpenCV. */
export class RotationTransform extends Transform {
  readonly height: number;
  readonly width: number;
  readonly angle: number;
  readonly expand: boolean;
  /** Size of the result. */
  readonly bound: Size;
  readonly #center: readonly [x: number, y: number];

  constructor({ height, width, angle, expand = true, center }: RotationTransformOptions) {
    super();
    this.height = height;
    this.width = width;
    this.angle = angle;
    this.expand = expand;
    this.#center = center ?? [width / 2, height / 2];
    const radians = (angle * Math.PI) / 180;
    const cos = Math.abs(Math.cos(radians));
    const sin = Math.abs(Math.sin(radians));
    this.bound = expand
      ? [roundHalfEven(height * cos + width * sin), roundHalfEven(height * sin + width * cos)]
      : [height, width];
  }

  override applyImage<D extends PixelData>(image: NdArray<D>): NdArray<D> {
    if (this.#isIdentity(image)) return image;
    // Pixel i covers [i, i + 1): indices are coordinates less a half.
    const matrix = this.#matrix(-0.5);
    const pixels = warpAffineBilinear(packed(image), layoutOf(image), matrix, this.bound);
    return ndarray(pixels, resizedShape(image.shape, this.bound));
  }

  override applySegmentation<D extends LabelData>(segmentation: NdArray<D>): NdArray<D> {
    if (this.#isIdentity(segmentation)) return segmentation;
    const matrix = this.#matrix(-0.5);
    const labels = warpAffineNearest(
      packed(segmentation),
      layoutOf(segmentation),
      matrix,
      this.bound,
    );
    return ndarray(labels, resizedShape(segmentation.shape, this.bound));
  }

  override applyCoords<D extends CoordinateData>(coords: NdArray<D>): NdArray<D> {
    if (this.#isIdentity(coords)) return coords;
    const [a, b, tx, c, d, ty] = this.#matrix(0);
    return mapPoints(coords, (x, y, target, to) => {
      target[to] = a * x + b * y + tx;
      target[to + 1] = c * x + d * y + ty;
    });
  }

  /**
   * The rotation back, and a crop to the size of the image.
   *
   * @throws NotInvertibleError unless the result expands: otherwise corners are lost.
   */
  override inverse(): Transform {
    if (!this.expand) {
      throw new NotInvertibleError("RotationTransform", "corners are cut off unless it expands");
    }
    const [height, width] = this.bound;
    const rotation = new RotationTransform({ height, width, angle: -this.angle });
    const crop = new CropTransform({
      x0: Math.floor((rotation.bound[1] - this.width) / 2),
      y0: Math.floor((rotation.bound[0] - this.height) / 2),
      width: this.width,
      height: this.height,
    });
    return new TransformList([rotation, crop]);
  }

  #isIdentity({ size }: { readonly size: number }): boolean {
    return size === 0 || this.angle % 360 === 0;
  }

  /**
   * The matrix that turns points around the centre and, where the result expands, moves the middle of the image to the
   * middle of the result. `offset` is added to both middles and the centre.
   */
  #matrix(offset: number): AffineMatrix {
    const radians = (this.angle * Math.PI) / 180;
    const cos = Math.cos(radians);
    const sin = Math.sin(radians);
    const [cx, cy] = [this.#center[0] + offset, this.#center[1] + offset];
    let tx = (1 - cos) * cx - sin * cy;
    let ty = sin * cx + (1 - cos) * cy;
    if (this.expand) {
      const [mx, my] = [this.width / 2 + offset, this.height / 2 + offset];
      const rotatedX = cos * mx + sin * my + tx;
      const rotatedY = -sin * mx + cos * my + ty;
      tx += this.bound[1] / 2 + offset - rotatedX;
      ty += this.bound[0] / 2 + offset - rotatedY;
    }
    return [cos, sin, tx, -sin, cos, ty];
  }
}
