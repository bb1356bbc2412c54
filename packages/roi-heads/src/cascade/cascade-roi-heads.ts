import { Box2BoxTransform, toBoxWeights } from "@detectron-ts/box-regression";
import { configure, type Config } from "@detectron-ts/config";
import { getEventStorage, hasEventStorage } from "@detectron-ts/events";
import { OptionError } from "@detectron-ts/layers";
import { Matcher } from "@detectron-ts/matcher";
import { ModuleList } from "@detectron-ts/nn";
import { Boxes, type ImageSize, Instances, pairwiseIou } from "@detectron-ts/structures";
import { scaleGradient } from "@detectron-ts/tensor";
import ndarray, { type NdArray } from "ndarray";

import type { BaseROIHeadsOptions } from "../base-roi-heads.ts";
import { buildBoxHead } from "../box/build.ts";
import type { BoxHead } from "../box/box-head.ts";
import { fastRcnnInference } from "../box/fast-rcnn-inference.ts";
import { FastRCNNOutputLayers, type FastRCNNPredictions } from "../box/fast-rcnn-output-layers.ts";
import { CountMismatchError } from "../errors.ts";
import type {
  DetectionFields,
  Features,
  LabeledProposalFields,
  Losses,
  RegionFields,
  TargetFields,
} from "../fields.ts";
import { pickFeatures, type FeatureShapes } from "../input-shape.ts";
import { branchPooler } from "../pooler/branch-pooler.ts";
import type { ROIPooler } from "../pooler/roi-pooler.ts";
import { matchedClasses } from "../sampling/classes.ts";
import {
  SeparateBranchROIHeads,
  type KeypointBranchOptions,
  type MaskBranchOptions,
} from "../separate-branch-roi-heads.ts";
import { averageScores } from "./average-scores.ts";

/** The box branch of {@link CascadeROIHeads}: one of each per stage, except for the pooler. */
export interface CascadeBoxBranchOptions {
  readonly boxPooler: ROIPooler;
  readonly boxHeads: readonly BoxHead[];
  /** They predict one box for all classes: what the next stage looks at. */
  readonly boxPredictors: readonly FastRCNNOutputLayers[];
  /** The first matches proposals, the others the boxes that the stage before has predicted. */
  readonly proposalMatchers: readonly Matcher[];
}

/** Options of {@link CascadeROIHeads}. */
export interface CascadeROIHeadsOptions
  extends
    Omit<BaseROIHeadsOptions, "proposalMatcher">,
    CascadeBoxBranchOptions,
    MaskBranchOptions,
    KeypointBranchOptions {}

/**
 * The ROI heads of Cascade R-CNN (Cai and Vasconcelos 2018): box heads in a row, each of which looks at the boxes that the
 * one before has predicted, and trains with a higher IoU between box and object. Mirrors
 * `detectron2.modeling.roi_heads.CascadeROIHeads`.
 *
 * In inference the class probabilities of all stages are averaged, and the boxes are those of the last. The later branches
 * train on the proposals of the first stage.
 *
 * Each stage is a run of one compiled graph, whatever the number of proposals: the boxes in between are decoded outside of
 * it, as no gradient flows through them.
 */
export class CascadeROIHeads extends SeparateBranchROIHeads<
  ModuleList<BoxHead>,
  ModuleList<FastRCNNOutputLayers>
> {
  readonly proposalMatchers: readonly Matcher[];

  /**
   * @throws {@link CountMismatchError} unless there is a head, a predictor and a matcher for each stage.
   * @throws {@link OptionError} without a stage, for boxes of single classes, or a mask or keypoint head without its
   *   pooler.
   */
  constructor({ boxHeads, boxPredictors, proposalMatchers, ...options }: CascadeROIHeadsOptions) {
    const [proposalMatcher] = proposalMatchers;
    if (boxHeads.length === 0) throw new OptionError("boxHeads", [], "one or more");
    requireCount("box predictors", boxPredictors.length, boxHeads.length);
    requireCount("proposal matchers", proposalMatchers.length, boxHeads.length);
    for (const { bboxPred, box2boxTransform } of boxPredictors) {
      const [boxesPerRegion] = bboxPred.weight.shape;
      if (boxesPerRegion !== box2boxTransform.boxDim) {
        throw new OptionError("boxPredictors", boxesPerRegion, "one box for all classes");
      }
    }
    super({
      ...options,
      proposalMatcher,
      boxHead: new ModuleList(boxHeads),
      boxPredictor: new ModuleList(boxPredictors),
    });
    this.proposalMatchers = proposalMatchers;
  }

  /**
   * Options from `MODEL.ROI_HEADS`, `MODEL.ROI_BOX_HEAD`, `MODEL.ROI_BOX_CASCADE_HEAD`, `MODEL.ROI_MASK_HEAD` and
   * `MODEL.ROI_KEYPOINT_HEAD`. `ROI_BOX_HEAD.TRAIN_ON_PRED_BOXES` has no effect, as in detectron2.
   *
   * @throws {@link OptionError} unless boxes are the same for all classes, there is an IoU for each of the box weights, and
   *   the first of them is that of `MODEL.ROI_HEADS`.
   */
  static fromConfig(cfg: Config, inputShape: FeatureShapes): CascadeROIHeadsOptions {
    const { proposalMatcher: _, ...base } = this.baseOptions(cfg);
    return {
      ...base,
      ...this.initBoxHead(cfg, inputShape),
      ...this.initMaskHead(cfg, inputShape),
      ...this.initKeypointHead(cfg, inputShape),
    };
  }

  /** The box branch that a config describes. */
  protected static initBoxHead(cfg: Config, inputShape: FeatureShapes): CascadeBoxBranchOptions {
    const { ROI_BOX_HEAD, ROI_BOX_CASCADE_HEAD, ROI_HEADS } = cfg.MODEL;
    const { BBOX_REG_WEIGHTS, IOUS } = ROI_BOX_CASCADE_HEAD;
    if (!ROI_BOX_HEAD.CLS_AGNOSTIC_BBOX_REG) {
      throw new OptionError(
        "MODEL.ROI_BOX_HEAD.CLS_AGNOSTIC_BBOX_REG",
        false,
        "true for CascadeROIHeads",
      );
    }
    const iousKey = "MODEL.ROI_BOX_CASCADE_HEAD.IOUS";
    if (IOUS.length !== BBOX_REG_WEIGHTS.length) {
      throw new OptionError(
        iousKey,
        IOUS,
        `as many as BBOX_REG_WEIGHTS: ${BBOX_REG_WEIGHTS.length}`,
      );
    }
    const [firstIou] = ROI_HEADS.IOU_THRESHOLDS;
    if (IOUS[0] !== firstIou) {
      throw new OptionError(iousKey, IOUS, `first that of MODEL.ROI_HEADS: ${firstIou}`);
    }
    const { pooler, shape } = branchPooler(ROI_BOX_HEAD, inputShape, ROI_HEADS.IN_FEATURES);
    const boxHeads = IOUS.map(() => buildBoxHead(cfg, shape));
    return {
      boxPooler: pooler,
      boxHeads,
      boxPredictors: boxHeads.map((boxHead, stage) => {
        const key = `MODEL.ROI_BOX_CASCADE_HEAD.BBOX_REG_WEIGHTS[${stage}]`;
        const weights = toBoxWeights(key, BBOX_REG_WEIGHTS[stage]);
        return configure(FastRCNNOutputLayers, [cfg, boxHead.outputShape], {
          box2boxTransform: new Box2BoxTransform({ weights }),
        });
      }),
      proposalMatchers: IOUS.map((iou) => new Matcher({ thresholds: [iou], labels: [0, 1] })),
    };
  }

  /** Number of stages. */
  get numCascadeStages(): number {
    return this.boxHead.size;
  }

  protected override async losses(
    features: Features,
    proposals: readonly Instances<LabeledProposalFields>[],
    targets: readonly Instances<TargetFields>[],
  ): Promise<Losses> {
    const imageSizes = proposals.map(({ imageSize }) => imageSize);
    // Each stage is computed before the next is known, and all look at the same features.
    for (const feature of pickFeatures(features, this.inFeatures)) feature.keep();
    const losses: Losses = {};
    let stageProposals = proposals;
    for (const [stage, predictor] of [...this.boxPredictor].entries()) {
      const predictions = this.runStage(features, stageProposals, stage);
      const stageLosses = inScope(`stage${stage}`, () =>
        predictor.losses(predictions, stageProposals),
      );
      for (const [name, loss] of Object.entries(stageLosses)) {
        losses[`${name}_stage${stage}`] = loss;
      }
      if (stage + 1 === this.numCascadeStages) break;
      const boxes = await predictor.predictBoxes(predictions, stageProposals);
      const regions = createProposalsFromBoxes(boxes, imageSizes).map((image) =>
        image.select(image.proposalBoxes.nonempty()),
      );
      stageProposals = this.matchAndLabelBoxes(regions, stage + 1, targets);
    }
    return { ...losses, ...this.laterLosses(features, proposals) };
  }

  protected override async detect(
    features: Features,
    proposals: readonly Instances<RegionFields>[],
  ): Promise<Instances<DetectionFields>[]> {
    const imageSizes = proposals.map(({ imageSize }) => imageSize);
    const scoresOfStages: NdArray<Float32Array>[][] = [];
    let stageProposals = proposals;
    let boxes: NdArray<Float32Array>[] = [];
    for (const [stage, predictor] of [...this.boxPredictor].entries()) {
      // Boxes without extent stay: the scores of all stages have to be of the same boxes.
      if (stage > 0) stageProposals = createProposalsFromBoxes(boxes, imageSizes);
      const predictions = this.runStage(features, stageProposals, stage);
      const [probabilities, refined] = await predictor.predict(predictions, stageProposals);
      scoresOfStages.push(probabilities);
      boxes = refined;
    }
    const { testScoreThresh, testNmsThresh, testTopkPerImage } = this.boxPredictor.at(-1)!;
    const [instances] = fastRcnnInference(
      boxes,
      proposals.map((_, image) => averageScores(scoresOfStages.map((scores) => scores[image]))),
      imageSizes,
      { scoreThresh: testScoreThresh, nmsThresh: testNmsThresh, topkPerImage: testTopkPerImage },
    );
    return instances;
  }

  /**
   * Labels boxes by the ground truth that the matcher of a stage finds for them; none is ignored or left out. How many are
   * foreground and background, on average over the images, goes to the event storage under `stage{k}/`.
   */
  protected matchAndLabelBoxes(
    proposals: readonly Instances<RegionFields>[],
    stage: number,
    targets: readonly Instances<TargetFields>[],
  ): Instances<LabeledProposalFields>[] {
    const counts = { foreground: 0, background: 0 };
    const labeled = proposals.map(({ imageSize, proposalBoxes }, image) => {
      const { gtBoxes, gtClasses } = targets[image];
      const matched = this.proposalMatchers[stage].match(pairwiseIou(gtBoxes, proposalBoxes));
      const classes = matchedClasses(matched, gtClasses, this.numClasses);
      const numForeground = matched.matchLabels.filter((label) => label === 1).length;
      counts.foreground += numForeground;
      counts.background += classes.length - numForeground;
      const fields: LabeledProposalFields = {
        proposalBoxes,
        gtClasses: ndarray(classes),
        ...(gtBoxes.length > 0 && { gtBoxes: gtBoxes.select(matched.matches) }),
      };
      return new Instances<LabeledProposalFields>(imageSize, fields);
    });
    if (hasEventStorage()) {
      getEventStorage().putScalars({
        [`stage${stage}/roi_head/num_fg_samples`]: counts.foreground / proposals.length,
        [`stage${stage}/roi_head/num_bg_samples`]: counts.background / proposals.length,
      });
    }
    return labeled;
  }

  /**
   * Scores and deltas of a stage; lazy.
   *
   * In training all stages pull at the features; each one's gradient is divided by how many there are. Their own weights
   * get it whole.
   */
  protected runStage(
    features: Features,
    proposals: readonly Instances<RegionFields>[],
    stage: number,
  ): FastRCNNPredictions {
    const boxes = proposals.map(({ proposalBoxes }) => proposalBoxes);
    const pooled = this.pool(this.boxPooler, features, boxes);
    const head = this.boxHead.at(stage)!;
    const predictor = this.boxPredictor.at(stage)!;
    return predictor(
      head(this.training ? scaleGradient(pooled, 1 / this.numCascadeStages) : pooled),
    );
  }
}

/** Proposals of images, R×4 boxes each, clipped to them. */
function createProposalsFromBoxes(
  boxes: readonly NdArray<Float32Array>[],
  imageSizes: readonly ImageSize[],
): Instances<RegionFields>[] {
  return imageSizes.map((imageSize, i) => {
    const proposalBoxes = new Boxes(boxes[i]);
    proposalBoxes.clip(imageSize);
    return new Instances<RegionFields>(imageSize, { proposalBoxes });
  });
}

/** Runs a function while the names of recorded scalars begin with `name/`. */
function inScope<Result>(name: string, fn: () => Result): Result {
  using _scope = hasEventStorage() ? getEventStorage().nameScope(name) : null;
  return fn();
}

function requireCount(what: string, got: number, wanted: number): void {
  if (got !== wanted) throw new CountMismatchError(what, got, wanted);
}
