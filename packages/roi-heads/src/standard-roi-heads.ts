import { configure, type Config } from "@detectron-ts/config";
import type { Instances } from "@detectron-ts/structures";

import { addFields } from "./add-fields.ts";
import { buildBoxHead } from "./box/build.ts";
import type { BoxHead } from "./box/box-head.ts";
import { FastRCNNOutputLayers, type FastRCNNPredictions } from "./box/fast-rcnn-output-layers.ts";
import type {
  DetectionFields,
  Features,
  LabeledProposalFields,
  Losses,
  RegionFields,
} from "./fields.ts";
import type { FeatureShapes } from "./input-shape.ts";
import { branchPooler } from "./pooler/branch-pooler.ts";
import type { ROIPooler } from "./pooler/roi-pooler.ts";
import {
  SeparateBranchROIHeads,
  type SeparateBranchROIHeadsOptions,
} from "./separate-branch-roi-heads.ts";

/** The box branch of {@link StandardROIHeads}. */
export interface BoxBranchOptions {
  readonly boxPooler: ROIPooler;
  readonly boxHead: BoxHead;
  readonly boxPredictor: FastRCNNOutputLayers;
}

/** Options of {@link StandardROIHeads}. */
export interface StandardROIHeadsOptions extends SeparateBranchROIHeadsOptions<
  BoxHead,
  FastRCNNOutputLayers
> {
  /** Whether the later branches train on the boxes that the box branch predicts; false when left out. */
  readonly trainOnPredBoxes?: boolean;
}

/**
 * ROI heads with one box head, in which each branch pools features on its own, usually from a pyramid. Mirrors
 * `detectron2.modeling.roi_heads.StandardROIHeads`.
 *
 * To replace one branch in a subclass, override {@link StandardROIHeads.initBoxHead}, `initMaskHead` or
 * `initKeypointHead`, from which `fromConfig` takes the options; to replace one head, register another and name it in the
 * config.
 */
export class StandardROIHeads extends SeparateBranchROIHeads<BoxHead, FastRCNNOutputLayers> {
  readonly trainOnPredBoxes: boolean;

  /** @throws OptionError for a mask or keypoint head without its pooler, or the other way round. */
  constructor(options: StandardROIHeadsOptions) {
    super(options);
    this.trainOnPredBoxes = options.trainOnPredBoxes ?? false;
  }

  /**
   * Options from `MODEL.ROI_HEADS`, `MODEL.ROI_BOX_HEAD`, `MODEL.ROI_MASK_HEAD` and `MODEL.ROI_KEYPOINT_HEAD`.
   */
  static fromConfig(cfg: Config, inputShape: FeatureShapes): StandardROIHeadsOptions {
    return {
      ...this.baseOptions(cfg),
      ...this.initBoxHead(cfg, inputShape),
      ...this.initMaskHead(cfg, inputShape),
      ...this.initKeypointHead(cfg, inputShape),
      trainOnPredBoxes: cfg.MODEL.ROI_BOX_HEAD.TRAIN_ON_PRED_BOXES,
    };
  }

  /** The box branch that a config describes. */
  protected static initBoxHead(cfg: Config, inputShape: FeatureShapes): BoxBranchOptions {
    const { ROI_BOX_HEAD, ROI_HEADS } = cfg.MODEL;
    const { pooler, shape } = branchPooler(ROI_BOX_HEAD, inputShape, ROI_HEADS.IN_FEATURES);
    const boxHead = buildBoxHead(cfg, shape);
    return {
      boxPooler: pooler,
      boxHead,
      boxPredictor: configure(FastRCNNOutputLayers, [cfg, boxHead.outputShape]),
    };
  }

  protected override async detect(
    features: Features,
    proposals: readonly Instances<RegionFields>[],
  ): Promise<Instances<DetectionFields>[]> {
    const predictions = this.predict(features, proposals);
    const [instances] = await this.boxPredictor.inference(predictions, proposals);
    return instances;
  }

  protected override async losses(
    features: Features,
    proposals: readonly Instances<LabeledProposalFields>[],
  ): Promise<Losses> {
    const predictions = this.predict(features, proposals);
    const boxLosses = this.boxPredictor.losses(predictions, proposals);
    const laterProposals =
      this.trainOnPredBoxes && (this.maskOn || this.keypointOn)
        ? await this.withPredictedBoxes(predictions, proposals)
        : proposals;
    return { ...boxLosses, ...this.laterLosses(features, laterProposals) };
  }

  /** Scores and deltas of proposals; lazy. */
  protected predict(
    features: Features,
    proposals: readonly Instances<RegionFields>[],
  ): FastRCNNPredictions {
    const boxes = proposals.map(({ proposalBoxes }) => proposalBoxes);
    return this.boxPredictor(this.boxHead(this.pool(this.boxPooler, features, boxes)));
  }

  /** Labelled proposals at the boxes that the box branch makes of them; no gradient flows through these. */
  protected async withPredictedBoxes(
    predictions: FastRCNNPredictions,
    proposals: readonly Instances<LabeledProposalFields>[],
  ): Promise<Instances<LabeledProposalFields>[]> {
    const boxes = await this.boxPredictor.predictBoxesForGtClasses(predictions, proposals);
    return addFields(
      proposals,
      boxes.map((proposalBoxes) => ({ proposalBoxes })),
    );
  }
}
