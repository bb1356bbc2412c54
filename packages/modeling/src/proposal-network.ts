import { buildBackbone } from "@detectron-ts/backbone";
import type { Config } from "@detectron-ts/config";
import {
  buildProposalGenerator,
  type ProposalGenerator,
  type Proposals,
} from "@detectron-ts/proposal-generator";
import type { Losses } from "@detectron-ts/roi-heads";

import { ModelModeError, ModelOptionsError } from "./errors.ts";
import { inputFormat } from "./input-format.ts";
import { MetaArchitecture, type MetaArchitectureOptions } from "./meta-architecture.ts";
import { type ModelInput, outputSize, requireField } from "./model-input.ts";
import { detectorPostprocess } from "./postprocessing.ts";

/** Options of {@link ProposalNetwork}. */
export interface ProposalNetworkOptions extends MetaArchitectureOptions {
  readonly proposalGenerator: ProposalGenerator;
}

/** What may be an object in one image. */
export interface ProposalOutput {
  /** The likeliest first, in pixels of the wanted size. */
  readonly proposals: Proposals;
}

/**
 * A backbone and a proposal generator alone, which say where objects may be, not which. Mirrors
 * `detectron2.modeling.ProposalNetwork`.
 *
 * A call gives the proposals of each image, or in training the losses; {@link inference} and {@link losses} are these two
 * with result types of their own.
 */
export class ProposalNetwork extends MetaArchitecture<ProposalOutput> {
  readonly proposalGenerator: ProposalGenerator;

  /** @throws ModelOptionsError when mean or deviation isn't a number for each channel, above 0 for the deviation. */
  constructor(options: ProposalNetworkOptions) {
    super(options);
    this.proposalGenerator = options.proposalGenerator;
  }

  /**
   * Every part as the config names it.
   *
   * @throws ModelOptionsError when the config has no proposal generator.
   * @throws OptionError of `@detectron-ts/layers` when INPUT.FORMAT is neither RGB nor BGR.
   */
  static fromConfig(cfg: Config): ProposalNetworkOptions {
    const backbone = buildBackbone(cfg);
    const proposalGenerator = buildProposalGenerator(cfg, backbone.outputShape());
    if (proposalGenerator === undefined) {
      const name = cfg.MODEL.PROPOSAL_GENERATOR.NAME;
      throw new ModelOptionsError("MODEL.PROPOSAL_GENERATOR.NAME", name, "a proposal generator");
    }
    return {
      backbone,
      proposalGenerator,
      pixelMean: cfg.MODEL.PIXEL_MEAN,
      pixelStd: cfg.MODEL.PIXEL_STD,
      inputFormat: inputFormat(cfg),
    };
  }

  /**
   * The losses of the proposal generator.
   *
   * @throws ModelModeError unless the model is in training.
   * @throws MissingInputError when an input has no `instances`.
   */
  async losses(batchedInputs: readonly ModelInput[]): Promise<Losses> {
    if (!this.training) throw new ModelModeError("losses");
    const targets = requireField(batchedInputs, "instances", "training needs");
    const images = this.preprocessImage(batchedInputs);
    const features = this.backbone(images.tensor);
    const [, losses] = await this.proposalGenerator(images, features, targets);
    return losses;
  }

  /**
   * The proposals of each image, mapped to the size that the input asks for.
   *
   * @throws ModelModeError when the model is in training.
   */
  async inference(batchedInputs: readonly ModelInput[]): Promise<ProposalOutput[]> {
    if (this.training) throw new ModelModeError("inference");
    const images = this.preprocessImage(batchedInputs);
    const features = this.backbone(images.tensor);
    const [proposals] = await this.proposalGenerator(images, features);
    return proposals.map((proposalsOfImage, i) => {
      const [height, width] = outputSize(batchedInputs[i], images.imageSizes[i]);
      return { proposals: detectorPostprocess(proposalsOfImage, height, width) };
    });
  }
}
