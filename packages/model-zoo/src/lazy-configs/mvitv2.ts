import { assign, lazy } from "@detectron-ts/config";
import {
  FixedSizeCrop,
  RandomCrop,
  RandomFlip,
  ResizeScale,
  ResizeShortestEdge,
} from "@detectron-ts/transforms";
import { steppedSchedule } from "./common/coco-schedule.ts";
import { augmentationList, randomApply } from "./common/data/augmentations.ts";
import { cocoDataloader } from "./common/data/coco.ts";
import { IMAGENET_RGB256_MEAN, IMAGENET_RGB256_STD } from "./common/data/constants.ts";
import { cascadeHeads } from "./common/models/cascade-rcnn.ts";
import { maskRcnnFpn } from "./common/models/mask-rcnn-fpn.ts";
import { adamW } from "./common/optim.ts";
import { train } from "./common/train.ts";
import { MVIT, mvit, schedule36Epochs } from "./vitdet.ts";

/** COCO with sides of 480 to 800 pixels. Mirrors `dataloader` of MViTv2's `configs/common/coco_loader.py`. */
function mvitDataloader() {
  const dataloader = cocoDataloader();
  dataloader.train.mapper.augmentations = [
    lazy(randomApply, {
      augmentation: lazy(augmentationList, {
        augmentations: [
          lazy(ResizeShortestEdge, { shortEdgeLength: [400, 500, 600], sampleStyle: "choice" }),
          lazy(RandomCrop, { cropType: "absolute_range", cropSize: [384, 600] }),
        ],
      }),
      prob: 0.5,
    }),
    lazy(ResizeShortestEdge, {
      shortEdgeLength: [480, 512, 544, 576, 608, 640, 672, 704, 736, 768, 800],
      sampleStyle: "choice",
      maxSize: 1333,
    }),
    lazy(RandomFlip, { direction: "horizontal" }),
  ];
  dataloader.train.mapper.imageFormat = "RGB";
  dataloader.train.totalBatchSize = 64;
  return dataloader;
}

/** COCO with large-scale jitter. Mirrors `dataloader` of MViTv2's `configs/common/coco_loader_lsj.py`. */
function mvitLsjDataloader() {
  const dataloader = mvitDataloader();
  dataloader.train.mapper.augmentations = [
    lazy(RandomFlip, { direction: "horizontal" }),
    lazy(ResizeScale, { minScale: 0.1, maxScale: 2, targetHeight: 1024, targetWidth: 1024 }),
    lazy(FixedSizeCrop, { cropSize: [1024, 1024] }),
  ];
  dataloader.train.mapper.recomputeBoxes = true;
  return dataloader;
}

/** `projects/MViTv2/configs/mask_rcnn_mvitv2_t_3x.py`, and what its variants share. */
export function maskRcnnMvit(size: keyof typeof MVIT = "t", data = "in1k") {
  const model = maskRcnnFpn();
  model.pixelMean = IMAGENET_RGB256_MEAN;
  model.pixelStd = IMAGENET_RGB256_STD;
  model.inputFormat = "RGB";
  assign(model.backbone, { bottomUp: mvit(size) });
  const spared = { weightDecay: 0 };
  const optimizer = adamW();
  optimizer.params.overrides = { pos_embed: spared, rel_pos_h: spared, rel_pos_w: spared };
  optimizer.lr = 1.6e-4;
  const weights = `mvitv2/MViTv2_${size.toUpperCase()}_${data}.pyth`;
  const settings = { ...train(), initCheckpoint: `detectron2://ImageNetPretrained/${weights}` };
  return {
    model,
    dataloader: mvitDataloader(),
    optimizer,
    ...schedule36Epochs({ train: settings }),
  };
}

/** `projects/MViTv2/configs/cascade_mask_rcnn_mvitv2_t_3x.py` and its like of other sizes and weights. */
export function cascadeMvit(size: keyof typeof MVIT, data = "in1k") {
  const config = maskRcnnMvit(size, data);
  const { model } = config;
  model.proposalGenerator.head.convDims = [-1, -1];
  // Heads may see no region at all, which weighs nothing in statistics by number.
  const convNorm = "naiveSyncBN_N";
  model.roiHeads.maskHead.convNorm = convNorm;
  const heads = { convDims: [256, 256, 256, 256], fcDims: [1024], convNorm };
  return { ...config, model: assign(model, { roiHeads: cascadeHeads(model.roiHeads, heads) }) };
}

/** `projects/MViTv2/configs/cascade_mask_rcnn_mvitv2_h_in21k_lsj_3x.py`. */
export function cascadeMvitHugeLsj() {
  return { ...cascadeMvit("h", "in21k"), dataloader: mvitLsjDataloader() };
}

/** `projects/MViTv2/configs/cascade_mask_rcnn_mvitv2_l_in21k_lsj_50ep.py`. */
export function cascadeMvitLargeLsj() {
  const config = { ...cascadeMvit("l", "in21k"), dataloader: mvitLsjDataloader() };
  const maxIter = 92187;
  config.optimizer.lr = 1e-4;
  return {
    ...config,
    lrMultiplier: steppedSchedule({
      milestones: [81944, 88773],
      numUpdates: maxIter,
      warmupLength: 250 / maxIter,
      warmupFactor: 0.001,
    }),
    train: { ...config.train, maxIter },
  };
}
