import type { NdArray } from "ndarray";

import { layoutOf, type PixelData, type Size } from "../arrays.ts";
import { choice, systemRandom, uniform, type RandomGenerator } from "../random.ts";
import { ResizeTransform } from "../resize-transform.ts";
import { roundHalfEven } from "../round.ts";
import type { Transform } from "../transform.ts";
import { Augmentation } from "./augmentation.ts";

function resizeTo(image: NdArray<PixelData>, [newHeight, newWidth]: Size): ResizeTransform {
  const { height, width } = layoutOf(image);
  return new ResizeTransform({ height, width, newHeight, newWidth });
}

/** Resizes every image to one size, whatever its aspect ratio. */
export class Resize extends Augmentation {
  readonly shape: Size;

  /** @param shape - height and width, or one number for both. */
  constructor(shape: Size | number) {
    super();
    this.shape = typeof shape === "number" ? [shape, shape] : shape;
  }

  override getTransform(image: NdArray<PixelData>): Transform {
    return resizeTo(image, this.shape);
  }
}

/** Resizes every image to one of several sizes. */
export class RandomResize extends Augmentation {
  readonly shapes: readonly Size[];

  constructor(shapes: readonly Size[]) {
    super();
    this.shapes = shapes;
  }

  override getTransform(
    image: NdArray<PixelData>,
    random: RandomGenerator = systemRandom,
  ): Transform {
    return resizeTo(image, choice(random, this.shapes));
  }
}

/** Options of {@link ResizeScale}. */
export interface ResizeScaleOptions {
  /** Least and greatest factor on the target size. */
  readonly minScale: number;
  readonly maxScale: number;
  readonly targetHeight: number;
  readonly targetWidth: number;
}

/**
 * Resizes to fit, aspect ratio kept, into a target size times a random factor: the large-scale jitter of "Simple
 * Copy-Paste" (Ghiasi et al., 2021). Follow it by {@link FixedSizeCrop}.
 */
export class ResizeScale extends Augmentation {
  readonly minScale: number;
  readonly maxScale: number;
  readonly targetHeight: number;
  readonly targetWidth: number;

  constructor({ minScale, maxScale, targetHeight, targetWidth }: ResizeScaleOptions) {
    super();
    this.minScale = minScale;
    this.maxScale = maxScale;
    this.targetHeight = targetHeight;
    this.targetWidth = targetWidth;
  }

  override getTransform(
    image: NdArray<PixelData>,
    random: RandomGenerator = systemRandom,
  ): Transform {
    const { height, width } = layoutOf(image);
    const scale = uniform(random, this.minScale, this.maxScale);
    const fit = Math.min((this.targetHeight * scale) / height, (this.targetWidth * scale) / width);
    return resizeTo(image, [roundHalfEven(height * fit), roundHalfEven(width * fit)]);
  }
}
