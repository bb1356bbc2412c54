import type { NdArray } from "ndarray";

import { layoutOf, type PixelData } from "../arrays.ts";
import { HFlipTransform, VFlipTransform } from "../flip-transform.ts";
import { systemRandom, type RandomGenerator } from "../random.ts";
import { NoOpTransform, type Transform } from "../transform.ts";
import { Augmentation } from "./augmentation.ts";
import { checkedProbability } from "./options.ts";

/** Options of {@link RandomFlip}. */
export interface RandomFlipOptions {
  /** Share of the images that are flipped, 0.5 by default. */
  readonly prob?: number;
  /** `"horizontal"`, the default, exchanges left and right; `"vertical"` exchanges top and bottom. */
  readonly direction?: "horizontal" | "vertical";
}

/** Flips some of the images. To flip both ways, use two. */
export class RandomFlip extends Augmentation {
  readonly prob: number;
  readonly direction: "horizontal" | "vertical";

  constructor({ prob = 0.5, direction = "horizontal" }: RandomFlipOptions = {}) {
    super();
    this.prob = checkedProbability("prob", prob);
    this.direction = direction;
  }

  override getTransform(
    image: NdArray<PixelData>,
    random: RandomGenerator = systemRandom,
  ): Transform {
    if (random.next() >= this.prob) return new NoOpTransform();
    const { height, width } = layoutOf(image);
    return this.direction === "horizontal" ? new HFlipTransform(width) : new VFlipTransform(height);
  }
}
