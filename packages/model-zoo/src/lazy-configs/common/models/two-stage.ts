import { lazy } from "@detectron-ts/config";
import { DefaultAnchorGenerator } from "@detectron-ts/anchor-generator";
import { Box2BoxTransform } from "@detectron-ts/box-regression";
import { Matcher } from "@detectron-ts/matcher";
import { RPN, StandardRPNHead } from "@detectron-ts/proposal-generator";
import { ROIPooler } from "@detectron-ts/roi-heads";

/** Options of {@link regionProposals}. */
interface RegionProposalOptions {
  readonly inFeatures: readonly string[];
  readonly inChannels: number;
  readonly numAnchors: number;
  readonly sizes: readonly (readonly number[])[];
  readonly strides: readonly number[];
  readonly preNmsTopk: { readonly train: number; readonly test: number };
  readonly postNmsTopk: { readonly train: number; readonly test: number };
}

/** A region proposal network with the settings that all two-stage models share. */
export function regionProposals(options: RegionProposalOptions) {
  const { inFeatures, inChannels, numAnchors, sizes, strides, preNmsTopk, postNmsTopk } = options;
  return lazy(RPN, {
    inFeatures,
    head: lazy(StandardRPNHead, { inChannels, numAnchors }),
    anchorGenerator: lazy(DefaultAnchorGenerator, {
      sizes,
      aspectRatios: [[0.5, 1, 2]],
      strides,
      offset: 0,
    }),
    anchorMatcher: lazy(Matcher, {
      thresholds: [0.3, 0.7],
      labels: [0, -1, 1],
      allowLowQualityMatches: true,
    }),
    box2boxTransform: lazy(Box2BoxTransform, { weights: [1, 1, 1, 1] }),
    batchSizePerImage: 256,
    positiveFraction: 0.5,
    preNmsTopk,
    postNmsTopk,
    nmsThresh: 0.7,
  });
}

/** What tells proposals that train as foreground from the others: an IoU of the threshold. */
export function proposalMatcher(threshold = 0.5) {
  return lazy(Matcher, { thresholds: [threshold], labels: [0, 1], allowLowQualityMatches: false });
}

/** Pools regions of the levels p2 to p5 to squares of a side. */
export function pyramidPooler(outputSize: number) {
  return lazy(ROIPooler, {
    outputSize,
    scales: [1 / 4, 1 / 8, 1 / 16, 1 / 32],
    samplingRatio: 0,
    poolerType: "ROIAlignV2",
  });
}
