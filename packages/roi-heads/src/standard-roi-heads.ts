import { configure, type Config } from "@detectron-ts/config";
import { OptionError } from "@detectron-ts/layers";
import { Instances } from "@detectron-ts/structures";

import { BaseROIHeads, type BaseROIHeadsOptions } from "./base-roi-heads.ts";
import { buildBoxHead } from "./box/build.ts";
import type { BoxHead } from "./box/box-head.ts";
import { FastRCNNOutputLayers, type FastRCNNPredictions } from "./box/fast-rcnn-output-layers.ts";
import type {
  AnyFields,
  DetectionFields,
  Features,
  GivenBoxFields,
  LabeledProposalFields,
  Losses,
  MaskFields,
  RegionFields,
} from "./fields.ts";
import { pickFeatures, pooledShape, type FeatureShapes } from "./input-shape.ts";
import { addMasks } from "./mask/add-masks.ts";
import { buildMaskHead } from "./mask/build.ts";
import type { MaskHead } from "./mask/mask-head.ts";
import { ROIPooler } from "./pooler/roi-pooler.ts";
import { refuseKeypoints } from "./refuse-keypoints.ts";
import { selectForegroundProposals } from "./sampling/select-foreground-proposals.ts";

/** The box branch of {@link StandardROIHeads}. */
export interface BoxBranchOptions {
  readonly boxPooler: ROIPooler;
  readonly boxHead: BoxHead;
  readonly boxPredictor: FastRCNNOutputLayers;
}

/** The mask branch of {@link StandardROIHeads}: both options, or neither. */
export interface MaskBranchOptions {
  readonly maskPooler?: ROIPooler;
  readonly maskHead?: MaskHead;
}

/** Options of {@link StandardROIHeads}. */
export interface StandardROIHeadsOptions
  extends BaseROIHeadsOptions, BoxBranchOptions, MaskBranchOptions {
  /** Whether the mask branch trains on the boxes that the box branch predicts; false when left out. */
  readonly trainOnPredBoxes?: boolean;
}

/**
 * ROI heads in which each branch pools features on its own, usually from a pyramid. Mirrors
 * `detectron2.modeling.roi_heads.StandardROIHeads`.
 *
 * To replace one branch in a subclass, override {@link StandardROIHeads.initBoxHead} or
 * {@link StandardROIHeads.initMaskHead}, from which `fromConfig` takes the options; to replace one head, register
 * another and name it in the config.
 */
export class StandardROIHeads extends BaseROIHeads {
  readonly boxPooler: ROIPooler;
  readonly boxHead: BoxHead;
  readonly boxPredictor: FastRCNNOutputLayers;
  readonly maskPooler: ROIPooler | undefined;
  readonly maskHead: MaskHead | undefined;
  readonly trainOnPredBoxes: boolean;

  /** @throws {@link OptionError} for a mask head without a pooler, or the other way round. */
  constructor(options: StandardROIHeadsOptions) {
    super(options);
    if ((options.maskPooler === undefined) !== (options.maskHead === undefined)) {
      const given = options.maskPooler ? ["maskPooler"] : ["maskHead"];
      throw new OptionError("maskPooler and maskHead", given, "given both or neither");
    }
    this.boxPooler = options.boxPooler;
    this.boxHead = options.boxHead;
    this.boxPredictor = options.boxPredictor;
    this.maskPooler = options.maskPooler;
    this.maskHead = options.maskHead;
    this.trainOnPredBoxes = options.trainOnPredBoxes ?? false;
  }

  /**
   * Options from `MODEL.ROI_HEADS`, `MODEL.ROI_BOX_HEAD` and `MODEL.ROI_MASK_HEAD`.
   *
   * @throws {@link OptionError} for keypoints.
   */
  static fromConfig(cfg: Config, inputShape: FeatureShapes): StandardROIHeadsOptions {
    refuseKeypoints(cfg);
    return {
      ...this.baseOptions(cfg),
      ...this.initBoxHead(cfg, inputShape),
      ...this.initMaskHead(cfg, inputShape),
      trainOnPredBoxes: cfg.MODEL.ROI_BOX_HEAD.TRAIN_ON_PRED_BOXES,
    };
  }

  /** The box branch that a config describes. */
  protected static initBoxHead(cfg: Config, inputShape: FeatureShapes): BoxBranchOptions {
    const { POOLER_RESOLUTION: side, ...head } = cfg.MODEL.ROI_BOX_HEAD;
    const { channels, scales } = pooledShape(inputShape, cfg.MODEL.ROI_HEADS.IN_FEATURES);
    const boxHead = buildBoxHead(cfg, { channels, height: side, width: side });
    return {
      boxPooler: new ROIPooler({
        outputSize: side,
        scales,
        samplingRatio: head.POOLER_SAMPLING_RATIO,
        poolerType: head.POOLER_TYPE,
      }),
      boxHead,
      boxPredictor: configure(FastRCNNOutputLayers, [cfg, boxHead.outputShape]),
    };
  }

  /** The mask branch that a config describes; empty without `MODEL.MASK_ON`. */
  protected static initMaskHead(cfg: Config, inputShape: FeatureShapes): MaskBranchOptions {
    if (!cfg.MODEL.MASK_ON) return {};
    const { POOLER_RESOLUTION: side, ...head } = cfg.MODEL.ROI_MASK_HEAD;
    const { channels, scales } = pooledShape(inputShape, cfg.MODEL.ROI_HEADS.IN_FEATURES);
    return {
      maskPooler: new ROIPooler({
        outputSize: side,
        scales,
        samplingRatio: head.POOLER_SAMPLING_RATIO,
        poolerType: head.POOLER_TYPE,
      }),
      maskHead: buildMaskHead(cfg, { channels, height: side, width: side }),
    };
  }

  /** Whether there is a mask branch. */
  get maskOn(): boolean {
    return this.maskHead !== undefined;
  }

  async forwardWithGivenBoxes<Fields extends GivenBoxFields>(
    features: Features,
    instances: readonly Instances<Fields>[],
  ): Promise<Instances<Fields & MaskFields>[]> {
    if (this.maskPooler === undefined || this.maskHead === undefined) return [...instances];
    const boxes = instances.map(({ predBoxes }) => predBoxes);
    const pooled = this.maskPooler(pickFeatures(features, this.inFeatures), boxes);
    return addMasks(instances, await this.maskHead.inference(pooled, instances));
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
    const maskProposals =
      this.maskOn && this.trainOnPredBoxes
        ? await this.withPredictedBoxes(predictions, proposals)
        : proposals;
    return { ...boxLosses, ...this.maskLosses(features, maskProposals) };
  }

  /** Scores and deltas of proposals; lazy. */
  protected predict(
    features: Features,
    proposals: readonly Instances<RegionFields>[],
  ): FastRCNNPredictions {
    const boxes = proposals.map(({ proposalBoxes }) => proposalBoxes);
    const pooled = this.boxPooler(pickFeatures(features, this.inFeatures), boxes);
    return this.boxPredictor(this.boxHead(pooled));
  }

  /** Losses of the mask branch, which trains on foreground proposals; none without that branch. */
  protected maskLosses(
    features: Features,
    proposals: readonly Instances<LabeledProposalFields>[],
  ): Losses {
    if (this.maskPooler === undefined || this.maskHead === undefined) return {};
    const { proposals: foreground } = selectForegroundProposals(proposals, this.numClasses);
    const boxes = foreground.map(({ proposalBoxes }) => proposalBoxes);
    const pooled = this.maskPooler(pickFeatures(features, this.inFeatures), boxes);
    return this.maskHead.losses(pooled, foreground);
  }

  /** Labelled proposals at the boxes that the box branch makes of them; no gradient flows through these. */
  protected async withPredictedBoxes(
    predictions: FastRCNNPredictions,
    proposals: readonly Instances<LabeledProposalFields>[],
  ): Promise<Instances<LabeledProposalFields>[]> {
    const boxes = await this.boxPredictor.predictBoxesForGtClasses(predictions, proposals);
    return proposals.map((image, i) => {
      const fields: AnyFields = { ...image.fields(), proposalBoxes: boxes[i] };
      // Only the boxes have changed.
      const moved = new Instances(image.imageSize, fields);
      return moved as unknown as Instances<LabeledProposalFields>;
    });
  }
}
