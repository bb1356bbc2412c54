import ndarray, { type NdArray } from "ndarray";

import { layoutOf, packed, type PixelData } from "../arrays.ts";
import { BlendTransform } from "../blend-transform.ts";
import { ImageShapeError } from "../errors.ts";
import { normal, systemRandom, uniform, type RandomGenerator } from "../random.ts";
import type { Transform } from "../transform.ts";
import { Augmentation } from "./augmentation.ts";

/** Least and greatest weight of the image in the blend: 1 leaves it as it is, less takes away, more adds. */
export interface IntensityRange {
  readonly intensityMin: number;
  readonly intensityMax: number;
}

/** Blends images with something of their own by a random weight. */
abstract class RandomBlend extends Augmentation {
  readonly intensityMin: number;
  readonly intensityMax: number;

  constructor({ intensityMin, intensityMax }: IntensityRange) {
    super();
    this.intensityMin = intensityMin;
    this.intensityMax = intensityMax;
  }

  protected abstract srcImage(image: NdArray<PixelData>): number | NdArray<Float64Array>;

  override getTransform(
    image: NdArray<PixelData>,
    random: RandomGenerator = systemRandom,
  ): Transform {
    const weight = uniform(random, this.intensityMin, this.intensityMax);
    const srcImage = this.srcImage(image);
    return new BlendTransform({ srcImage, srcWeight: 1 - weight, dstWeight: weight });
  }
}

/** Moves all values toward (intensity below 1) or away from the mean of the image. */
export class RandomContrast extends RandomBlend {
  protected override srcImage(image: NdArray<PixelData>): number {
    let sum = 0;
    for (const value of packed(image)) sum += value;
    return sum / image.size;
  }
}

/** Multiplies all values by the intensity. */
export class RandomBrightness extends RandomBlend {
  protected override srcImage(): number {
    return 0;
  }
}

/** Weights of red, green and blue in the gray that {@link RandomSaturation} blends with. */
const GRAY = [0.299, 0.587, 0.114];

/**
 * Moves every pixel toward (intensity below 1) or away from its gray. The weights are those of RGB; as in detectron2, the
 * channels of a BGR image are weighted in the order they come in.
 */
export class RandomSaturation extends RandomBlend {
  protected override srcImage(image: NdArray<PixelData>): NdArray<Float64Array> {
    const { height, width } = checkedColors(image);
    const pixels = packed(image);
    const gray = new Float64Array(height * width);
    for (let i = 0; i < gray.length; i++) {
      gray[i] = pixels[3 * i] * GRAY[0] + pixels[3 * i + 1] * GRAY[1] + pixels[3 * i + 2] * GRAY[2];
    }
    return ndarray(gray, [height, width]);
  }
}

/** Principal components of the colors of ImageNet, a row per channel, and their variances (on a scale of 0 to 1). */
const EIGEN_VECTORS = [
  [-0.5675, 0.7192, 0.4009],
  [-0.5808, -0.0045, -0.814],
  [-0.5836, -0.6948, 0.4203],
];
const EIGEN_VALUES = [0.2175, 0.0188, 0.0045];

/** Adds one random color to the whole image: the color jitter of AlexNet (Krizhevsky et al., 2012). */
export class RandomLighting extends Augmentation {
  /** Standard deviation of the weight of each component. */
  readonly scale: number;

  constructor(scale: number) {
    super();
    this.scale = scale;
  }

  override getTransform(
    image: NdArray<PixelData>,
    random: RandomGenerator = systemRandom,
  ): Transform {
    checkedColors(image);
    const weights = EIGEN_VALUES.map((value) => value * this.scale * normal(random));
    const color = EIGEN_VECTORS.map((row) =>
      row.reduce((sum, part, component) => sum + part * weights[component], 0),
    );
    return new BlendTransform({ srcImage: color, srcWeight: 1, dstWeight: 1 });
  }
}

function checkedColors(image: NdArray<PixelData>): { height: number; width: number } {
  const { height, width, channels } = layoutOf(image);
  if (channels !== 3) throw new ImageShapeError(image.shape, "an image of three channels");
  return { height, width };
}
