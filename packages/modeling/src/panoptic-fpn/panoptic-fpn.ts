import type { Config } from "@detectron-ts/config";
import type { ProposalGenerator } from "@detectron-ts/proposal-generator";
import type { DetectionFields, Losses, ROIHeads, StandardROIHeads } from "@detectron-ts/roi-heads";
import type { Instances } from "@detectron-ts/structures";
import { realize, type Tensor } from "@detectron-ts/tensor";

import { ModelModeError } from "../errors.ts";
import { type DetectionOutput, GeneralizedRCNN } from "../generalized-rcnn.ts";
import { type ModelInput, outputSize } from "../model-input.ts";
import { detectorPostprocess } from "../postprocessing.ts";
import { buildSemSegHead } from "../semantic-segmentation/build.ts";
import type { SemSegHead } from "../semantic-segmentation/sem-seg-head.ts";
import { semSegTargets } from "../semantic-segmentation/sem-seg-targets.ts";
import {
  SemanticSegmentation,
  semSegPostprocess,
} from "../semantic-segmentation/semantic-segmentation.ts";
import type { SemSegOutput } from "../semantic-segmentation/semantic-segmentor.ts";
import {
  TwoStageArchitecture,
  type TwoStageArchitectureOptions,
} from "../two-stage-architecture.ts";
import {
  type CombineOptions,
  combineSemanticAndInstanceOutputs,
  type PanopticSegmentation,
} from "./combine-semantic-and-instance-outputs.ts";
import { scaleInstanceLosses } from "./scale-instance-losses.ts";

/** Options of {@link PanopticFPN}. */
export interface PanopticFPNOptions<
  Heads extends ROIHeads = ROIHeads,
  Generator extends ProposalGenerator | undefined = ProposalGenerator | undefined,
> extends TwoStageArchitectureOptions<Heads, Generator> {
  readonly semSegHead: SemSegHead;
  /** Share of an instance's mask that better ones may have taken; 0.5 when left out. */
  readonly combineOverlapThresh?: number;
  /** Least pixels of stuff; 4096 when left out. */
  readonly combineStuffAreaThresh?: number;
  /** Least score of an instance that becomes a segment; 0.5 when left out. */
  readonly combineInstancesScoreThresh?: number;
}

/** What was found in one image. */
export interface PanopticOutput extends DetectionOutput, SemSegOutput {
  /** Both together, each pixel in one segment at most. */
  readonly panopticSeg: PanopticSegmentation;
}

/** What {@link PanopticFPN} finds before it is mapped to the sizes wanted. */
export interface RawPanopticOutput {
  /** Of each image, in pixels of the network's input. */
  readonly instances: Instances<DetectionFields>[];
  /** Logits of the padded images, N×C×H×W, lazy. */
  readonly semSeg: Tensor;
}

/**
 * Panoptic FPN ("Panoptic Feature Pyramid Networks", Kirillov et al. 2019): a Mask R-CNN and a head for semantic
 * segmentation on one backbone, and the segmentation of all pixels that the two make together. Mirrors
 * `detectron2.modeling.PanopticFPN`.
 *
 * A call gives what was found in each image, or in training the losses; {@link inference} and {@link losses} are these
 * two with result types of their own.
 *
 * @typeParam Heads - class of the RoI heads.
 * @typeParam Generator - class of the proposal generator; undefined for a model that is given its proposals.
 */
export class PanopticFPN<
  Heads extends ROIHeads = StandardROIHeads,
  Generator extends ProposalGenerator | undefined = ProposalGenerator,
> extends TwoStageArchitecture<PanopticOutput, Heads, Generator> {
  readonly semSegHead: SemSegHead;
  readonly #combine: CombineOptions;

  /** @throws ModelOptionsError when mean or deviation isn't a number for each channel, above 0 for the deviation. */
  constructor(options: PanopticFPNOptions<Heads, Generator>) {
    super(options);
    this.semSegHead = options.semSegHead;
    this.#combine = {
      overlapThreshold: options.combineOverlapThresh ?? 0.5,
      stuffAreaThreshold: options.combineStuffAreaThresh ?? 4096,
      instancesScoreThreshold: options.combineInstancesScoreThresh ?? 0.5,
    };
  }

  /**
   * Every part as the config names it. PANOPTIC_FPN.COMBINE.ENABLED has no effect, as in detectron2.
   *
   * @throws ModelOptionsError when INSTANCE_LOSS_WEIGHT isn't 1 and the RoI heads aren't of a kind whose losses can be
   *   scaled.
   * @throws OptionError of `@detectron-ts/layers` when INPUT.FORMAT is neither RGB nor BGR.
   */
  static fromConfig(cfg: Config): PanopticFPNOptions {
    const { COMBINE, INSTANCE_LOSS_WEIGHT } = cfg.MODEL.PANOPTIC_FPN;
    const options = GeneralizedRCNN.fromConfig(cfg);
    if (INSTANCE_LOSS_WEIGHT !== 1) scaleInstanceLosses(options.roiHeads, INSTANCE_LOSS_WEIGHT);
    return {
      ...options,
      semSegHead: buildSemSegHead(cfg, options.backbone.outputShape()),
      combineOverlapThresh: COMBINE.OVERLAP_THRESH,
      combineStuffAreaThresh: COMBINE.STUFF_AREA_LIMIT,
      combineInstancesScoreThresh: COMBINE.INSTANCES_CONFIDENCE_THRESH,
    };
  }

  /**
   * The losses of the semantic segmentation, of the proposal generator and of the RoI heads.
   *
   * @throws ModelModeError unless the model is in training.
   * @throws MissingInputError when an input has no `instances` or no `semSeg`, or no `proposals` though the model needs
   *   them.
   * @throws SemSegSizeError | SemSegLabelError for labels that do not fit their image or the classes.
   */
  async losses(batchedInputs: readonly ModelInput[]): Promise<Losses> {
    if (!this.training) throw new ModelModeError("losses");
    const images = this.preprocessImage(batchedInputs);
    const { backbone, semSegHead } = this;
    const targets = semSegTargets(batchedInputs, images.imageSizes, backbone, semSegHead);
    const features = backbone(images.tensor);
    const { proposals, detector } = await this.stageLosses(batchedInputs, images, features);
    const [, semantic] = await semSegHead(features, targets);
    return { ...semantic, ...proposals, ...detector };
  }

  /**
   * What is found in each image, mapped to the size that its input asks for; or with `doPostprocess: false` what the heads
   * give.
   *
   * @throws ModelModeError when the model is in training.
   * @throws MissingInputError when an input has no `proposals` though the model needs them.
   */
  inference(
    batchedInputs: readonly ModelInput[],
    options: { readonly doPostprocess: false },
  ): Promise<RawPanopticOutput>;
  // Last, because that is the overload TypeScript takes where it infers what a model yields.
  inference(
    batchedInputs: readonly ModelInput[],
    options?: { readonly doPostprocess?: true },
  ): Promise<PanopticOutput[]>;
  async inference(
    batchedInputs: readonly ModelInput[],
    { doPostprocess = true }: { doPostprocess?: boolean } = {},
  ): Promise<PanopticOutput[] | RawPanopticOutput> {
    if (this.training) throw new ModelModeError("inference");
    const images = this.preprocessImage(batchedInputs);
    const features = this.backbone(images.tensor);
    // First, because finding proposals computes the features that the semantic segmentation starts from.
    const instances = await this.detect(batchedInputs, images, features);
    const [logits] = await this.semSegHead(features);
    if (!doPostprocess) return { instances, semSeg: logits };

    const mapped = instances.map((instancesOfImage, i) => {
      const imageSize = images.imageSizes[i];
      const [height, width] = outputSize(batchedInputs[i], imageSize);
      const logitsOfImage = logits.select(0, i);
      return {
        instances: detectorPostprocess(instancesOfImage, height, width),
        semSeg: new SemanticSegmentation(
          semSegPostprocess(logitsOfImage, imageSize, height, width),
        ),
      };
    });
    await realize(...mapped.map(({ semSeg }) => semSeg.labels));
    return Promise.all(
      mapped.map(async ({ instances: found, semSeg }) => ({
        instances: found,
        semSeg,
        panopticSeg: combineSemanticAndInstanceOutputs(found, await semSeg.argmax(), this.#combine),
      })),
    );
  }
}
