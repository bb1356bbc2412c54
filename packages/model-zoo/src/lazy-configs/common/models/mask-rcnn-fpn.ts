import { lazy } from "@detectron-ts/config";
import { FPN, LastLevelMaxPool } from "@detectron-ts/backbone";
import { Box2BoxTransform } from "@detectron-ts/box-regression";
import { GeneralizedRCNN } from "@detectron-ts/modeling";
import {
  FastRCNNConvFCHead,
  FastRCNNOutputLayers,
  MaskRCNNConvUpsampleHead,
  StandardROIHeads,
} from "@detectron-ts/roi-heads";
import { IMAGENET_BGR256_MEAN, IMAGENET_BGR256_STD } from "../data/constants.ts";
import { resnet50 } from "./resnet.ts";
import { proposalMatcher, pyramidPooler, regionProposals } from "./two-stage.ts";

/** Mask R-CNN with a ResNet-50 and FPN. Mirrors detectron2's `configs/common/models/mask_rcnn_fpn.py`. */
export function maskRcnnFpn() {
  return lazy(GeneralizedRCNN, {
    backbone: lazy(FPN, {
      bottomUp: resnet50(["res2", "res3", "res4", "res5"]),
      inFeatures: "${.bottomUp.outFeatures}",
      outChannels: 256,
      topBlock: lazy(LastLevelMaxPool),
    }),
    proposalGenerator: regionProposals({
      inFeatures: ["p2", "p3", "p4", "p5", "p6"],
      inChannels: 256,
      numAnchors: 3,
      sizes: [[32], [64], [128], [256], [512]],
      strides: [4, 8, 16, 32, 64],
      preNmsTopk: { train: 2000, test: 1000 },
      postNmsTopk: { train: 1000, test: 1000 },
    }),
    roiHeads: lazy(StandardROIHeads, {
      numClasses: 80,
      batchSizePerImage: 512,
      positiveFraction: 0.25,
      proposalMatcher: proposalMatcher(),
      inFeatures: ["p2", "p3", "p4", "p5"],
      boxPooler: pyramidPooler(7),
      boxHead: lazy(FastRCNNConvFCHead, {
        inputShape: { channels: 256, height: 7, width: 7 },
        convDims: [],
        fcDims: [1024, 1024],
      }),
      boxPredictor: lazy(FastRCNNOutputLayers, {
        inputShape: { channels: 1024 },
        testScoreThresh: 0.05,
        box2boxTransform: lazy(Box2BoxTransform, { weights: [10, 10, 5, 5] }),
        numClasses: "${..numClasses}",
      }),
      maskPooler: pyramidPooler(14),
      maskHead: lazy(MaskRCNNConvUpsampleHead, {
        inputShape: { channels: 256, height: 14, width: 14 },
        numClasses: "${..numClasses}",
        convDims: [256, 256, 256, 256, 256],
      }),
    }),
    pixelMean: IMAGENET_BGR256_MEAN,
    pixelStd: IMAGENET_BGR256_STD,
    inputFormat: "BGR",
  });
}
