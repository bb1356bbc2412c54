import type { Config } from "@detectron-ts/config";
import { getConfig } from "@detectron-ts/model-zoo";
import {
  buildModel,
  type GeneralizedRCNN,
  type MaskROIHeads,
  type ModelInput,
} from "@detectron-ts/modeling";
import { manualSeed } from "@detectron-ts/nn";

import { calibrate, type CalibratedLayer } from "./calibrate.ts";

/** Standard deviation that the class logits are scaled to: enough for confident, varied classes. */
const LOGIT_DEVIATION = 3;
/** Of box deltas, in units of the box transform's weights: boxes move by about a tenth of their size. */
const DELTA_DEVIATION = 0.8;

/** The last layers of a box predictor, by its path. */
export function boxPredictor(path = "roi_heads.box_predictor"): readonly CalibratedLayer[] {
  return [
    { path: `${path}.cls_score`, deviation: LOGIT_DEVIATION },
    { path: `${path}.bbox_pred`, deviation: DELTA_DEVIATION },
  ];
}

/** The config of a full-size Mask R-CNN on a feature pyramid of ResNet-50. */
export function maskRcnnConfig(): Config {
  return getConfig("COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x");
}

/** A full-size Mask R-CNN (R50-FPN) with random weights that detects as much as a trained one. */
export async function calibratedMaskRcnn(
  input: ModelInput,
  cfg: Config = maskRcnnConfig(),
): Promise<GeneralizedRCNN<MaskROIHeads>> {
  manualSeed(1);
  const model = buildModel(cfg);
  model.eval();
  await calibrate(model, input, [boxPredictor()]);
  return model;
}
