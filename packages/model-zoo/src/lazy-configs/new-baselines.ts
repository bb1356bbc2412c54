import { assign, lazy } from "@detectron-ts/config";
import { FixedSizeCrop, RandomFlip, ResizeScale } from "@detectron-ts/transforms";
import { steppedSchedule } from "./common/coco-schedule.ts";
import { cocoDataloader } from "./common/data/coco.ts";
import { IMAGENET_BGR256_OWN_STD } from "./common/data/constants.ts";
import { maskRcnnFpn } from "./common/models/mask-rcnn-fpn.ts";
import { regnetX4gf, regnetY4gf } from "./common/models/regnet.ts";
import { sgd } from "./common/optim.ts";
import { train } from "./common/train.ts";

/** Side of the images that training crops, in pixels. */
const IMAGE_SIZE = 1024;

/** 64 images each, of the 118000 of COCO: 100 epochs. */
const ITERATIONS_OF_100_EPOCHS = 184375;

/** Mask R-CNN as `new_baselines` trains it from scratch: norms with batch statistics, and deeper heads. */
function model() {
  const tree = maskRcnnFpn();
  const { backbone, proposalGenerator, roiHeads } = tree;
  backbone.bottomUp.freezeAt = 0;
  for (const part of [backbone.bottomUp.stem, backbone.bottomUp.stages]) part.norm = "SyncBN";
  backbone.norm = "SyncBN";
  // Heads may see no region at all, which weighs nothing in statistics by number.
  for (const head of [roiHeads.boxHead, roiHeads.maskHead]) head.convNorm = "naiveSyncBN_N";
  proposalGenerator.head.convDims = [-1, -1];
  roiHeads.boxHead.convDims = [256, 256, 256, 256];
  roiHeads.boxHead.fcDims = [1024];
  return tree;
}

/** Large-scale jitter: images at 0.1 to 2 times the size, of which a square is cut ("Simple Copy-Paste", Ghiasi et al. 2021). */
function largeScaleJitter() {
  return [
    lazy(ResizeScale, {
      minScale: 0.1,
      maxScale: 2,
      targetHeight: IMAGE_SIZE,
      targetWidth: IMAGE_SIZE,
    }),
    lazy(FixedSizeCrop, { cropSize: [IMAGE_SIZE, IMAGE_SIZE] }),
  ];
}

/** `new_baselines/mask_rcnn_R_50_FPN_100ep_LSJ.py`, or its like of another number of epochs. */
export function maskRcnnR50(epochs: number) {
  const times = epochs / 100;
  const scaled = (iterations: number): number => Math.floor(iterations * times);
  const dataloader = cocoDataloader();
  dataloader.train.mapper.augmentations = [
    ...largeScaleJitter(),
    lazy(RandomFlip, { direction: "horizontal" }),
  ];
  // Crops make objects smaller.
  dataloader.train.mapper.recomputeBoxes = true;
  dataloader.train.totalBatchSize = 64;
  const optimizer = sgd();
  optimizer.lr = 0.1;
  optimizer.weightDecay = 4e-5;
  return {
    model: model(),
    dataloader,
    optimizer,
    lrMultiplier: steppedSchedule({
      milestones: [scaled(163889), scaled(177546)],
      numUpdates: scaled(ITERATIONS_OF_100_EPOCHS),
      // As long a part of a longer training, so more iterations.
      warmupLength: 500 / ITERATIONS_OF_100_EPOCHS,
      warmupFactor: 0.067,
    }),
    train: { ...train(), maxIter: scaled(ITERATIONS_OF_100_EPOCHS) },
  };
}

/** `new_baselines/mask_rcnn_R_101_FPN_100ep_LSJ.py` and its like. */
export function maskRcnnR101(epochs: number) {
  const config = maskRcnnR50(epochs);
  config.model.backbone.bottomUp.stages.depth = 101;
  return config;
}

function maskRcnnRegnet(epochs: number, regnet: typeof regnetX4gf | typeof regnetY4gf) {
  const config = maskRcnnR50(epochs);
  assign(config.model.backbone, { bottomUp: regnet("SyncBN") });
  config.model.pixelStd = IMAGENET_BGR256_OWN_STD;
  return config;
}

/** `new_baselines/mask_rcnn_regnetx_4gf_dds_FPN_100ep_LSJ.py` and its like. */
export function maskRcnnRegnetX(epochs: number) {
  return maskRcnnRegnet(epochs, regnetX4gf);
}

/** `new_baselines/mask_rcnn_regnety_4gf_dds_FPN_100ep_LSJ.py` and its like. */
export function maskRcnnRegnetY(epochs: number) {
  return maskRcnnRegnet(epochs, regnetY4gf);
}
