import { type LazyTarget, registerTarget } from "@detectron-ts/config";
import { DefaultAnchorGenerator } from "@detectron-ts/anchor-generator";
import {
  FPN,
  LastLevelMaxPool,
  LastLevelP6P7,
  makeDefaultStages,
  MViT,
  RegNet,
  ResBasicBlock,
  ResBottleneckBlock,
  ResNet,
  ResStem,
  SimpleFeaturePyramid,
  SimpleStem,
  SwinTransformer,
  ViT,
} from "@detectron-ts/backbone";
import { Box2BoxTransform } from "@detectron-ts/box-regression";
import { DatasetMapper } from "@detectron-ts/data";
import { BasicStem } from "@detectron-ts/layers";
import { Matcher } from "@detectron-ts/matcher";
import {
  FCOS,
  FCOSHead,
  GeneralizedRCNN,
  PanopticFPN,
  ProposalNetwork,
  RetinaNet,
  RetinaNetHead,
  SemanticSegmentor,
  SemSegFPNHead,
} from "@detectron-ts/modeling";
import { RPN, StandardRPNHead } from "@detectron-ts/proposal-generator";
import {
  CascadeROIHeads,
  FastRCNNConvFCHead,
  FastRCNNOutputLayers,
  KRCNNConvDeconvUpsampleHead,
  MaskRCNNConvUpsampleHead,
  Res5ROIHeads,
  ROIPooler,
  StandardROIHeads,
} from "@detectron-ts/roi-heads";
import {
  AdamW,
  cosineParamScheduler,
  getDefaultOptimizerParams,
  multiStepParamScheduler,
  SGD,
  warmupParamScheduler,
} from "@detectron-ts/solver";
import {
  FixedSizeCrop,
  RandomCrop,
  RandomFlip,
  ResizeScale,
  ResizeShortestEdge,
} from "@detectron-ts/transforms";
import {
  detectionDatasetDicts,
  detectionTestLoader,
  detectionTrainLoader,
  fedLossClsWeights,
  keypointHflipIndices,
  repeatFactorSampler,
} from "./common/data/loaders.ts";
import { bottleneckStage } from "./common/models/resnet.ts";

import { tokenLayerNorm } from "./common/models/mask-rcnn-vitdet.ts";
import { vitLrDecay } from "./common/optim.ts";
import { augmentationList, randomApply } from "./common/data/augmentations.ts";

/** All that a config of the zoo can name in a file. */
const TARGETS: Readonly<Record<string, readonly LazyTarget[]>> = {
  backbones: [
    FPN,
    LastLevelMaxPool,
    LastLevelP6P7,
    MViT,
    SimpleFeaturePyramid,
    SwinTransformer,
    ViT,
  ],
  resnets: [BasicStem, bottleneckStage, makeDefaultStages, ResNet, tokenLayerNorm],
  regnets: [RegNet, ResBasicBlock, ResBottleneckBlock, ResStem, SimpleStem],
  proposals: [Box2BoxTransform, DefaultAnchorGenerator, Matcher, RPN, StandardRPNHead],
  architectures: [GeneralizedRCNN, PanopticFPN, ProposalNetwork, SemanticSegmentor],
  dense: [FCOS, FCOSHead, RetinaNet, RetinaNetHead, SemSegFPNHead],
  roiHeads: [CascadeROIHeads, Res5ROIHeads, ROIPooler, StandardROIHeads],
  boxes: [FastRCNNConvFCHead, FastRCNNOutputLayers],
  masksAndKeypoints: [KRCNNConvDeconvUpsampleHead, MaskRCNNConvUpsampleHead],
  data: [DatasetMapper, detectionDatasetDicts, detectionTestLoader, detectionTrainLoader],
  sampling: [fedLossClsWeights, keypointHflipIndices, repeatFactorSampler],
  augmentations: [augmentationList, randomApply, RandomCrop, RandomFlip, ResizeShortestEdge],
  largeScaleJitter: [FixedSizeCrop, ResizeScale],
  optimizers: [AdamW, getDefaultOptimizerParams, SGD, vitLrDecay],
  schedules: [cosineParamScheduler, multiStepParamScheduler, warmupParamScheduler],
};

/**
 * Lets YAML files name the classes and functions of the zoo's configs, so that such a config can be saved and loaded; see
 * `registerTarget` of `@detectron-ts/config`.
 */
export function registerZooTargets(): void {
  for (const target of Object.values(TARGETS).flat()) registerTarget(target);
}
