import { buildAnchorGenerator, type AnchorGenerator } from "@detectron-ts/anchor-generator";
import {
  Box2BoxTransform,
  type BoxRegLossType,
  type BoxTransform,
  toBoxRegLossType,
  toBoxWeights,
} from "@detectron-ts/box-regression";
import type { Config } from "@detectron-ts/config";
import { getEventStorage, hasEventStorage } from "@detectron-ts/events";
import type { ShapeSpec } from "@detectron-ts/layers";
import { Matcher, type MatchLabel, type RandomGenerator } from "@detectron-ts/matcher";
import { defaultGenerator, Module } from "@detectron-ts/nn";
import {
  LengthMismatchError,
  type Boxes,
  type ImageList,
  type ImageSize,
  type Instances,
} from "@detectron-ts/structures";
import { realize, type Tensor } from "@detectron-ts/tensor";
import ndarray, { type NdArray } from "ndarray";

import { MissingFeatureError } from "./errors.ts";
import { findTopRpnProposals } from "./find-top-rpn-proposals.ts";
import { labelAndSampleAnchors, type AnchorTargets } from "./label-and-sample-anchors.ts";
import type {
  GroundTruthFields,
  ProposalGeneratorArgs,
  ProposalGeneratorOutput,
  Proposals,
} from "./proposal-generator.ts";
import { buildRpnHead, type RPNHead } from "./rpn-head.ts";
import { rpnLosses, type RPNLossName } from "./rpn-losses.ts";

/** A number in training and another at inference. */
export interface TrainTest {
  readonly train: number;
  readonly test: number;
}

/** Options of {@link RPN}. */
export interface RPNOptions {
  /** Names of the feature maps to use. */
  readonly inFeatures: readonly string[];
  readonly head: RPNHead;
  readonly anchorGenerator: AnchorGenerator;
  /** Labels anchors by their overlap with ground truth: 1 object, 0 background, -1 neither. */
  readonly anchorMatcher: Matcher;
  readonly box2boxTransform: BoxTransform;
  /** Anchors to sample in each image for training. */
  readonly batchSizePerImage: number;
  /** Most of them that may be positive, as a fraction. */
  readonly positiveFraction: number;
  /** Most boxes of each feature map that enter NMS. */
  readonly preNmsTopk: TrainTest;
  /** Most boxes of each image that are proposed. */
  readonly postNmsTopk: TrainTest;
  /** Overlap (IoU) above which the less likely of two boxes of a feature map goes; 0.7 by default. */
  readonly nmsThresh?: number;
  /** Proposals are longer than this on both sides, in pixels; 0 by default. */
  readonly minBoxSize?: number;
  /** If 0 or more, anchors that reach further than this out of the image do not train; -1 by default. */
  readonly anchorBoundaryThresh?: number;
  /** Factor of all losses, or of each by its name; 1 by default. */
  readonly lossWeight?: number | Readonly<Partial<Record<RPNLossName, number>>>;
  /** `"smooth_l1"` by default. */
  readonly boxRegLossType?: BoxRegLossType;
  /** Where smooth L1 turns from quadratic to linear; 0, the default, is plain L1. */
  readonly smoothL1Beta?: number;
  /** Source of randomness of the sampling; by default the one that `manualSeed` of `@detectron-ts/nn` seeds. */
  readonly generator?: RandomGenerator;
}

/** Inputs of {@link RPN.losses}. */
export interface RPNPredictions {
  /** Of each feature map. */
  readonly anchors: readonly Boxes[];
  /** Of each feature map, N×A×H×W. */
  readonly predObjectnessLogits: readonly Tensor[];
  /** Of each feature map, N×(A·boxDim)×H×W. */
  readonly predAnchorDeltas: readonly Tensor[];
}

/**
 * Region proposal network ("Faster R-CNN", Ren et al. 2015): scores anchors, shifts them onto objects and keeps the
 * best. Mirrors `detectron2.modeling.proposal_generator.RPN`.
 *
 * ```ts
 * const [proposals, losses] = await rpn(images, features, gtInstances);
 * ```
 *
 * In training the losses are `loss_rpn_cls` and `loss_rpn_loc`; otherwise there are none.
 */
export class RPN extends Module<ProposalGeneratorArgs, Promise<ProposalGeneratorOutput>> {
  readonly inFeatures: readonly string[];
  readonly rpnHead: RPNHead;
  readonly anchorGenerator: AnchorGenerator;
  readonly anchorMatcher: Matcher;
  readonly box2boxTransform: BoxTransform;
  readonly batchSizePerImage: number;
  readonly positiveFraction: number;
  readonly preNmsTopk: TrainTest;
  readonly postNmsTopk: TrainTest;
  readonly nmsThresh: number;
  readonly minBoxSize: number;
  readonly anchorBoundaryThresh: number;
  readonly lossWeight: Readonly<Record<RPNLossName, number>>;
  readonly boxRegLossType: BoxRegLossType;
  readonly smoothL1Beta: number;
  readonly generator: RandomGenerator;

  constructor({
    inFeatures,
    head,
    anchorGenerator,
    anchorMatcher,
    box2boxTransform,
    batchSizePerImage,
    positiveFraction,
    preNmsTopk,
    postNmsTopk,
    nmsThresh = 0.7,
    minBoxSize = 0,
    anchorBoundaryThresh = -1,
    lossWeight = 1,
    boxRegLossType = "smooth_l1",
    smoothL1Beta = 0,
    generator = defaultGenerator,
  }: RPNOptions) {
    super();
    this.inFeatures = inFeatures;
    this.rpnHead = head;
    this.anchorGenerator = anchorGenerator;
    this.anchorMatcher = anchorMatcher;
    this.box2boxTransform = box2boxTransform;
    this.batchSizePerImage = batchSizePerImage;
    this.positiveFraction = positiveFraction;
    this.preNmsTopk = preNmsTopk;
    this.postNmsTopk = postNmsTopk;
    this.nmsThresh = nmsThresh;
    this.minBoxSize = minBoxSize;
    this.anchorBoundaryThresh = anchorBoundaryThresh;
    this.lossWeight =
      typeof lossWeight === "number"
        ? { loss_rpn_cls: lossWeight, loss_rpn_loc: lossWeight }
        : { loss_rpn_cls: 1, loss_rpn_loc: 1, ...lossWeight };
    this.boxRegLossType = boxRegLossType;
    this.smoothL1Beta = smoothL1Beta;
    this.generator = generator;
  }

  /**
   * Options from `MODEL.RPN`, with the head and the anchors that the config names.
   *
   * @param inputShape - shapes of the feature maps by name.
   * @throws {@link MissingFeatureError}
   * @throws OptionError of `@detectron-ts/layers` and MatcherOptionsError of `@detectron-ts/matcher` for values of the config
   * that cannot be used.
   */
  static fromConfig(cfg: Config, inputShape: Readonly<Record<string, ShapeSpec>>): RPNOptions {
    const { RPN: rpn, PROPOSAL_GENERATOR } = cfg.MODEL;
    const shapes = pickFeatures(inputShape, rpn.IN_FEATURES);
    return {
      inFeatures: rpn.IN_FEATURES,
      head: buildRpnHead(cfg, shapes),
      anchorGenerator: buildAnchorGenerator(cfg, shapes),
      anchorMatcher: new Matcher({
        thresholds: rpn.IOU_THRESHOLDS,
        labels: rpn.IOU_LABELS,
        allowLowQualityMatches: true,
      }),
      box2boxTransform: this.boxTransform("MODEL.RPN.BBOX_REG_WEIGHTS", rpn.BBOX_REG_WEIGHTS),
      batchSizePerImage: rpn.BATCH_SIZE_PER_IMAGE,
      positiveFraction: rpn.POSITIVE_FRACTION,
      preNmsTopk: { train: rpn.PRE_NMS_TOPK_TRAIN, test: rpn.PRE_NMS_TOPK_TEST },
      postNmsTopk: { train: rpn.POST_NMS_TOPK_TRAIN, test: rpn.POST_NMS_TOPK_TEST },
      nmsThresh: rpn.NMS_THRESH,
      minBoxSize: PROPOSAL_GENERATOR.MIN_SIZE,
      anchorBoundaryThresh: rpn.BOUNDARY_THRESH,
      lossWeight: {
        loss_rpn_cls: rpn.LOSS_WEIGHT,
        loss_rpn_loc: rpn.BBOX_REG_LOSS_WEIGHT * rpn.LOSS_WEIGHT,
      },
      boxRegLossType: toBoxRegLossType("MODEL.RPN.BBOX_REG_LOSS_TYPE", rpn.BBOX_REG_LOSS_TYPE),
      smoothL1Beta: rpn.SMOOTH_L1_BETA,
    };
  }

  /**
   * The coding of boxes with the weights of a config.
   *
   * @param key - of the config, for messages.
   */
  protected static boxTransform(key: string, weights: readonly number[]): BoxTransform {
    return new Box2BoxTransform({ weights: toBoxWeights(key, weights) });
  }

  /**
   * @throws {@link MissingFeatureError} | {@link StructureShapeError}
   * @throws {@link NonFiniteProposalError} in training, when predictions are infinite or NaN.
   * @throws LengthMismatchError of `@detectron-ts/structures` in training, unless there is ground truth of each image.
   */
  async forward(
    images: ImageList,
    features: Readonly<Record<string, Tensor>>,
    gtInstances?: readonly Instances<GroundTruthFields>[],
  ): Promise<ProposalGeneratorOutput> {
    const inputs = pickFeatures(features, this.inFeatures);
    const anchors = this.anchorGenerator.forward(inputs);
    const [predObjectnessLogits, predAnchorDeltas] = this.rpnHead(inputs);
    const predictions = { anchors, predObjectnessLogits, predAnchorDeltas };

    const losses: Record<string, Tensor> = {};
    if (this.training) {
      if (gtInstances?.length !== images.length) {
        throw new LengthMismatchError("gtInstances", gtInstances?.length ?? 0, images.length);
      }
      const targets = this.labelAndSampleAnchors(anchors, gtInstances);
      Object.assign(losses, this.losses(predictions, targets));
    }

    // The feature maps are asked for along with the predictions, so that they come out of the session that computes
    // them on the way: what stands on them next, the RoI heads, then starts from their values and not from the image.
    await realize(...predObjectnessLogits, ...predAnchorDeltas, ...Object.values(features));
    return [this.predictProposals(predictions, images.imageSizes), losses];
  }

  /** Matches anchors with ground truth and samples those to train on. See {@link labelAndSampleAnchors}. */
  labelAndSampleAnchors(
    anchors: readonly Boxes[],
    gtInstances: readonly Instances<GroundTruthFields>[],
  ): AnchorTargets {
    return labelAndSampleAnchors(anchors, gtInstances, this);
  }

  /**
   * Weighted losses by name, lazy scalars. See {@link rpnLosses}. The current event storage, if there is one, gets
   * `rpn/num_pos_anchors` and `rpn/num_neg_anchors`: how many were sampled, on average over the images.
   */
  losses(predictions: RPNPredictions, targets: AnchorTargets): Record<RPNLossName, Tensor> {
    if (hasEventStorage()) {
      getEventStorage().putScalars({
        "rpn/num_pos_anchors": meanCount(targets.gtLabels, 1),
        "rpn/num_neg_anchors": meanCount(targets.gtLabels, 0),
      });
    }
    const losses = rpnLosses({
      ...predictions,
      ...targets,
      box2boxTransform: this.box2boxTransform,
      batchSizePerImage: this.batchSizePerImage,
      boxRegLossType: this.boxRegLossType,
      smoothL1Beta: this.smoothL1Beta,
    });
    return {
      loss_rpn_cls: losses.loss_rpn_cls.mul(this.lossWeight.loss_rpn_cls),
      loss_rpn_loc: losses.loss_rpn_loc.mul(this.lossWeight.loss_rpn_loc),
    };
  }

  /**
   * The proposals of each image, from predictions that have been realised; no gradient flows through them. See
   * {@link findTopRpnProposals}.
   */
  predictProposals(
    { anchors, predObjectnessLogits, predAnchorDeltas }: RPNPredictions,
    imageSizes: readonly ImageSize[],
  ): Proposals[] {
    const mode = this.training ? "train" : "test";
    return findTopRpnProposals({
      predObjectnessLogits: predObjectnessLogits.map(toArray),
      predAnchorDeltas: predAnchorDeltas.map(toArray),
      anchors,
      box2boxTransform: this.box2boxTransform,
      imageSizes,
      nmsThresh: this.nmsThresh,
      preNmsTopk: this.preNmsTopk[mode],
      postNmsTopk: this.postNmsTopk[mode],
      minBoxSize: this.minBoxSize,
      training: this.training,
    });
  }
}

function pickFeatures<Feature>(
  features: Readonly<Record<string, Feature>>,
  names: readonly string[],
): Feature[] {
  return names.map((name) => {
    if (!Object.hasOwn(features, name)) throw new MissingFeatureError(name, Object.keys(features));
    return features[name];
  });
}

/** How many anchors have a label, on average over the images. */
function meanCount(gtLabels: readonly Int8Array[], wanted: MatchLabel): number {
  let count = 0;
  for (const labels of gtLabels) for (const label of labels) if (label === wanted) count += 1;
  return count / gtLabels.length;
}

function toArray(prediction: Tensor): NdArray<Float32Array> {
  const data = prediction.dataSync();
  if (!(data instanceof Float32Array)) {
    throw new TypeError(`RPN predictions must be float32, got ${prediction.dtype}.`);
  }
  return ndarray(data, [...prediction.shape]);
}
