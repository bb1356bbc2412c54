import type { Config } from "@detectron-ts/config";
import { fromNdarray, Tensor } from "@detectron-ts/tensor";
import {
  HFlipTransform,
  NoOpTransform,
  ResizeShortestEdge,
  ResizeTransform,
  type Transform,
  TransformList,
} from "@detectron-ts/transforms";
import ndarray, { type NdArray } from "ndarray";

import { ModelImageError, ModelOptionsError } from "../errors.ts";
import { type ModelInput, outputSize } from "../model-input.ts";

/** One view of an input: the input with an image that was transformed. */
export interface AugmentedInput extends ModelInput {
  /** C×H×W, of the dtype that the input's image has. */
  readonly image: Tensor;
  /** What leads from the image that results are wanted for to the image of this view. */
  readonly transforms: TransformList;
}

/** Options of {@link DatasetMapperTTA}. */
export interface DatasetMapperTTAOptions {
  /** Lengths of the shorter side, in pixels; a view for each. */
  readonly minSizes: readonly number[];
  /** Bound on the longer side, in pixels. */
  readonly maxSize: number;
  /** Whether there is a second view of each length, with left and right exchanged. */
  readonly flip: boolean;
}

/** Bytes or floats: what an image may be made of. */
type Pixels = Uint8Array | Float32Array;

/**
 * Makes the views of an input for test-time augmentation: its image in several sizes, each of them flipped as well.
 * Mirrors `detectron2.modeling.DatasetMapperTTA`.
 */
export class DatasetMapperTTA {
  readonly minSizes: readonly number[];
  readonly maxSize: number;
  readonly flip: boolean;

  /** @throws ModelOptionsError when there is no size. */
  constructor({ minSizes, maxSize, flip }: DatasetMapperTTAOptions) {
    if (minSizes.length === 0) {
      throw new ModelOptionsError("minSizes", minSizes, "at least one length");
    }
    this.minSizes = minSizes;
    this.maxSize = maxSize;
    this.flip = flip;
  }

  /** Options from `TEST.AUG`. */
  static fromConfig(cfg: Config): DatasetMapperTTAOptions {
    const { MIN_SIZES, MAX_SIZE, FLIP } = cfg.TEST.AUG;
    return { minSizes: MIN_SIZES, maxSize: MAX_SIZE, flip: FLIP };
  }

  /**
   * The views of an input, size by size, the flipped one of a size after the other. The image is resized as the input has
   * it, though it may have been resized before.
   *
   * @throws ModelImageError when the image isn't channels × height × width of bytes or floats.
   */
  async map(input: ModelInput): Promise<AugmentedInput[]> {
    const image = await channelsLast(input.image);
    const toInput = fromOriginal(input, image);
    return this.minSizes.flatMap((shortEdgeLength) => {
      const edge = new ResizeShortestEdge({ shortEdgeLength, maxSize: this.maxSize });
      const resize = edge.getTransform(image);
      const resized = resize.applyImage(image);
      const views = [viewOf(input, resized, [toInput, resize])];
      if (this.flip) {
        const flip = new HFlipTransform(resized.shape[1]);
        views.push(viewOf(input, flip.applyImage(resized), [toInput, resize, flip]));
      }
      return views;
    });
  }
}

/** What made the input's image of the one that results are wanted for. */
function fromOriginal(input: ModelInput, { shape: [newHeight, newWidth] }: NdArray<Pixels>) {
  const [height, width] = outputSize(input, [newHeight, newWidth]);
  return height === newHeight && width === newWidth
    ? new NoOpTransform()
    : new ResizeTransform({ height, width, newHeight, newWidth });
}

/** @param image - height × width × channels. */
function viewOf(
  input: ModelInput,
  image: NdArray<Pixels>,
  transforms: readonly Transform[],
): AugmentedInput {
  return {
    ...input,
    image: fromNdarray(image.transpose(2, 0, 1)),
    transforms: new TransformList(transforms),
  };
}

/** An image as transforms take it: height × width × channels, a view of the same pixels. */
async function channelsLast(image: ModelInput["image"]): Promise<NdArray<Pixels>> {
  const array = image instanceof Tensor ? await image.toNdarray() : image;
  const { data, shape, stride, offset } = array;
  const hasPixels = data instanceof Uint8Array || data instanceof Float32Array;
  if (!hasPixels || shape.length !== 3) throw new ModelImageError(0, shape, array.dtype, 3);
  return ndarray<Pixels>(data, shape, stride, offset).transpose(1, 2, 0);
}
