import type { NdArray } from "ndarray";

import type { CoordinateData, LabelData, PixelData } from "../arrays.ts";
import { systemRandom, type RandomGenerator } from "../random.ts";
import { TransformList } from "../transform-list.ts";
import { NoOpTransform, Transform } from "../transform.ts";
import { checkedProbability } from "./options.ts";

/** What is drawn on an image, for augmentations that look at it. */
export interface AugLabels {
  /** N×4 boxes (x0, y0, x1, y1) in pixels of the image. */
  readonly boxes?: NdArray<CoordinateData>;
  /** H×W map of class labels. */
  readonly semSeg?: NdArray<LabelData>;
}

/**
 * An image and what is drawn on it, to be augmented together; {@link transform} replaces its arrays by transformed ones.
 * Mirrors detectron2's `AugInput`.
 */
export class AugInput {
  image: NdArray<PixelData>;
  boxes: NdArray<CoordinateData> | undefined;
  semSeg: NdArray<LabelData> | undefined;

  constructor(image: NdArray<PixelData>, { boxes, semSeg }: AugLabels = {}) {
    this.image = image;
    this.boxes = boxes;
    this.semSeg = semSeg;
  }

  transform(transform: Transform): void {
    this.image = transform.applyImage(this.image);
    if (this.boxes) this.boxes = transform.applyBox(this.boxes);
    if (this.semSeg) this.semSeg = transform.applySegmentation(this.semSeg);
  }
}

/** A policy that makes a transform for each image, at random where there is a choice. Mirrors detectron2's `Augmentation`. */
export abstract class Augmentation {
  /**
   * The transform for one image (H×W or H×W×C).
   *
   * @param labels - what is drawn on the image, for the augmentations that say they need it.
   * @throws MissingLabelsError when labels are needed and missing.
   */
  abstract getTransform(
    image: NdArray<PixelData>,
    random?: RandomGenerator,
    labels?: AugLabels,
  ): Transform;

  /** Makes a transform for the input, applies it to the input and returns it, to be applied to whatever else there is. */
  apply(input: AugInput, random: RandomGenerator = systemRandom): Transform {
    const transform = this.getTransform(input.image, random, labelsOf(input));
    input.transform(transform);
    return transform;
  }
}

/** Augmentations and fixed transforms in a row; each sees what the one before it made. */
export class AugmentationList extends Augmentation {
  readonly augmentations: readonly (Augmentation | Transform)[];

  constructor(augmentations: readonly (Augmentation | Transform)[]) {
    super();
    this.augmentations = augmentations;
  }

  override getTransform(
    image: NdArray<PixelData>,
    random: RandomGenerator = systemRandom,
    labels: AugLabels = {},
  ): TransformList {
    return this.apply(new AugInput(image, labels), random);
  }

  override apply(input: AugInput, random: RandomGenerator = systemRandom): TransformList {
    return new TransformList(
      this.augmentations.map((step) => {
        if (step instanceof Augmentation) return step.apply(input, random);
        input.transform(step);
        return step;
      }),
    );
  }
}

/** Applies an augmentation or a transform to some of the images. */
export class RandomApply extends Augmentation {
  readonly augmentation: Augmentation | Transform;
  /** Share of the images that it is applied to, from 0 to 1. */
  readonly prob: number;

  constructor(augmentation: Augmentation | Transform, prob = 0.5) {
    super();
    this.augmentation = augmentation;
    this.prob = checkedProbability("prob", prob);
  }

  override getTransform(
    image: NdArray<PixelData>,
    random: RandomGenerator = systemRandom,
    labels: AugLabels = {},
  ): Transform {
    if (random.next() >= this.prob) return new NoOpTransform();
    const { augmentation } = this;
    return augmentation instanceof Augmentation
      ? augmentation.getTransform(image, random, labels)
      : augmentation;
  }
}

function labelsOf({ boxes, semSeg }: AugInput): AugLabels {
  return { ...(boxes && { boxes }), ...(semSeg && { semSeg }) };
}
