import type { NdArray } from "ndarray";

import { layoutOf, type PixelData } from "../arrays.ts";
import { ExtentTransform } from "../extent-transform.ts";
import { systemRandom, uniform, type RandomGenerator } from "../random.ts";
import type { Transform } from "../transform.ts";
import { Augmentation } from "./augmentation.ts";

/** Options of {@link RandomExtent}. */
export interface RandomExtentOptions {
  /** Least and greatest size of the rectangle, relative to the image. */
  readonly scaleRange: readonly [number, number];
  /** Ranges of the shift right and down, relative to the image; 0.5 draws from -0.25 to 0.25. */
  readonly shiftRange: readonly [number, number];
}

/** Takes a rectangle of random size around a random point; what lies outside the image is black. */
export class RandomExtent extends Augmentation {
  readonly scaleRange: readonly [number, number];
  readonly shiftRange: readonly [number, number];

  constructor({ scaleRange, shiftRange }: RandomExtentOptions) {
    super();
    this.scaleRange = scaleRange;
    this.shiftRange = shiftRange;
  }

  override getTransform(
    image: NdArray<PixelData>,
    random: RandomGenerator = systemRandom,
  ): Transform {
    const { height, width } = layoutOf(image);
    const scale = uniform(random, ...this.scaleRange);
    const middleX = width * (0.5 + this.shiftRange[0] * (random.next() - 0.5));
    const middleY = height * (0.5 + this.shiftRange[1] * (random.next() - 0.5));
    const x0 = middleX - (width * scale) / 2;
    const y0 = middleY - (height * scale) / 2;
    const x1 = middleX + (width * scale) / 2;
    const y1 = middleY + (height * scale) / 2;
    return new ExtentTransform({
      srcRect: [x0, y0, x1, y1],
      outputSize: [Math.trunc(y1 - y0), Math.trunc(x1 - x0)],
    });
  }
}
