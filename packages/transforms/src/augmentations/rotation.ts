import type { NdArray } from "ndarray";

import { layoutOf, type PixelData } from "../arrays.ts";
import { TransformOptionError } from "../errors.ts";
import { choice, systemRandom, uniform, type RandomGenerator } from "../random.ts";
import { RotationTransform } from "../rotation-transform.ts";
import { NoOpTransform, type Transform } from "../transform.ts";
import { Augmentation } from "./augmentation.ts";
import type { SampleStyle } from "./resize-shortest-edge.ts";

/** A point as shares of the image's width and height. */
export type RelativePoint = readonly [x: number, y: number];

/** Options of {@link RandomRotation}. */
export interface RandomRotationOptions {
  /** Degrees, counter-clockwise: one angle, `[least, greatest]` for `"range"`, or the angles to choose from. */
  readonly angle: number | readonly number[];
  /** Whether the result grows to hold the whole image, true by default. */
  readonly expand?: boolean;
  /**
   * The points to turn around: opposite corners of a rectangle to draw from for `"range"`, or the points to choose from. The
   * middle of the image by default.
   */
  readonly center?: readonly RelativePoint[];
  /** `"range"` (the default) draws uniformly between two bounds, `"choice"` one of the values. */
  readonly sampleStyle?: SampleStyle;
}

/** Rotates by a random angle. */
export class RandomRotation extends Augmentation {
  readonly angle: readonly number[];
  readonly expand: boolean;
  readonly center: readonly RelativePoint[] | undefined;
  readonly sampleStyle: SampleStyle;

  /** @throws TransformOptionError when there is nothing to draw, or `"range"` does not have two bounds. */
  constructor({ angle, expand = true, center, sampleStyle = "range" }: RandomRotationOptions) {
    super();
    this.angle = typeof angle === "number" ? [angle, angle] : angle;
    for (const [option, values] of [["angle", this.angle] as const, ["center", center] as const]) {
      if (values && (values.length === 0 || (sampleStyle === "range" && values.length !== 2))) {
        throw new TransformOptionError(option, values, "two bounds, or values to choose from");
      }
    }
    this.expand = expand;
    this.center = center;
    this.sampleStyle = sampleStyle;
  }

  override getTransform(
    image: NdArray<PixelData>,
    random: RandomGenerator = systemRandom,
  ): Transform {
    const { height, width } = layoutOf(image);
    const range = this.sampleStyle === "range";
    const angle = range
      ? uniform(random, this.angle[0], this.angle[1])
      : choice(random, this.angle);
    const point =
      this.center && (range ? between(random, this.center) : choice(random, this.center));
    if (angle % 360 === 0) return new NoOpTransform();
    const expand = this.expand;
    const options = { height, width, angle, expand };
    return new RotationTransform(
      point ? { ...options, center: [width * point[0], height * point[1]] } : options,
    );
  }
}

function between(random: RandomGenerator, [from, to]: readonly RelativePoint[]): RelativePoint {
  return [uniform(random, from[0], to[0]), uniform(random, from[1], to[1])];
}
