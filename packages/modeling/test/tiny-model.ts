import type { Config } from "@detectron-ts/config";
import { Generator, init, type AnyModule } from "@detectron-ts/nn";
import ndarray, { type NdArray } from "ndarray";
import { getConfig } from "./zoo-config.ts";

/** Values of a config by dotted keys. */
export type Overrides = Readonly<Record<string, unknown>>;

const NARROW: Overrides = {
  "MODEL.RESNETS.STEM_OUT_CHANNELS": 8,
  "MODEL.RESNETS.WIDTH_PER_GROUP": 4,
  "MODEL.RESNETS.RES2_OUT_CHANNELS": 16,
  "MODEL.FPN.OUT_CHANNELS": 16,
  "MODEL.ROI_BOX_HEAD.FC_DIM": 16,
  "MODEL.ROI_MASK_HEAD.CONV_DIM": 8,
  "MODEL.ROI_KEYPOINT_HEAD.CONV_DIMS": [8, 8],
  "MODEL.RPN.PRE_NMS_TOPK_TEST": 50,
  "MODEL.RPN.POST_NMS_TOPK_TEST": 20,
};

/** A config of the model zoo made so narrow that its model is built and run in a fraction of a second. */
export function tinyConfig(name: string, overrides: Overrides = {}): Config {
  const cfg = getConfig(name);
  cfg.mergeFromList(Object.entries({ ...NARROW, ...overrides }).flat());
  return cfg;
}

/** An image of random pixels, 3×height×width, the same in every run. */
export function noise(height: number, width: number): NdArray<Uint8Array> {
  const generator = new Generator(height * width);
  const pixels = Uint8Array.from(
    { length: 3 * height * width },
    () => generator.nextUint32() & 255,
  );
  return ndarray(pixels, [3, height, width]);
}

/**
 * Zeroes the last layers of a model's heads, whose random weights would else make anything of what a deep random network
 * gives: all classes become equally likely, proposals are anchors and detections are proposals.
 */
export function flattenHeads<Model extends AnyModule>(model: Model): Model {
  for (const [name, parameter] of model.namedParameters()) {
    if (/(cls_score|bbox_pred|anchor_deltas)\.weight$/.test(name)) init.constant(parameter, 0);
  }
  return model;
}
