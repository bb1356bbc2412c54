import { lazy } from "@detectron-ts/config";
import type { cascadeHeads } from "./common/models/cascade-rcnn.ts";
import { steppedSchedule } from "./common/coco-schedule.ts";
import { fedLossClsWeights, repeatFactorSampler } from "./common/data/loaders.ts";
import type { cocoLsjDataloader } from "./common/data/coco-lsj.ts";
import type { TrainSettings } from "./lazy-config.ts";
import {
  cascadeMvitCoco,
  cascadeSwinCoco,
  cascadeVitdetCoco,
  maskRcnnVitdetCoco,
} from "./vitdet.ts";

/** Classes of LVIS v1. */
const NUM_CLASSES = 1203;

/** 64 images each, of the 100000 of LVIS: 100 epochs. */
const ITERATIONS_OF_100_EPOCHS = 156250;

/** What LVIS sets of a box predictor. */
type ClassSettings = Pick<
  ReturnType<typeof cascadeHeads>["boxPredictors"][number],
  "testScoreThresh" | "testTopkPerImage" | "useSigmoidCe" | "useFedLoss" | "getFedLossClsWeights"
>;

/** Most classes are rare: low scores count, and each class is decided on its own, along with some of the others. */
function manyClasses(predictor: ClassSettings): void {
  predictor.testScoreThresh = 0.02;
  predictor.testTopkPerImage = 300;
  predictor.useSigmoidCe = true;
  predictor.useFedLoss = true;
  predictor.getFedLossClsWeights = lazy(fedLossClsWeights, {
    names: "${dataloader.train.dataset.names}",
    freqWeightPower: 0.5,
  });
}

/** LVIS in the place of COCO, images with rare classes more often. */
function lvisDataloader(dataloader: ReturnType<typeof cocoLsjDataloader>) {
  const { train, test } = dataloader;
  train.dataset.names = "lvis_v1_train";
  test.dataset.names = "lvis_v1_val";
  train.sampler = lazy(repeatFactorSampler, {
    dataset: "${..dataset}",
    repeatThresh: 0.001,
    seed: "${..seed}",
  });
  return dataloader;
}

/** Training on LVIS for a number of epochs. */
function lvisSchedule(epochs: number, train: TrainSettings) {
  const scaled = (iterations: number): number => Math.floor((iterations * epochs) / 100);
  const maxIter = scaled(ITERATIONS_OF_100_EPOCHS);
  return {
    lrMultiplier: steppedSchedule({
      milestones: [scaled(138889), scaled(150463)],
      numUpdates: maxIter,
      warmupLength: 250 / maxIter,
      warmupFactor: 0.001,
    }),
    train: { ...train, maxIter, evalPeriod: 30000 },
  };
}

/** `projects/ViTDet/configs/LVIS/mask_rcnn_vitdet_b_100ep.py` and its like of other sizes. */
export function maskRcnnVitdetLvis(name: "b" | "l" | "h") {
  const config = maskRcnnVitdetCoco(name);
  const { roiHeads, backbone } = config.model;
  if (name === "h") backbone.net.dropPathRate = 0.4;
  roiHeads.numClasses = NUM_CLASSES;
  manyClasses(roiHeads.boxPredictor);
  lvisDataloader(config.dataloader);
  config.optimizer.lr = name === "h" ? 1e-4 : 2e-4;
  return { ...config, ...lvisSchedule(100, config.train) };
}

/** The settings of LVIS for a cascade. */
function cascadeLvis(
  config: ReturnType<typeof cascadeVitdetCoco | typeof cascadeMvitCoco | typeof cascadeSwinCoco>,
  epochs: number,
  lr: number,
) {
  const { roiHeads } = config.model;
  roiHeads.numClasses = NUM_CLASSES;
  for (const predictor of roiHeads.boxPredictors) manyClasses(predictor);
  lvisDataloader(config.dataloader);
  config.optimizer.lr = lr;
  return { ...config, ...lvisSchedule(epochs, config.train) };
}

/** `projects/ViTDet/configs/LVIS/cascade_mask_rcnn_vitdet_b_100ep.py` and its like of other sizes. */
export function cascadeVitdetLvis(name: "b" | "l" | "h") {
  const config = cascadeVitdetCoco(name);
  if (name === "h") config.model.backbone.net.dropPathRate = 0.4;
  return cascadeLvis(config, 100, name === "h" ? 1e-4 : 2e-4);
}

const MVIT_RATES = { b: 1e-4, l: 4e-5, h: 2e-5 };

/** `projects/ViTDet/configs/LVIS/cascade_mask_rcnn_mvitv2_b_in21k_100ep.py`, `…_l_in21k_50ep.py`, `…_h_in21k_50ep.py`. */
export function cascadeMvitLvis(size: keyof typeof MVIT_RATES) {
  return cascadeLvis(cascadeMvitCoco(size), size === "b" ? 100 : 50, MVIT_RATES[size]);
}

/** `projects/ViTDet/configs/LVIS/cascade_mask_rcnn_swin_b_in21k_50ep.py` and `…_l_in21k_50ep.py`. */
export function cascadeSwinLvis(size: "b" | "l") {
  return cascadeLvis(cascadeSwinCoco(size, 0.3), 50, 1e-4);
}
