import type { Module } from "@detectron-ts/nn";
import type { Boxes, ImageList, Instances } from "@detectron-ts/structures";
import type { Tensor } from "@detectron-ts/tensor";
import type { NdArray } from "ndarray";

/** Fields of the proposals of one image. */
export interface ProposalFields {
  /** In pixels of the network's input. */
  readonly proposalBoxes: Boxes;
  /** Logit of there being an object, one number for each box. */
  readonly objectnessLogits: NdArray<Float32Array>;
}

/** The proposals of one image, the most likely first. */
export type Proposals = Instances<ProposalFields>;

/** Fields of the ground truth that a proposal generator trains on. */
export interface GroundTruthFields {
  /** In pixels of the network's input. */
  readonly gtBoxes: Boxes;
}

/** What a {@link ProposalGenerator} is called with. */
export type ProposalGeneratorArgs = [
  images: ImageList,
  /** Feature maps by name, N×C×H×W each. */
  features: Readonly<Record<string, Tensor>>,
  /** Ground truth of each image; needed in training only. */
  gtInstances?: readonly Instances<GroundTruthFields>[],
];

/** What a {@link ProposalGenerator} gives. */
export type ProposalGeneratorOutput = [
  /** For each image. */
  proposals: Proposals[],
  /** Scalars by name, lazy and differentiable; none outside training. */
  losses: Record<string, Tensor>,
];

/**
 * What proposes boxes that may hold an object, whatever its class:
 * `const [proposals, losses] = await proposalGenerator(images, features)`. Meta-architectures know proposal generators
 * by this type alone.
 */
export type ProposalGenerator = Module<ProposalGeneratorArgs, Promise<ProposalGeneratorOutput>>;
