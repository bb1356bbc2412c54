import type { Module } from "@detectron-ts/nn";
import type { Instances } from "@detectron-ts/structures";
import type { Tensor } from "@detectron-ts/tensor";

import type { GivenBoxFields, KeypointFields, LabeledProposalFields, Losses } from "../fields.ts";

/**
 * Predicts keypoints from pooled regions: R×C×H×W in, one heatmap of logits for each keypoint out, R×K×S×S. What a custom
 * keypoint head has to be; {@link keypointRcnnLoss} and {@link keypointRcnnInference} make the two methods.
 */
export type KeypointHead = Module<[x: Tensor], Tensor> & {
  /** Losses of labelled proposals with visible keypoints from their pooled regions, lazy. */
  losses(x: Tensor, proposals: readonly Instances<LabeledProposalFields>[]): Losses;
  /** For each image the keypoints of the instances whose pooled regions are given. */
  inference(
    x: Tensor,
    instances: readonly Instances<GivenBoxFields>[],
  ): Promise<Required<KeypointFields>[]>;
};
