import type { Config } from "@detectron-ts/config";
import { getConfig } from "@detectron-ts/model-zoo";
import {
  buildModel,
  type GeneralizedRCNN,
  type MaskROIHeads,
  type ModelInput,
} from "@detectron-ts/modeling";
import { FrozenBatchNorm2d, Linear, manualSeed } from "@detectron-ts/nn";
import { realize, type Parameter } from "@detectron-ts/tensor";

/** Standard deviation that the class logits are scaled to: enough for confident, varied classes. */
const LOGIT_DEVIATION = 3;
/** Of box deltas, in units of the box transform's weights: boxes move by about a tenth of their size. */
const DELTA_DEVIATION = 0.8;
/** Share of each residual branch: keeps activations at the size of the input through 16 blocks. */
const RESIDUAL_SCALE = 0.2;

function scale(parameter: Parameter, factor: number): void {
  parameter.update((data) => {
    for (let i = 0; i < data.length; i++) data[i] = Number(data[i]) * factor;
  });
}

function deviation(values: ArrayLike<number | bigint>): number {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i]);
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  return Math.sqrt(Math.max(squares / values.length - mean * mean, 1e-12));
}

/** The config of a full-size Mask R-CNN on a feature pyramid of ResNet-50. */
export function maskRcnnConfig(): Config {
  return getConfig("COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x");
}

/**
 * A full-size Mask R-CNN (R50-FPN) with random weights that detects as much as a trained one: residual
 * branches are damped, and the box predictor is rescaled on `input` so that classes are spread and
 * confident. What it finds means nothing; what it costs is real.
 */
export async function calibratedMaskRcnn(
  input: ModelInput,
  cfg: Config = maskRcnnConfig(),
): Promise<GeneralizedRCNN<MaskROIHeads>> {
  manualSeed(1);
  const model = buildModel(cfg);
  model.eval();
  for (const [name, module] of model.namedModules()) {
    if (name.endsWith("conv3.norm") && module instanceof FrozenBatchNorm2d) {
      module.weight.update((data) => (data as Float32Array).fill(RESIDUAL_SCALE));
    }
  }
  const images = model.preprocessImage([input]);
  const features = model.backbone(images.tensor);
  const [proposals] = await model.proposalGenerator(images, features);
  const { boxPooler, boxHead, boxPredictor, inFeatures } = model.roiHeads;
  const pooled = boxPooler(
    inFeatures.map((name) => features[name]),
    proposals.map((each) => each.proposalBoxes),
  );
  const [scores, deltas] = boxPredictor(boxHead(pooled));
  await realize(scores, deltas);
  const classifier = model.getSubmodule("roi_heads.box_predictor.cls_score", Linear);
  const regressor = model.getSubmodule("roi_heads.box_predictor.bbox_pred", Linear);
  scale(classifier.weight, LOGIT_DEVIATION / deviation(scores.dataSync()));
  scale(regressor.weight, DELTA_DEVIATION / deviation(deltas.dataSync()));
  return model;
}
