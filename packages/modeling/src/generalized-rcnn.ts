import { buildBackbone, type FeatureMaps } from "@detectron-ts/backbone";
import type { Config } from "@detectron-ts/config";
import { buildProposalGenerator, type ProposalGenerator } from "@detectron-ts/proposal-generator";
import {
  buildRoiHeads,
  type DetectionFields,
  type Losses,
  type MaskBranchOptions,
  type ROIHeads,
  type StandardROIHeads,
} from "@detectron-ts/roi-heads";
import type { Instances } from "@detectron-ts/structures";

import { BatchLengthError, ModelModeError } from "./errors.ts";
import { inputFormat } from "./input-format.ts";
import { type ModelInput, outputSize, requireFiniteBoxes } from "./model-input.ts";
import { detectorPostprocess, type Postprocessed } from "./postprocessing.ts";
import {
  TwoStageArchitecture,
  type TwoStageArchitectureOptions,
} from "./two-stage-architecture.ts";

/** Options of {@link GeneralizedRCNN}. */
export type GeneralizedRCNNOptions<
  Heads extends ROIHeads = ROIHeads,
  Generator extends ProposalGenerator | undefined = ProposalGenerator | undefined,
> = TwoStageArchitectureOptions<Heads, Generator>;

/** `StandardROIHeads` with the mask branch that MODEL.MASK_ON gives them. */
export type MaskROIHeads = StandardROIHeads & Required<MaskBranchOptions>;

/** Options of {@link GeneralizedRCNN.inference}. */
export interface DetectionOptions {
  /**
   * Boxes and classes found already, one entry per image, in pixels of the network's input. Then only the later heads run
   * (masks), on these boxes.
   */
  readonly detectedInstances?: readonly Instances<DetectionFields>[];
  /** Whether to leave out the later heads (masks, keypoints); false by default. */
  readonly boxesOnly?: boolean;
}

/** What was found in one image. */
export interface DetectionOutput {
  /** By decreasing score, in pixels of the wanted size; `predMasks` are N×height×width bitmaps. */
  readonly instances: Instances<Postprocessed<DetectionFields>>;
}

/**
 * The two-stage detectors: a backbone, a generator of proposals, and heads that look at each proposed region (Fast R-CNN,
 * Girshick 2015; Faster R-CNN, Ren et al. 2015; Mask R-CNN, He et al. 2017). Mirrors `detectron2.modeling.GeneralizedRCNN`.
 *
 * A call gives what was found in each image, or in training the losses; {@link inference} and {@link losses} are these
 * two with result types of their own. Every part can be called by itself:
 *
 * ```ts
 * const images = model.preprocessImage(inputs);
 * const features = model.backbone(images.tensor);
 * const [proposals] = await model.proposalGenerator(images, features);
 * const [instances] = await model.roiHeads(images, features, proposals);
 * ```
 *
 * @typeParam Heads - class of the RoI heads.
 * @typeParam Generator - class of the proposal generator; undefined for a model that is given its proposals.
 */
export class GeneralizedRCNN<
  Heads extends ROIHeads = StandardROIHeads,
  Generator extends ProposalGenerator | undefined = ProposalGenerator,
> extends TwoStageArchitecture<DetectionOutput, Heads, Generator> {
  /**
   * Every part as the config names it.
   *
   * @throws OptionError of `@detectron-ts/layers` when INPUT.FORMAT is neither RGB nor BGR.
   */
  static fromConfig(cfg: Config): GeneralizedRCNNOptions {
    const backbone = buildBackbone(cfg);
    const shapes = backbone.outputShape();
    return {
      backbone,
      proposalGenerator: buildProposalGenerator(cfg, shapes),
      roiHeads: buildRoiHeads(cfg, shapes),
      pixelMean: cfg.MODEL.PIXEL_MEAN,
      pixelStd: cfg.MODEL.PIXEL_STD,
      inputFormat: inputFormat(cfg),
    };
  }

  /**
   * The losses of the RoI heads, then those of the proposal generator.
   *
   * @throws ModelModeError unless the model is in training.
   * @throws MissingInputError when an input has no `instances`, or no `proposals` though the model needs them.
   * @throws NonFiniteInputError when a box of `proposals` that are needed is infinite or NaN.
   */
  async losses(batchedInputs: readonly ModelInput[]): Promise<Losses> {
    if (!this.training) throw new ModelModeError("losses");
    const images = this.preprocessImage(batchedInputs);
    const features = this.backbone(images.tensor);
    const { proposals, detector } = await this.stageLosses(batchedInputs, images, features);
    return { ...detector, ...proposals };
  }

  /**
   * What is found in each image, mapped to the size that its input asks for; or with `doPostprocess: false` the RoI heads'
   * instances as they are, in pixels of the network's input and with masks as squares over their boxes.
   *
   * @throws ModelModeError when the model is in training.
   * @throws MissingInputError when an input has no `proposals` though the model needs them.
   * @throws BatchLengthError when `detectedInstances` aren't as many as the inputs.
   * @throws NonFiniteInputError when a box of `proposals` that are needed, or of `detectedInstances`, is infinite or NaN.
   */
  inference(
    batchedInputs: readonly ModelInput[],
    options: DetectionOptions & { readonly doPostprocess: false },
  ): Promise<Instances<DetectionFields>[]>;
  // Last, because that is the overload TypeScript takes where it infers what a model yields.
  inference(
    batchedInputs: readonly ModelInput[],
    options?: DetectionOptions & { readonly doPostprocess?: true },
  ): Promise<DetectionOutput[]>;
  async inference(
    batchedInputs: readonly ModelInput[],
    {
      detectedInstances,
      boxesOnly = false,
      doPostprocess = true,
    }: DetectionOptions & { doPostprocess?: boolean } = {},
  ): Promise<DetectionOutput[] | Instances<DetectionFields>[]> {
    if (this.training) throw new ModelModeError("inference");
    const images = this.preprocessImage(batchedInputs);
    const features = this.backbone(images.tensor);
    const instances = detectedInstances
      ? await this.#lookAgain(features, detectedInstances, images.length)
      : await this.detect(batchedInputs, images, features, boxesOnly);
    if (!doPostprocess) return instances;
    return instances.map((instancesOfImage, i) => {
      const [height, width] = outputSize(batchedInputs[i], images.imageSizes[i]);
      return { instances: detectorPostprocess(instancesOfImage, height, width) };
    });
  }

  /** Runs the later heads on boxes that are known. */
  async #lookAgain(
    features: FeatureMaps,
    detectedInstances: readonly Instances<DetectionFields>[],
    numImages: number,
  ): Promise<Instances<DetectionFields>[]> {
    if (detectedInstances.length !== numImages) {
      throw new BatchLengthError("detectedInstances", detectedInstances.length, numImages);
    }
    requireFiniteBoxes(
      "detectedInstances",
      detectedInstances.map(({ predBoxes }) => predBoxes),
    );
    return this.roiHeads.forwardWithGivenBoxes(features, detectedInstances);
  }
}
