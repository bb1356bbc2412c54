import { type Backbone, buildBackbone } from "@detectron-ts/backbone";
import type { Config } from "@detectron-ts/config";
import { Module } from "@detectron-ts/nn";
import {
  buildProposalGenerator,
  type ProposalGenerator,
  type Proposals,
} from "@detectron-ts/proposal-generator";
import type { Losses } from "@detectron-ts/roi-heads";
import type { ImageList } from "@detectron-ts/structures";
import type { Buffer } from "@detectron-ts/tensor";

import { ModelModeError, ModelOptionsError } from "./errors.ts";
import { inputFormat, type InputFormat } from "./input-format.ts";
import { type ModelInput, outputSize, requireField } from "./model-input.ts";
import { detectorPostprocess } from "./postprocessing.ts";
import { pixelBuffers, preprocessImages } from "./preprocess-images.ts";

/** Options of {@link ProposalNetwork}. */
export interface ProposalNetworkOptions {
  readonly backbone: Backbone;
  readonly proposalGenerator: ProposalGenerator;
  /** Mean of each channel, in the order of `inputFormat`, on the scale of 0 to 255. */
  readonly pixelMean: readonly number[];
  /** Standard deviation of each channel, above 0. */
  readonly pixelStd: readonly number[];
  /** Order of the channels, for those who read images for the model. */
  readonly inputFormat: InputFormat;
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
export class ProposalNetwork extends Module<
  [batchedInputs: readonly ModelInput[]],
  Promise<ProposalOutput[] | Losses>
> {
  readonly backbone: Backbone;
  readonly proposalGenerator: ProposalGenerator;
  readonly pixelMean: Buffer;
  readonly pixelStd: Buffer;
  readonly inputFormat: InputFormat;

  /** @throws ModelOptionsError when mean or deviation isn't a number for each channel, above 0 for the deviation. */
  constructor(options: ProposalNetworkOptions) {
    super();
    this.backbone = options.backbone;
    this.proposalGenerator = options.proposalGenerator;
    [this.pixelMean, this.pixelStd] = pixelBuffers(options);
    this.registerBuffer("pixel_mean", this.pixelMean, { persistent: false });
    this.registerBuffer("pixel_std", this.pixelStd, { persistent: false });
    this.inputFormat = options.inputFormat;
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

  forward(batchedInputs: readonly ModelInput[]): Promise<ProposalOutput[] | Losses> {
    return this.training ? this.losses(batchedInputs) : this.inference(batchedInputs);
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

  /** The network's input; see {@link preprocessImages}. */
  preprocessImage(batchedInputs: readonly ModelInput[]): ImageList {
    return preprocessImages(batchedInputs, this);
  }
}
