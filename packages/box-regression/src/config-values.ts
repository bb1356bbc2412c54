import { OptionError } from "@detectron-ts/layers";

import type { BoxWeights } from "./box-coding.ts";
import type { RotatedBoxWeights } from "./box2box-transform-rotated.ts";
import type { BoxRegLossType } from "./dense-box-regression-loss.ts";

/**
 * Weights of a box coding as a config gives them, of four numbers.
 *
 * @param key - of the config, for the message.
 * @throws OptionError of `@detectron-ts/layers`
 */
export function toBoxWeights(key: string, weights: readonly number[]): BoxWeights {
  if (weights.length !== 4) throw new OptionError(key, weights, "four numbers");
  const [x, y, width, height] = weights;
  return [x, y, width, height];
}

/**
 * Weights of a rotated box coding as a config gives them, of five numbers.
 *
 * @param key - of the config, for the message.
 * @throws OptionError of `@detectron-ts/layers`
 */
export function toRotatedBoxWeights(key: string, weights: readonly number[]): RotatedBoxWeights {
  if (weights.length !== 5) throw new OptionError(key, weights, "five numbers");
  const [x, y, width, height, angle] = weights;
  return [x, y, width, height, angle];
}

const BOX_REG_LOSS_TYPES: readonly BoxRegLossType[] = ["smooth_l1", "giou", "diou", "ciou"];

/**
 * A loss of boxes by the name that configs give it.
 *
 * @param key - of the config, for the message.
 * @throws OptionError of `@detectron-ts/layers`
 */
export function toBoxRegLossType(key: string, name: string): BoxRegLossType {
  const type = BOX_REG_LOSS_TYPES.find((known) => known === name);
  if (type === undefined) {
    throw new OptionError(key, name, `one of ${BOX_REG_LOSS_TYPES.join(", ")}`);
  }
  return type;
}
