import type { Config } from "@detectron-ts/config";

import { modelClasses } from "../model-classes.ts";
import { numberAt } from "../number-at.ts";

/** How many kinds of each sort a model tells apart. */
export interface ModelKinds {
  /** Classes of things; undefined where it doesn't classify. */
  readonly things?: number | undefined;
  /** Classes of pixels. */
  readonly stuff?: number | undefined;
  /** Keypoints of a thing. */
  readonly keypoints?: number | undefined;
}

/** What a config says of its model. */
export function kindsOfConfig(cfg: Config): ModelKinds {
  const { SEM_SEG_HEAD, ROI_KEYPOINT_HEAD } = cfg.MODEL;
  return {
    things: modelClasses(cfg)?.count,
    stuff: SEM_SEG_HEAD.NUM_CLASSES,
    keypoints: ROI_KEYPOINT_HEAD.NUM_KEYPOINTS,
  };
}

/** What a model itself tells, by the names that those of this project have for it. */
export function kindsOfModel(model: unknown): ModelKinds {
  return {
    things: numberAt(model, "roiHeads.numClasses") ?? numberAt(model, "numClasses"),
    stuff: numberAt(model, "semSegHead.numClasses"),
    keypoints: numberAt(model, "roiHeads.keypointHead.numKeypoints"),
  };
}
