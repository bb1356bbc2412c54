import type { NdArray } from "ndarray";

import { layoutOf, type LabelData, type PixelData, type Size } from "../arrays.ts";
import { CropTransform, PadTransform } from "../crop-and-pad.ts";
import { MissingLabelsError, TransformOptionError } from "../errors.ts";
import { integerBetween, systemRandom, type RandomGenerator } from "../random.ts";
import { roundHalfEven } from "../round.ts";
import { TransformList } from "../transform-list.ts";
import type { Transform } from "../transform.ts";
import { Augmentation, type AugLabels } from "./augmentation.ts";

const { fround } = Math;

/**
 * How {@link RandomCrop} understands its size, as in INPUT.CROP.TYPE:
 *
 * - `relative`: shares of the image's height and width;
 * - `relative_range`: each side a share drawn between the given one and 1;
 * - `absolute`: height and width in pixels, at most those of the image;
 * - `absolute_range`: each side drawn between a least and a greatest number of pixels.
 */
export type CropType = "relative" | "relative_range" | "absolute" | "absolute_range";

const CROP_TYPES: readonly CropType[] = [
  "relative",
  "relative_range",
  "absolute",
  "absolute_range",
];

/** Options of {@link RandomCrop}. */
export interface RandomCropOptions {
  readonly cropType: CropType;
  /** Height and width, or for `absolute_range` least and greatest. */
  readonly cropSize: readonly [number, number];
}

/** Cuts out a rectangle at a random place. */
export class RandomCrop extends Augmentation {
  readonly cropType: CropType;
  readonly cropSize: readonly [number, number];

  /** @throws TransformOptionError for an unknown type, a share outside (0, 1], or bounds that are not ordered. */
  constructor({ cropType, cropSize }: RandomCropOptions) {
    super();
    if (!CROP_TYPES.includes(cropType)) {
      throw new TransformOptionError("cropType", cropType, CROP_TYPES.join(", "));
    }
    const relative = cropType.startsWith("relative");
    if (!cropSize.every((side) => side > 0 && (!relative || side <= 1))) {
      throw new TransformOptionError(
        "cropSize",
        cropSize,
        relative ? "shares in (0, 1]" : "pixels",
      );
    }
    if (cropType === "absolute_range" && cropSize[0] > cropSize[1]) {
      throw new TransformOptionError("cropSize", cropSize, "[least, greatest]");
    }
    this.cropType = cropType;
    this.cropSize = cropSize;
  }

  override getTransform(
    image: NdArray<PixelData>,
    random: RandomGenerator = systemRandom,
  ): CropTransform {
    return this.getCrop(layoutOf(image), random);
  }

  /** A rectangle of drawn size at a drawn place in an image of the given size. */
  getCrop(
    { height, width }: { readonly height: number; readonly width: number },
    random: RandomGenerator = systemRandom,
  ): CropTransform {
    const [cropHeight, cropWidth] = this.getCropSize(height, width, random);
    const y0 = integerBetween(random, 0, height - cropHeight);
    const x0 = integerBetween(random, 0, width - cropWidth);
    return new CropTransform({
      x0,
      y0,
      width: cropWidth,
      height: cropHeight,
      originalWidth: width,
      originalHeight: height,
    });
  }

  /** The size of the rectangle for an image of height × width pixels, drawn where the type says so. */
  getCropSize(height: number, width: number, random: RandomGenerator = systemRandom): Size {
    const [first, second] = this.cropSize;
    switch (this.cropType) {
      case "relative":
        return [Math.trunc(height * first + 0.5), Math.trunc(width * second + 0.5)];
      case "relative_range": {
        // The shares are float32 numbers, as in detectron2.
        const share = (least: number): number =>
          fround(least) + random.next() * fround(1 - fround(least));
        return [Math.trunc(height * share(first) + 0.5), Math.trunc(width * share(second) + 0.5)];
      }
      case "absolute":
        return [Math.min(first, height), Math.min(second, width)];
      case "absolute_range":
        return [
          integerBetween(random, Math.min(height, first), Math.min(height, second)),
          integerBetween(random, Math.min(width, first), Math.min(width, second)),
        ];
    }
  }
}

/** Options of {@link RandomCropCategoryAreaConstraint}. */
export interface RandomCropCategoryAreaConstraintOptions extends RandomCropOptions {
  /** Largest share of the labelled area that one category may have, 1 (no constraint) by default. */
  readonly singleCategoryMaxArea?: number;
  /** A label that counts for nothing. */
  readonly ignoredCategory?: number;
}

/** How many rectangles to try before taking the last as it is. */
const CATEGORY_AREA_ATTEMPTS = 10;

/**
 * A {@link RandomCrop} that looks for a rectangle where no category of the semantic segmentation takes up too much, as
 * DeepLab and PointRend are trained. After ten rectangles the last is taken. Mirrors detectron2's
 * `RandomCrop_CategoryAreaConstraint`.
 */
export class RandomCropCategoryAreaConstraint extends Augmentation {
  readonly crop: RandomCrop;
  readonly singleCategoryMaxArea: number;
  readonly ignoredCategory: number | undefined;

  constructor(options: RandomCropCategoryAreaConstraintOptions) {
    super();
    this.crop = new RandomCrop(options);
    this.singleCategoryMaxArea = options.singleCategoryMaxArea ?? 1;
    this.ignoredCategory = options.ignoredCategory;
  }

  override getTransform(
    image: NdArray<PixelData>,
    random: RandomGenerator = systemRandom,
    { semSeg }: AugLabels = {},
  ): Transform {
    if (this.singleCategoryMaxArea >= 1) return this.crop.getTransform(image, random);
    if (!semSeg) throw new MissingLabelsError("RandomCropCategoryAreaConstraint", "semSeg");
    const layout = layoutOf(semSeg);
    let crop = this.crop.getCrop(layout, random);
    for (let i = 1; i < CATEGORY_AREA_ATTEMPTS && !this.#isDiverse(semSeg, crop); i++) {
      crop = this.crop.getCrop(layout, random);
    }
    return crop;
  }

  /** Whether the crop holds at least two categories, none of them above the largest share. */
  #isDiverse(semSeg: NdArray<LabelData>, crop: CropTransform): boolean {
    const counts = new Map<number, number>();
    for (const label of crop.applySegmentation(semSeg).data) {
      counts.set(label, (counts.get(label) ?? 0) + 1);
    }
    if (this.ignoredCategory !== undefined) counts.delete(this.ignoredCategory);
    const areas = [...counts.values()];
    const total = areas.reduce((sum, area) => sum + area, 0);
    return areas.length > 1 && Math.max(...areas) < total * this.singleCategoryMaxArea;
  }
}

/** Options of {@link FixedSizeCrop}. */
export interface FixedSizeCropOptions {
  /** Height and width of every result. */
  readonly cropSize: Size;
  /** Whether smaller images are padded on the right and at the bottom, true by default. */
  readonly pad?: boolean;
  /** Value of the padding in the image, 128 by default. */
  readonly padValue?: number;
  /** Label of the padding, 255 (ignored) by default. */
  readonly segPadValue?: number;
}

/** Cuts larger images and pads smaller ones to one size. */
export class FixedSizeCrop extends Augmentation {
  readonly cropSize: Size;
  readonly pad: boolean;
  readonly padValue: number;
  readonly segPadValue: number;

  constructor({ cropSize, pad = true, padValue = 128, segPadValue = 255 }: FixedSizeCropOptions) {
    super();
    this.cropSize = cropSize;
    this.pad = pad;
    this.padValue = padValue;
    this.segPadValue = segPadValue;
  }

  override getTransform(
    image: NdArray<PixelData>,
    random: RandomGenerator = systemRandom,
  ): TransformList {
    const { height, width } = layoutOf(image);
    const [cropHeight, cropWidth] = this.cropSize;
    // One draw places the rectangle along both axes, as in detectron2: it lies on the diagonal of the free room.
    const share = random.next();
    const crop = new CropTransform({
      x0: roundHalfEven(Math.max(width - cropWidth, 0) * share),
      y0: roundHalfEven(Math.max(height - cropHeight, 0) * share),
      width: Math.min(cropWidth, width),
      height: Math.min(cropHeight, height),
      originalWidth: width,
      originalHeight: height,
    });
    if (!this.pad) return new TransformList([crop]);
    const pad = new PadTransform({
      x0: 0,
      y0: 0,
      x1: Math.max(cropWidth - width, 0),
      y1: Math.max(cropHeight - height, 0),
      originalWidth: Math.min(width, cropWidth),
      originalHeight: Math.min(height, cropHeight),
      padValue: this.padValue,
      segPadValue: this.segPadValue,
    });
    return new TransformList([crop, pad]);
  }
}
