import type { NdArray } from "ndarray";

import { layoutOf, type PixelData, type Size } from "../arrays.ts";
import { TransformOptionError } from "../errors.ts";
import { choice, integerBetween, systemRandom, type RandomGenerator } from "../random.ts";
import { ResizeTransform } from "../resize-transform.ts";
import { NoOpTransform, type Transform } from "../transform.ts";
import { Augmentation } from "./augmentation.ts";

/** How {@link ResizeShortestEdge} picks a length. */
export type SampleStyle = "range" | "choice";

/** Options of {@link ResizeShortestEdge}. */
export interface ResizeShortestEdgeOptions {
  /**
   * Wanted length of the shorter side: one number, or several to draw from. For `"range"`, the least and the greatest, both
   * included. Length 0 leaves images as they are.
   */
  readonly shortEdgeLength: number | readonly number[];
  /** Bound on the longer side; unbounded by default. */
  readonly maxSize?: number;
  /** `"range"` (the default) draws an integer between two bounds, `"choice"` one of the lengths. */
  readonly sampleStyle?: SampleStyle;
}

/**
 * Resizes an image so that its shorter side has a given length, or less where the longer side would exceed `maxSize`. The
 * aspect ratio is kept up to rounding. Mirrors detectron2's augmentation of the same name.
 */
export class ResizeShortestEdge extends Augmentation {
  readonly shortEdgeLength: readonly number[];
  readonly maxSize: number;
  readonly sampleStyle: SampleStyle;

  /** @throws TransformOptionError when there is no length to draw, or `"range"` does not have two ordered bounds. */
  constructor({
    shortEdgeLength,
    maxSize = Number.MAX_SAFE_INTEGER,
    sampleStyle = "range",
  }: ResizeShortestEdgeOptions) {
    super();
    const lengths = typeof shortEdgeLength === "number" ? [shortEdgeLength] : shortEdgeLength;
    if (lengths.length === 0 || !lengths.every((length) => length >= 0)) {
      throw new TransformOptionError("shortEdgeLength", shortEdgeLength, "lengths of at least 0");
    }
    // A single length stands for the range from itself to itself.
    const bounds = lengths.length === 1 ? [lengths[0], lengths[0]] : lengths;
    if (sampleStyle === "range" && (bounds.length !== 2 || bounds[0] > bounds[1])) {
      throw new TransformOptionError("shortEdgeLength", shortEdgeLength, "[least, greatest]");
    }
    this.shortEdgeLength = sampleStyle === "range" ? bounds : lengths;
    this.maxSize = maxSize;
    this.sampleStyle = sampleStyle;
  }

  /** The transform for one image (H×W or H×W×C), drawing a length where there is a choice. */
  override getTransform(
    image: NdArray<PixelData>,
    random: RandomGenerator = systemRandom,
  ): Transform {
    const length = this.#draw(random);
    if (length === 0) return new NoOpTransform();
    const { height, width } = layoutOf(image);
    const [newHeight, newWidth] = ResizeShortestEdge.getOutputShape(
      height,
      width,
      length,
      this.maxSize,
    );
    return new ResizeTransform({ height, width, newHeight, newWidth });
  }

  /** The size that a height × width image gets; each side is rounded by `trunc(side + 1/2)`. */
  static getOutputShape(
    height: number,
    width: number,
    shortEdgeLength: number,
    maxSize: number,
  ): Size {
    // The shorter side is set, not multiplied, so that it comes out exact.
    const scale = shortEdgeLength / Math.min(height, width);
    let newHeight = height < width ? shortEdgeLength : scale * height;
    let newWidth = height < width ? scale * width : shortEdgeLength;
    const longer = Math.max(newHeight, newWidth);
    if (longer > maxSize) {
      newHeight *= maxSize / longer;
      newWidth *= maxSize / longer;
    }
    return [Math.trunc(newHeight + 0.5), Math.trunc(newWidth + 0.5)];
  }

  #draw(random: RandomGenerator): number {
    const lengths = this.shortEdgeLength;
    return this.sampleStyle === "choice"
      ? choice(random, lengths)
      : integerBetween(random, lengths[0], lengths[1]);
  }
}
