import type { Proposals } from "@detectron-ts/proposal-generator";
import type { TargetFields } from "@detectron-ts/roi-heads";
import type { Boxes, ImageSize, Instances } from "@detectron-ts/structures";
import type { Tensor } from "@detectron-ts/tensor";
import type { NdArray } from "ndarray";

import { MissingInputError, NonFiniteInputError } from "./errors.ts";

/** One image with what a model is to do with it: an entry of a dataset, as a dataset mapper yields it. */
export interface ModelInput {
  /**
   * Channels × height × width, on the scale of 0 to 255, float32 or uint8, channels in the order of INPUT.FORMAT. The
   * model normalises it.
   */
  readonly image: Tensor | NdArray<Float32Array> | NdArray<Uint8Array>;
  /** Height that results are wanted at, that of the file; the height of `image` when left out. */
  readonly height?: number;
  /** Width that results are wanted at, that of the file; the width of `image` when left out. */
  readonly width?: number;
  /** Ground truth in pixels of `image`; needed in training. */
  readonly instances?: Instances<TargetFields>;
  /**
   * Label of each pixel of `image`, height × width; needed in the training of models that segment semantically. Labels are
   * classes, or what MODEL.SEM_SEG_HEAD.IGNORE_VALUE says.
   */
  readonly semSeg?: NdArray<Int32Array> | NdArray<Uint8Array>;
  /** Precomputed proposals in pixels of `image`; needed by models without a proposal generator. */
  readonly proposals?: Proposals;
}

/** Height and width that the results of an input are wanted at. */
export function outputSize({ height, width }: ModelInput, imageSize: ImageSize): ImageSize {
  return [height ?? imageSize[0], width ?? imageSize[1]];
}

/**
 * A field of every input of a batch.
 *
 * @param reason - why it is needed, for the message.
 * @throws MissingInputError when an input doesn't have it.
 */
export function requireField<Name extends "instances" | "proposals" | "semSeg">(
  batchedInputs: readonly ModelInput[],
  name: Name,
  reason: string,
): NonNullable<ModelInput[Name]>[] {
  const values = batchedInputs.map((input) => input[name]);
  const missing = values.flatMap((value, index) => (value === undefined ? [index] : []));
  if (missing.length > 0) throw new MissingInputError(name, missing, reason);
  return values.filter((value) => value !== undefined);
}

/**
 * Checks boxes that didn't come from the model itself.
 *
 * @param field - what they were given as, for the message.
 * @throws NonFiniteInputError when a coordinate is infinite or NaN.
 */
export function requireFiniteBoxes(field: string, boxesOfImages: readonly Boxes[]): void {
  for (const [index, { data, boxDim }] of boxesOfImages.entries()) {
    const wrong = data.findIndex((coordinate) => !Number.isFinite(coordinate));
    if (wrong < 0) continue;
    const row = Math.floor(wrong / boxDim);
    const box = [...data.subarray(boxDim * row, boxDim * (row + 1))];
    throw new NonFiniteInputError(field, index, row, box);
  }
}
