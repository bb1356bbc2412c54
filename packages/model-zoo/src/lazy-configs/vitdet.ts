import { assign, lazy } from "@detectron-ts/config";
import { MViT, SwinTransformer } from "@detectron-ts/backbone";
import { steppedSchedule } from "./common/coco-schedule.ts";
import { cocoLsjDataloader } from "./common/data/coco-lsj.ts";
import { IMAGENET_RGB256_MEAN, IMAGENET_RGB256_STD } from "./common/data/constants.ts";
import { cascadeHeads } from "./common/models/cascade-rcnn.ts";
import { maskRcnnFpn } from "./common/models/mask-rcnn-fpn.ts";
import {
  maskRcnnVitdet,
  tokenLayerNorm,
  VIT_B,
  type VitSize,
} from "./common/models/mask-rcnn-vitdet.ts";
import { adamW, vitLrDecay } from "./common/optim.ts";
import { train } from "./common/train.ts";

/** One size of ViTDet: its transformer, its start, and how it trains. */
interface VitdetRecipe {
  readonly size: VitSize;
  readonly weights: string;
  readonly lrDecayRate: number;
  readonly epochs: number;
  /** Whether norms and embeddings of places are kept from decaying. */
  readonly sparesNorms: boolean;
}

const RECIPES = {
  b: {
    size: VIT_B,
    weights: "mae_pretrain_vit_base.pth",
    lrDecayRate: 0.7,
    epochs: 100,
    sparesNorms: true,
  },
  l: {
    size: { embedDim: 1024, depth: 24, numHeads: 16, dropPathRate: 0.4 },
    weights: "mae_pretrain_vit_large.pth",
    lrDecayRate: 0.8,
    epochs: 100,
    sparesNorms: true,
  },
  h: {
    size: { embedDim: 1280, depth: 32, numHeads: 16, dropPathRate: 0.5 },
    weights: "mae_pretrain_vit_huge_p14to16.pth",
    lrDecayRate: 0.9,
    epochs: 75,
    sparesNorms: false,
  },
} satisfies Record<string, VitdetRecipe>;

/** 64 images each, of the 118000 of COCO: 100 epochs. */
const ITERATIONS_OF_100_EPOCHS = 184375;

/** Training on COCO's images of 1024 pixels for a number of epochs. */
function schedule(epochs: number, initCheckpoint: string) {
  const scaled = (iterations: number): number => Math.floor((iterations * epochs) / 100);
  const maxIter = scaled(ITERATIONS_OF_100_EPOCHS);
  return {
    dataloader: cocoLsjDataloader(),
    lrMultiplier: steppedSchedule({
      milestones: [scaled(163889), scaled(177546)],
      numUpdates: maxIter,
      // As long a part of a shorter training, so fewer iterations.
      warmupLength: 250 / ITERATIONS_OF_100_EPOCHS,
      warmupFactor: 0.001,
    }),
    train: {
      ...train(),
      maxIter,
      initCheckpoint: `detectron2://ImageNetPretrained/${initCheckpoint}`,
    },
  };
}

/** `projects/ViTDet/configs/COCO/mask_rcnn_vitdet_b_100ep.py`, `…_l_100ep.py` and `…_h_75ep.py`. */
export function maskRcnnVitdetCoco(name: keyof typeof RECIPES) {
  const { size, weights, lrDecayRate, epochs, sparesNorms } = RECIPES[name];
  const optimizer = adamW();
  optimizer.params.lrFactorFunc = lazy(vitLrDecay, { lrDecayRate, numLayers: size.depth });
  if (sparesNorms) optimizer.params.overrides = { pos_embed: { weightDecay: 0 } };
  else assign(optimizer.params, { weightDecayNorm: "${..weightDecay}" });
  return {
    model: maskRcnnVitdet(size),
    optimizer,
    ...schedule(epochs, `MAE/${weights}?matching_heuristics=True`),
  };
}

/** The heads of all cascades here. */
const CASCADE = { convDims: [256, 256, 256, 256], fcDims: [1024], convNorm: "LN" };

/** `projects/ViTDet/configs/COCO/cascade_mask_rcnn_vitdet_b_100ep.py`, `…_l_100ep.py` and `…_h_75ep.py`. */
export function cascadeVitdetCoco(name: keyof typeof RECIPES) {
  const config = maskRcnnVitdetCoco(name);
  const { model } = config;
  return { ...config, model: assign(model, { roiHeads: cascadeHeads(model.roiHeads, CASCADE) }) };
}

/** Cascade Mask R-CNN with layer norms, whose FPN gets the given backbone. */
function cascadeLayerNorm() {
  const model = maskRcnnFpn();
  model.pixelMean = IMAGENET_RGB256_MEAN;
  model.pixelStd = IMAGENET_RGB256_STD;
  model.inputFormat = "RGB";
  model.backbone.squarePad = 1024;
  model.backbone.norm = "LN";
  model.proposalGenerator.head.convDims = [-1, -1];
  model.roiHeads.maskHead.convNorm = "LN";
  return assign(model, { roiHeads: cascadeHeads(model.roiHeads, CASCADE) });
}

/** Settings of an MViT by which sizes differ, and its weights. */
export const MVIT = {
  t: { embedDim: 96, depth: 10, numHeads: 1, lastBlockIndexes: [0, 2, 7, 9], dropPathRate: 0.2 },
  s: { embedDim: 96, depth: 16, numHeads: 1, lastBlockIndexes: [0, 2, 13, 15], dropPathRate: 0.2 },
  b: { embedDim: 96, depth: 24, numHeads: 1, lastBlockIndexes: [1, 4, 20, 23], dropPathRate: 0.4 },
  l: { embedDim: 144, depth: 48, numHeads: 2, lastBlockIndexes: [1, 7, 43, 47], dropPathRate: 0.5 },
  h: {
    embedDim: 192,
    depth: 80,
    numHeads: 3,
    lastBlockIndexes: [3, 11, 71, 79],
    dropPathRate: 0.6,
  },
} as const;

/** MViTv2 of a size ("MViTv2: Improved Multiscale Vision Transformers", Li et al. 2022). */
export function mvit(size: keyof typeof MVIT) {
  return lazy(MViT, {
    ...MVIT[size],
    residualPooling: true,
    normLayer: lazy(tokenLayerNorm, { eps: 1e-6 }),
    outFeatures: ["scale2", "scale3", "scale4", "scale5"],
  });
}

/** `projects/ViTDet/configs/COCO/cascade_mask_rcnn_mvitv2_b_in21k_100ep.py`, `…_l_in21k_50ep.py`, `…_h_in21k_36ep.py`. */
export function cascadeMvitCoco(size: "b" | "l" | "h") {
  const model = cascadeLayerNorm();
  assign(model.backbone, { bottomUp: mvit(size) });
  const optimizer = adamW();
  optimizer.params.overrides = { pos_embed: { weightDecay: 0 } };
  optimizer.lr = size === "h" ? 1.6e-4 : 8e-5;
  const weights = `mvitv2/MViTv2_${size.toUpperCase()}_in21k.pyth`;
  const config = { model, optimizer, ...schedule(size === "b" ? 100 : 50, weights) };
  return size === "h" ? { ...config, ...schedule36Epochs(config) } : config;
}

/** 36 epochs: the 3x schedule of papers with 64 images for each iteration. */
export function schedule36Epochs({ train: settings }: { train: ReturnType<typeof train> }) {
  const maxIter = 67500;
  return {
    lrMultiplier: steppedSchedule({
      milestones: [52500, 62500, maxIter],
      warmupLength: 250 / maxIter,
      warmupFactor: 0.001,
    }),
    train: { ...settings, maxIter },
  };
}

const SWIN = {
  b: { embedDim: 128, numHeads: [4, 8, 16, 32], weights: "base" },
  l: { embedDim: 192, numHeads: [6, 12, 24, 48], weights: "large" },
} as const;

/** `projects/ViTDet/configs/COCO/cascade_mask_rcnn_swin_b_in21k_50ep.py` and `…_l_in21k_50ep.py`. */
export function cascadeSwinCoco(size: keyof typeof SWIN, dropPathRate = 0.4) {
  const { weights, ...settings } = SWIN[size];
  const model = cascadeLayerNorm();
  assign(model.backbone, {
    bottomUp: lazy(SwinTransformer, { depths: [2, 2, 18, 2], dropPathRate, ...settings }),
    inFeatures: ["p0", "p1", "p2", "p3"],
  });
  const optimizer = adamW();
  optimizer.lr = 4e-5;
  optimizer.weightDecay = 0.05;
  optimizer.params.overrides = { relative_position_bias_table: { weightDecay: 0 } };
  const file = `swin/swin_${weights}_patch4_window7_224_22k.pth`;
  return { model, optimizer, ...schedule(50, file) };
}
