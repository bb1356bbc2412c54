import type { Module } from "@detectron-ts/nn";
import type { Instances } from "@detectron-ts/structures";
import type { Tensor } from "@detectron-ts/tensor";
import type { NdArray } from "ndarray";

import type { GivenBoxFields, LabeledProposalFields, Losses } from "../fields.ts";

/**
 * Predicts masks from pooled regions: R×C×H×W in, logits R×K×M×M out, with one channel for each class or a single one
 * for all. What a custom mask head has to be; {@link maskRcnnLoss} and {@link maskRcnnInference} make the two methods.
 */
export type MaskHead = Module<[x: Tensor], Tensor> & {
  /** Losses of labelled foreground proposals from their pooled regions, lazy. */
  losses(x: Tensor, proposals: readonly Instances<LabeledProposalFields>[]): Losses;
  /** For each image N×1×M×M: mask probabilities of the instances whose pooled regions are given. */
  inference(
    x: Tensor,
    instances: readonly Instances<GivenBoxFields>[],
  ): Promise<NdArray<Float32Array>[]>;
};
