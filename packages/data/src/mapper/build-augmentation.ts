import type { Config } from "@detectron-ts/config";
import {
  RandomCrop,
  RandomFlip,
  ResizeShortestEdge,
  type Augmentation,
  type CropType,
  type SampleStyle,
} from "@detectron-ts/transforms";

import { DataOptionError } from "../errors.ts";

/**
 * The augmentations that a config asks for: a crop (INPUT.CROP, in training), the resize of the shorter side, and a flip
 * (INPUT.RANDOM_FLIP, in training).
 *
 * @throws DataOptionError for words that the config cannot have; TransformOptionError for numbers.
 */
export function buildAugmentation({ INPUT }: Config, isTrain: boolean): Augmentation[] {
  if (!isTrain) {
    return [
      new ResizeShortestEdge({
        shortEdgeLength: INPUT.MIN_SIZE_TEST,
        maxSize: INPUT.MAX_SIZE_TEST,
        sampleStyle: "choice",
      }),
    ];
  }
  const augmentations: Augmentation[] = [];
  if (INPUT.CROP.ENABLED) {
    const [height, width] = INPUT.CROP.SIZE;
    augmentations.push(
      new RandomCrop({
        cropType: oneOf<CropType>("INPUT.CROP.TYPE", INPUT.CROP.TYPE, [
          "relative",
          "relative_range",
          "absolute",
          "absolute_range",
        ]),
        cropSize: [height, width],
      }),
    );
  }
  augmentations.push(
    new ResizeShortestEdge({
      shortEdgeLength: INPUT.MIN_SIZE_TRAIN,
      maxSize: INPUT.MAX_SIZE_TRAIN,
      sampleStyle: oneOf<SampleStyle>(
        "INPUT.MIN_SIZE_TRAIN_SAMPLING",
        INPUT.MIN_SIZE_TRAIN_SAMPLING,
        ["choice", "range"],
      ),
    }),
  );
  const direction = oneOf("INPUT.RANDOM_FLIP", INPUT.RANDOM_FLIP, [
    "none",
    "horizontal",
    "vertical",
  ] as const);
  if (direction !== "none") augmentations.push(new RandomFlip({ direction }));
  return augmentations;
}

/** @throws DataOptionError unless the config's word is one of those there are. */
export function oneOf<Word extends string>(
  key: string,
  value: string,
  words: readonly Word[],
): Word {
  const word = words.find((candidate) => candidate === value);
  if (word === undefined) throw new DataOptionError(key, value, words.join(", "));
  return word;
}
