import { lazy } from "@detectron-ts/config";
import { Box2BoxTransform } from "@detectron-ts/box-regression";
import { GeneralizedRCNN } from "@detectron-ts/modeling";
import {
  FastRCNNOutputLayers,
  MaskRCNNConvUpsampleHead,
  Res5ROIHeads,
  ROIPooler,
} from "@detectron-ts/roi-heads";
import { IMAGENET_BGR256_MEAN, IMAGENET_BGR256_STD } from "../data/constants.ts";
import { bottleneckStage, resnet50 } from "./resnet.ts";
import { proposalMatcher, regionProposals } from "./two-stage.ts";

/**
 * Mask R-CNN on the fourth stage of a ResNet-50, whose fifth runs on each region. Mirrors detectron2's
 * `configs/common/models/mask_rcnn_c4.py`.
 */
export function maskRcnnC4() {
  return lazy(GeneralizedRCNN, {
    backbone: resnet50(["res4"]),
    proposalGenerator: regionProposals({
      inFeatures: ["res4"],
      inChannels: 1024,
      numAnchors: 15,
      sizes: [[32, 64, 128, 256, 512]],
      strides: [16],
      preNmsTopk: { train: 12000, test: 6000 },
      postNmsTopk: { train: 2000, test: 1000 },
    }),
    roiHeads: lazy(Res5ROIHeads, {
      numClasses: 80,
      batchSizePerImage: 512,
      positiveFraction: 0.25,
      proposalMatcher: proposalMatcher(),
      inFeatures: ["res4"],
      pooler: lazy(ROIPooler, {
        outputSize: 14,
        scales: [1 / 16],
        samplingRatio: 0,
        poolerType: "ROIAlignV2",
      }),
      res5: lazy(bottleneckStage, {
        numBlocks: 3,
        stride: 2,
        inChannels: 1024,
        bottleneckChannels: 512,
        outChannels: 2048,
        norm: "FrozenBN",
        strideIn1x1: true,
      }),
      boxPredictor: lazy(FastRCNNOutputLayers, {
        inputShape: { channels: "${...res5.outChannels}", height: 1, width: 1 },
        testScoreThresh: 0.05,
        box2boxTransform: lazy(Box2BoxTransform, { weights: [10, 10, 5, 5] }),
        numClasses: "${..numClasses}",
      }),
      maskHead: lazy(MaskRCNNConvUpsampleHead, {
        inputShape: {
          channels: "${...res5.outChannels}",
          height: "${...pooler.outputSize}",
          width: "${...pooler.outputSize}",
        },
        numClasses: "${..numClasses}",
        convDims: [256],
      }),
    }),
    pixelMean: IMAGENET_BGR256_MEAN,
    pixelStd: IMAGENET_BGR256_STD,
    inputFormat: "BGR",
  });
}
