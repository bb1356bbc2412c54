import type { FeatureMaps } from "@detectron-ts/backbone";
import type { ProposalGenerator, ProposalGeneratorOutput } from "@detectron-ts/proposal-generator";
import type { DetectionFields, Losses, ROIHeads, TargetFields } from "@detectron-ts/roi-heads";
import type { ImageList, Instances } from "@detectron-ts/structures";

import { MetaArchitecture, type MetaArchitectureOptions } from "./meta-architecture.ts";
import { type ModelInput, requireField, requireFiniteBoxes } from "./model-input.ts";

/** Options of a {@link TwoStageArchitecture}. */
export interface TwoStageArchitectureOptions<
  Heads extends ROIHeads = ROIHeads,
  Generator extends ProposalGenerator | undefined = ProposalGenerator | undefined,
> extends MetaArchitectureOptions {
  /** Undefined where the inputs bring their proposals (Fast R-CNN). */
  readonly proposalGenerator: Generator;
  readonly roiHeads: Heads;
}

/** Losses by name, of each stage. */
export interface StageLosses {
  readonly proposals: Losses;
  readonly detector: Losses;
}

/**
 * What models have in common that look at proposed regions: a generator of proposals, and heads that look at each.
 *
 * @typeParam Output - what is found in one image.
 * @typeParam Heads - class of the RoI heads.
 * @typeParam Generator - class of the proposal generator; undefined for a model that is given its proposals.
 */
export abstract class TwoStageArchitecture<
  Output,
  Heads extends ROIHeads,
  Generator extends ProposalGenerator | undefined,
> extends MetaArchitecture<Output> {
  readonly proposalGenerator: Generator;
  readonly roiHeads: Heads;

  /** @throws ModelOptionsError when mean or deviation isn't a number for each channel, above 0 for the deviation. */
  constructor(options: TwoStageArchitectureOptions<Heads, Generator>) {
    super(options);
    this.proposalGenerator = options.proposalGenerator;
    this.roiHeads = options.roiHeads;
  }

  /**
   * What the heads find in the regions that are proposed, in pixels of the network's input.
   *
   * @param boxesOnly - whether to leave out the later heads.
   */
  protected async detect(
    batchedInputs: readonly ModelInput[],
    images: ImageList,
    features: FeatureMaps,
    boxesOnly = false,
  ): Promise<Instances<DetectionFields>[]> {
    const [proposals] = await this.propose(batchedInputs, images, features);
    if (boxesOnly) return this.roiHeads.detectBoxes(features, proposals);
    const [instances] = await this.roiHeads(images, features, proposals);
    return instances;
  }

  /**
   * The losses of both stages, in the order in which they are found: the random choices of one come before those of the
   * other.
   *
   * @throws MissingInputError when an input has no `instances`, or no `proposals` though the model needs them.
   */
  protected async stageLosses(
    batchedInputs: readonly ModelInput[],
    images: ImageList,
    features: FeatureMaps,
  ): Promise<StageLosses> {
    const targets = requireField(batchedInputs, "instances", "training needs");
    const [proposals, proposalLosses] = await this.propose(
      batchedInputs,
      images,
      features,
      targets,
    );
    const [, detectorLosses] = await this.roiHeads(images, features, proposals, targets);
    return { proposals: proposalLosses, detector: detectorLosses };
  }

  /**
   * Proposals of the generator, or of the inputs where there is none.
   *
   * @throws MissingInputError when an input has no `proposals` though there is no generator.
   * @throws NonFiniteInputError when a box of these is infinite or NaN.
   */
  protected async propose(
    batchedInputs: readonly ModelInput[],
    images: ImageList,
    features: FeatureMaps,
    targets?: readonly Instances<TargetFields>[],
  ): Promise<ProposalGeneratorOutput> {
    if (this.proposalGenerator) return this.proposalGenerator(images, features, targets);
    const proposals = requireField(
      batchedInputs,
      "proposals",
      "a model without proposal generator needs",
    );
    requireFiniteBoxes(
      "proposals",
      proposals.map(({ proposalBoxes }) => proposalBoxes),
    );
    return [proposals, {}];
  }
}
