import ndarray, { type NdArray } from "ndarray";

import { layoutOf, packed, type CoordinateData, type PixelData } from "../arrays.ts";
import { CropTransform } from "../crop-and-pad.ts";
import { choice, systemRandom, uniform, type RandomGenerator } from "../random.ts";
import { NoOpTransform, type Transform } from "../transform.ts";
import { Augmentation, type AugLabels } from "./augmentation.ts";

const { fround } = Math;

/** Options of {@link MinIoURandomCrop}. */
export interface MinIoURandomCropOptions {
  /** The least overlaps to choose from; 0 and "no crop" are always among the choices. */
  readonly minIous?: readonly number[];
  /** Least side of the rectangle, as a share of the image's, 0.3 by default. */
  readonly minCropSize?: number;
}

/** Rectangles to try before another least overlap is chosen. */
const CROP_ATTEMPTS = 50;

/**
 * Cuts out a rectangle that overlaps every box by at least a chosen IoU and holds the centre of one, as SSD is trained (Liu
 * et al., 2016). Images without boxes given stay as they are.
 */
export class MinIoURandomCrop extends Augmentation {
  readonly minIous: readonly number[];
  readonly minCropSize: number;

  constructor({
    minIous = [0.1, 0.3, 0.5, 0.7, 0.9],
    minCropSize = 0.3,
  }: MinIoURandomCropOptions = {}) {
    super();
    this.minIous = minIous;
    this.minCropSize = minCropSize;
  }

  override getTransform(
    image: NdArray<PixelData>,
    random: RandomGenerator = systemRandom,
    { boxes }: AugLabels = {},
  ): Transform {
    if (!boxes) return new NoOpTransform();
    for (;;) {
      const minIou = choice(random, [1, ...this.minIous, 0]);
      if (minIou === 1) return new NoOpTransform();
      for (let i = 0; i < CROP_ATTEMPTS; i++) {
        const crop = this.#draw(layoutOf(image), random);
        if (crop && suits(crop.patch, boxes, minIou)) return crop.transform;
      }
    }
  }

  /** A rectangle with sides in proportion 1:2 at most, or none if the draw was of another one. */
  #draw(
    { height, width }: { readonly height: number; readonly width: number },
    random: RandomGenerator,
  ): { transform: CropTransform; patch: Float32Array } | undefined {
    const newWidth = uniform(random, this.minCropSize * width, width);
    const newHeight = uniform(random, this.minCropSize * height, height);
    const ratio = newHeight / newWidth;
    if (ratio < 0.5 || ratio > 2) return undefined;
    // As in detectron2, the corner lies between 1 and the free room, not between 0 and it.
    const left = uniform(random, width - newWidth, 1);
    const top = uniform(random, height - newHeight, 1);
    const patch = Float32Array.of(left, top, left + newWidth, top + newHeight).map(Math.trunc);
    if (patch[2] === patch[0] || patch[3] === patch[1]) return undefined;
    const transform = new CropTransform({
      x0: patch[0],
      y0: patch[1],
      width: Math.trunc(newWidth),
      height: Math.trunc(newHeight),
      originalWidth: width,
      originalHeight: height,
    });
    return { transform, patch };
  }
}

/** Whether every box overlaps the patch by `minIou` at least and the centre of some box is inside; so too without boxes. */
function suits(patch: Float32Array, boxes: NdArray<CoordinateData>, minIou: number): boolean {
  const [count] = boxes.shape;
  if (count === 0) return true;
  const data = packed(boxes.dimension === 2 ? boxes : ndarray(boxes.data, [count, 4]));
  const [left, top, right, bottom] = patch;
  let anyCentre = false;
  for (let i = 0; i < data.length; i += 4) {
    const [x0, y0, x1, y1] = data.subarray(i, i + 4);
    const width = Math.max(fround(Math.min(x1, right) - Math.max(x0, left)), 0);
    const height = Math.max(fround(Math.min(y1, bottom) - Math.max(y0, top)), 0);
    const intersection = fround(width * height);
    const areas = fround(fround((x1 - x0) * (y1 - y0)) + (right - left) * (bottom - top));
    const iou = intersection > 0 ? fround(intersection / fround(areas - intersection)) : 0;
    if (iou < minIou) return false;
    const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
    anyCentre ||= x > left && x < right && y > top && y < bottom;
  }
  return anyCentre;
}
