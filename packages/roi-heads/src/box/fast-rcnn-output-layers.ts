import {
  Box2BoxTransform,
  denseBoxRegressionLoss,
  toBoxRegLossType,
  toBoxWeights,
  type BoxRegLossType,
  type BoxTransform,
} from "@detectron-ts/box-regression";
import type { Config } from "@detectron-ts/config";
import {
  binaryCrossEntropyWithLogits,
  crossEntropy,
  type ShapeSpec,
  OptionError,
} from "@detectron-ts/layers";
import type { RandomGenerator } from "@detectron-ts/matcher";
import { defaultGenerator, init, Linear, Module } from "@detectron-ts/nn";
import { Boxes, type Instances } from "@detectron-ts/structures";
import { Buffer, realize, tensor, type Tensor } from "@detectron-ts/tensor";
import ndarray, { type NdArray } from "ndarray";

import { CountMismatchError } from "../errors.ts";
import type { LabeledProposalFields, Losses, RegionFields } from "../fields.ts";
import { float32Data } from "../float32-data.ts";
import { flatSize } from "../input-shape.ts";
import { concatClasses, flatClasses } from "../sampling/classes.ts";
import { classificationStatistics } from "../statistics/classification-statistics.ts";
import { deferStatistics } from "../statistics/defer-statistics.ts";
import { decodedBoxes } from "./box-source.ts";
import {
  configuredFedLossClsWeights,
  sampleFedLossClasses,
  type FedLossClsWeights,
} from "./federated-loss.ts";
import { detectInImage, separate, type FastRCNNInferenceResult } from "./fast-rcnn-inference.ts";

/** Names of the losses of {@link FastRCNNOutputLayers}. */
export type FastRCNNLossName = "loss_cls" | "loss_box_reg";

/** What {@link FastRCNNOutputLayers} predicts for R regions: raw scores R×(K+1), box deltas R×4K or R×4; 5 for 4 if rotated. */
export type FastRCNNPredictions = readonly [scores: Tensor, proposalDeltas: Tensor];

/** Options of {@link FastRCNNOutputLayers}. */
export interface FastRCNNOutputLayersOptions {
  /** Of one region's features. */
  readonly inputShape: ShapeSpec;
  readonly box2boxTransform: BoxTransform;
  /** Foreground classes, K. */
  readonly numClasses: number;
  /** Scores up to this one make no detection; 0 when left out. */
  readonly testScoreThresh?: number;
  /** 0.5 when left out. */
  readonly testNmsThresh?: number;
  /** Most detections per image; 100 when left out, all if negative. */
  readonly testTopkPerImage?: number;
  /** Whether one box serves all classes; false when left out. */
  readonly clsAgnosticBboxReg?: boolean;
  /** Where smooth L1 turns from a parabola to a line; 0, the default, is plain L1. */
  readonly smoothL1Beta?: number;
  /** `"smooth_l1"` when left out. */
  readonly boxRegLossType?: BoxRegLossType;
  /** Factor of all losses, or of each by name; 1 when left out. */
  readonly lossWeight?: number | Partial<Record<FastRCNNLossName, number>>;
  /** Whether each class is decided on its own, by a sigmoid, and not one of all by a softmax; false when left out. */
  readonly useSigmoidCe?: boolean;
  /**
   * Whether the class loss is federated: of some classes only, those of the proposals and others drawn at random, for data
   * sets in which not every image is searched for every class (LVIS). Needs `useSigmoidCe`; false when left out.
   */
  readonly useFedLoss?: boolean;
  /** A weight for each class, by which classes are drawn; needed for `useFedLoss`. */
  readonly getFedLossClsWeights?: () => FedLossClsWeights;
  /** How many classes the federated loss is of; 50 when left out. */
  readonly fedLossNumClasses?: number;
  /** Draws classes for the federated loss; the generator that also initialises weights when left out. */
  readonly generator?: RandomGenerator;
}

/**
 * The two linear layers of Fast R-CNN (Girshick 2015) that score each region's classes and refine its box, with their
 * losses and their inference. Mirrors `detectron2.modeling.roi_heads.FastRCNNOutputLayers`.
 *
 * Called with features R×D (or R×C×H×W), it returns raw scores and deltas, both lazy.
 */
export class FastRCNNOutputLayers extends Module<[x: Tensor], FastRCNNPredictions> {
  readonly clsScore: Linear;
  readonly bboxPred: Linear;
  readonly box2boxTransform: BoxTransform;
  readonly numClasses: number;
  readonly testScoreThresh: number;
  readonly testNmsThresh: number;
  readonly testTopkPerImage: number;
  readonly smoothL1Beta: number;
  readonly boxRegLossType: BoxRegLossType;
  readonly useSigmoidCe: boolean;
  /** Weights by which the federated loss draws classes; undefined where the loss is of all classes. */
  readonly fedLossClsWeights: Buffer | undefined;
  readonly fedLossNumClasses: number;
  generator: RandomGenerator;
  /** Factors of the losses; 1 for those it does not have. Changed to rebalance losses, as panoptic models do. */
  lossWeight: Partial<Record<FastRCNNLossName, number>>;

  /** @throws {@link OptionError} for a federated loss without `useSigmoidCe` or without a weight for each class. */
  constructor(options: FastRCNNOutputLayersOptions) {
    super();
    const { box2boxTransform, numClasses, clsAgnosticBboxReg = false, lossWeight = 1 } = options;
    const inFeatures = flatSize(options.inputShape);
    this.clsScore = new Linear({ inFeatures, outFeatures: numClasses + 1 });
    const boxesPerRegion = clsAgnosticBboxReg ? 1 : numClasses;
    this.bboxPred = new Linear({
      inFeatures,
      outFeatures: box2boxTransform.boxDim * boxesPerRegion,
    });
    init.normal(this.clsScore.weight, { std: 0.01 });
    init.normal(this.bboxPred.weight, { std: 0.001 });
    for (const { bias } of [this.clsScore, this.bboxPred]) init.constant(bias, 0);

    this.box2boxTransform = box2boxTransform;
    this.numClasses = numClasses;
    this.testScoreThresh = options.testScoreThresh ?? 0;
    this.testNmsThresh = options.testNmsThresh ?? 0.5;
    this.testTopkPerImage = options.testTopkPerImage ?? 100;
    this.smoothL1Beta = options.smoothL1Beta ?? 0;
    this.boxRegLossType = options.boxRegLossType ?? "smooth_l1";
    this.useSigmoidCe = options.useSigmoidCe ?? false;
    this.fedLossClsWeights = options.useFedLoss === true ? fedLossWeights(options) : undefined;
    this.fedLossNumClasses = options.fedLossNumClasses ?? 50;
    this.generator = options.generator ?? defaultGenerator;
    this.lossWeight =
      typeof lossWeight === "number"
        ? { loss_cls: lossWeight, loss_box_reg: lossWeight }
        : lossWeight;
  }

  /**
   * Options from `MODEL.ROI_BOX_HEAD`, `MODEL.ROI_HEADS` and `TEST`.
   *
   * @throws {@link OptionError} for a loss that is not supported, box weights that aren't four, or a federated loss before
   *   {@link setFedLossClsWeightsSource} was called.
   */
  static fromConfig(cfg: Config, inputShape: ShapeSpec): FastRCNNOutputLayersOptions {
    const { ROI_BOX_HEAD, ROI_HEADS } = cfg.MODEL;
    const weightsKey = "MODEL.ROI_BOX_HEAD.BBOX_REG_WEIGHTS";
    const lossKey = "MODEL.ROI_BOX_HEAD.BBOX_REG_LOSS_TYPE";
    return {
      inputShape,
      box2boxTransform: this.boxTransform(weightsKey, ROI_BOX_HEAD.BBOX_REG_WEIGHTS),
      numClasses: ROI_HEADS.NUM_CLASSES,
      testScoreThresh: ROI_HEADS.SCORE_THRESH_TEST,
      testNmsThresh: ROI_HEADS.NMS_THRESH_TEST,
      testTopkPerImage: cfg.TEST.DETECTIONS_PER_IMAGE,
      clsAgnosticBboxReg: ROI_BOX_HEAD.CLS_AGNOSTIC_BBOX_REG,
      smoothL1Beta: ROI_BOX_HEAD.SMOOTH_L1_BETA,
      boxRegLossType: toBoxRegLossType(lossKey, ROI_BOX_HEAD.BBOX_REG_LOSS_TYPE),
      lossWeight: { loss_box_reg: ROI_BOX_HEAD.BBOX_REG_LOSS_WEIGHT },
      useSigmoidCe: ROI_BOX_HEAD.USE_SIGMOID_CE,
      useFedLoss: ROI_BOX_HEAD.USE_FED_LOSS,
      getFedLossClsWeights: () => configuredFedLossClsWeights(cfg),
      fedLossNumClasses: ROI_BOX_HEAD.FED_LOSS_NUM_CLASSES,
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

  forward(x: Tensor): FastRCNNPredictions {
    const features = x.rank > 2 ? x.flatten(1) : x;
    return [this.clsScore(features), this.bboxPred(features)];
  }

  /**
   * Losses of labelled proposals, lazy: `loss_cls`, the mean cross entropy of all of them (with `useSigmoidCe`, a sum over
   * foreground classes), and `loss_box_reg`, summed
   * over those of foreground classes and divided by the number of all. The event storage gets
   * `fast_rcnn/cls_accuracy`, and with foreground `fast_rcnn/fg_cls_accuracy` and `fast_rcnn/false_negative`.
   */
  losses(
    [scores, proposalDeltas]: FastRCNNPredictions,
    proposals: readonly Instances<LabeledProposalFields>[],
  ): Losses {
    const gtClasses = concatClasses(proposals.map((image) => image.gtClasses));
    deferStatistics(scores, (values) => classificationStatistics(values, gtClasses));
    const { loss_cls: clsWeight = 1, loss_box_reg: boxWeight = 1 } = this.lossWeight;
    return {
      loss_cls: this.clsLoss(scores, gtClasses).mul(clsWeight),
      loss_box_reg: this.boxRegLoss(proposalDeltas, proposals, gtClasses).mul(boxWeight),
    };
  }

  /** The class loss before its weight. */
  protected clsLoss(scores: Tensor, gtClasses: Int32Array): Tensor {
    if (!this.useSigmoidCe) return crossEntropy(scores, tensor(gtClasses));
    // Background is no class of its own here, but what none of the others is.
    const target = new Float32Array(gtClasses.length * this.numClasses);
    gtClasses.forEach((label, row) => {
      if (label >= 0 && label < this.numClasses) target[row * this.numClasses + label] = 1;
    });
    const losses = binaryCrossEntropyWithLogits(
      scores.slice(1, 0, this.numClasses),
      tensor(target, { shape: [gtClasses.length, this.numClasses] }),
      { reduction: "none" },
    );
    const counted = this.fedLossClsWeights ? losses.mul(this.#fedLossMask(gtClasses)) : losses;
    return counted.sum().div(Math.max(gtClasses.length, 1));
  }

  /**
   * Classes that take part in the federated loss of proposals of these classes; see {@link sampleFedLossClasses}.
   *
   * @throws {@link OptionError} without a federated loss.
   */
  getFedLossClasses(gtClasses: Int32Array): Int32Array {
    if (this.fedLossClsWeights === undefined) throw new OptionError("useFedLoss", false, "true");
    const weights = this.fedLossClsWeights.dataSync() as Float32Array;
    return sampleFedLossClasses(gtClasses, this.fedLossNumClasses, weights, this.generator);
  }

  /** 1×K: 1 for classes that take part in the loss. */
  #fedLossMask(gtClasses: Int32Array): Tensor {
    const mask = new Float32Array(this.numClasses);
    for (const label of this.getFedLossClasses(gtClasses)) {
      if (label < this.numClasses) mask[label] = 1;
    }
    return tensor(mask, { shape: [1, this.numClasses] });
  }

  /**
   * The box loss before its weight. As it is divided by the number of all proposals, each foreground proposal has
   * the same influence whether an image has many or few.
   */
  protected boxRegLoss(
    proposalDeltas: Tensor,
    proposals: readonly Instances<LabeledProposalFields>[],
    gtClasses: Int32Array,
  ): Tensor {
    const { boxDim } = this.box2boxTransform;
    const boxesPerRegion = proposalDeltas.shape[1] / boxDim;
    const foreground: number[] = [];
    gtClasses.forEach((label, row) => {
      if (label >= 0 && label < this.numClasses) foreground.push(row);
    });
    const deltaRows = foreground.map(
      (row) => row * boxesPerRegion + (boxesPerRegion === 1 ? 0 : gtClasses[row]),
    );
    const predicted = proposalDeltas
      .reshape([gtClasses.length * boxesPerRegion, boxDim])
      .indexSelect(0, tensor(Int32Array.from(deltaRows)));
    const rows = Int32Array.from(foreground);
    const loss = denseBoxRegressionLoss({
      anchors: Boxes.cat(proposals.map((image) => image.proposalBoxes)).select(rows).tensor,
      box2boxTransform: this.box2boxTransform,
      predAnchorDeltas: [predicted.unsqueeze(0)],
      gtBoxes: [Boxes.cat(proposals.map(targetBoxes)).select(rows).tensor],
      fgMask: ndarray(new Uint8Array(rows.length).fill(1), [1, rows.length]),
      boxRegLossType: this.boxRegLossType,
      smoothL1Beta: this.smoothL1Beta,
    });
    return loss.div(Math.max(gtClasses.length, 1));
  }

  /**
   * Detections of each image, and which of its proposals each of them comes from; see {@link fastRcnnInference}.
   * Computes probabilities and deltas in one go, and decodes only boxes whose score passes.
   */
  async inference(
    [scores, proposalDeltas]: FastRCNNPredictions,
    proposals: readonly Instances<RegionFields>[],
  ): Promise<FastRCNNInferenceResult> {
    const probabilities = this.probabilities(scores);
    await realize(probabilities, proposalDeltas);
    const probabilityRows = await rowsPerImage(probabilities, proposals);
    const deltaRows = await rowsPerImage(proposalDeltas, proposals);
    const options = {
      scoreThresh: this.testScoreThresh,
      nmsThresh: this.testNmsThresh,
      topkPerImage: this.testTopkPerImage,
    };
    const numColumns = probabilities.shape[1];
    return separate(
      proposals.map(({ imageSize, proposalBoxes }, i) => {
        const boxes = decodedBoxes(
          this.box2boxTransform,
          deltaRows[i],
          proposalBoxes,
          proposalDeltas.shape[1],
        );
        const table = { data: probabilityRows[i], numRows: proposalBoxes.length, numColumns };
        return detectInImage(boxes, table, imageSize, options);
      }),
    );
  }

  /** What {@link predictProbs} and {@link predictBoxes} give, computed in one go. */
  async predict(
    predictions: FastRCNNPredictions,
    proposals: readonly Instances<RegionFields>[],
  ): Promise<[probabilities: NdArray<Float32Array>[], boxes: NdArray<Float32Array>[]]> {
    const [scores, proposalDeltas] = predictions;
    const probabilities = this.probabilities(scores);
    await realize(probabilities, proposalDeltas);
    return [
      await arraysPerImage(probabilities, proposals),
      await this.predictBoxes(predictions, proposals),
    ];
  }

  /** Class probabilities of each image's proposals, R×(K+1); background is last. */
  predictProbs(
    [scores]: FastRCNNPredictions,
    proposals: readonly Instances<RegionFields>[],
  ): Promise<NdArray<Float32Array>[]> {
    return arraysPerImage(this.probabilities(scores), proposals);
  }

  /** Refined boxes of each image's proposals, R×4K: one per class, or R×4: one for all; 5 for 4 if rotated. Not clipped. */
  async predictBoxes(
    [, proposalDeltas]: FastRCNNPredictions,
    proposals: readonly Instances<RegionFields>[],
  ): Promise<NdArray<Float32Array>[]> {
    const deltas = await arraysPerImage(proposalDeltas, proposals);
    return deltas.map((ofImage, i) =>
      this.box2boxTransform.applyDeltas(ofImage, proposals[i].proposalBoxes.tensor),
    );
  }

  /**
   * The refined box of each labelled proposal for its own class; of background proposals, that of some class. What
   * later heads train on with `trainOnPredBoxes`.
   */
  async predictBoxesForGtClasses(
    predictions: FastRCNNPredictions,
    proposals: readonly Instances<LabeledProposalFields>[],
  ): Promise<Boxes[]> {
    const boxes = await this.predictBoxes(predictions, proposals);
    return boxes.map((decoded, image) => {
      const { gtClasses, proposalBoxes } = proposals[image];
      const boxesPerRegion = decoded.shape[1] / proposalBoxes.boxDim;
      const labels = flatClasses(gtClasses);
      const rows = labels.map(
        (label, row) => row * boxesPerRegion + Math.min(Math.max(label, 0), boxesPerRegion - 1),
      );
      return proposalBoxes.like(decoded.data).select(rows);
    });
  }

  /** Probabilities of raw scores; lazy. */
  protected probabilities(scores: Tensor): Tensor {
    return this.useSigmoidCe ? scores.sigmoid() : scores.softmax(1);
  }
}

/** The buffer of a federated loss. */
function fedLossWeights(options: FastRCNNOutputLayersOptions): Buffer {
  const { useSigmoidCe = false, getFedLossClsWeights, numClasses } = options;
  if (!useSigmoidCe) throw new OptionError("useSigmoidCe", false, "true for a federated loss");
  const weights = getFedLossClsWeights?.() ?? [];
  if (weights.length !== numClasses) {
    const wanted = `a weight for each of ${numClasses} classes`;
    throw new OptionError("getFedLossClsWeights", `${weights.length} weights`, wanted);
  }
  return new Buffer(Float32Array.from(weights), [numClasses]);
}

function targetBoxes(proposals: Instances<LabeledProposalFields>): Boxes {
  if (proposals.gtBoxes !== undefined) return proposals.gtBoxes;
  // Without ground truth all proposals are background, whose boxes are never looked at.
  return proposals.proposalBoxes;
}

/**
 * The values of each image's rows.
 *
 * @throws {@link CountMismatchError} unless there is a row for each proposal.
 */
async function rowsPerImage(
  values: Tensor,
  proposals: readonly Instances<RegionFields>[],
): Promise<Float32Array[]> {
  const data = await float32Data(values);
  const [numRows, columns] = values.shape;
  const counts = proposals.map(({ proposalBoxes }) => proposalBoxes.length);
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total !== numRows) throw new CountMismatchError("rows of predictions", numRows, total);
  let start = 0;
  return counts.map((count) => data.subarray(start, (start += count * columns)));
}

/** {@link rowsPerImage} as arrays R×columns. */
async function arraysPerImage(
  values: Tensor,
  proposals: readonly Instances<RegionFields>[],
): Promise<NdArray<Float32Array>[]> {
  const [, columns] = values.shape;
  const rows = await rowsPerImage(values, proposals);
  return rows.map((data) => ndarray(data, [data.length / columns, columns]));
}
