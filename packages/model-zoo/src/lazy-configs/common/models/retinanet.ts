import { lazy } from "@detectron-ts/config";
import { DefaultAnchorGenerator } from "@detectron-ts/anchor-generator";
import { FPN, LastLevelP6P7 } from "@detectron-ts/backbone";
import { Box2BoxTransform } from "@detectron-ts/box-regression";
import { Matcher } from "@detectron-ts/matcher";
import { RetinaNet, RetinaNetHead } from "@detectron-ts/modeling";
import { IMAGENET_BGR256_MEAN, IMAGENET_BGR256_STD } from "../data/constants.ts";
import { resnet50 } from "./resnet.ts";

/** The shapes of the five levels that the head works on. */
const FIVE_LEVELS = Array.from({ length: 5 }, () => ({ channels: 256 }));

/** RetinaNet with a ResNet-50. Mirrors detectron2's `configs/common/models/retinanet.py`. */
export function retinanet() {
  return lazy(RetinaNet, {
    backbone: lazy(FPN, {
      bottomUp: resnet50(["res3", "res4", "res5"]),
      inFeatures: ["res3", "res4", "res5"],
      outChannels: 256,
      topBlock: lazy(LastLevelP6P7, { inChannels: 2048, outChannels: "${..outChannels}" }),
    }),
    head: lazy(RetinaNetHead, {
      inputShape: FIVE_LEVELS,
      numClasses: "${..numClasses}",
      convDims: [256, 256, 256, 256],
      priorProb: 0.01,
      numAnchors: 9,
    }),
    anchorGenerator: lazy(DefaultAnchorGenerator, {
      // Three per octave.
      sizes: [32, 64, 128, 256, 512].map((size) => [
        size,
        size * 2 ** (1 / 3),
        size * 2 ** (2 / 3),
      ]),
      aspectRatios: [[0.5, 1, 2]],
      strides: [8, 16, 32, 64, 128],
      offset: 0,
    }),
    box2boxTransform: lazy(Box2BoxTransform, { weights: [1, 1, 1, 1] }),
    anchorMatcher: lazy(Matcher, {
      thresholds: [0.4, 0.5],
      labels: [0, -1, 1],
      allowLowQualityMatches: true,
    }),
    numClasses: 80,
    headInFeatures: ["p3", "p4", "p5", "p6", "p7"],
    focalLossAlpha: 0.25,
    focalLossGamma: 2,
    pixelMean: IMAGENET_BGR256_MEAN,
    pixelStd: IMAGENET_BGR256_STD,
    inputFormat: "BGR",
  });
}
