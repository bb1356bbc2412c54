import { configure, type Config } from "@detectron-ts/config";
import { BottleneckBlock, makeStage, type ShapeSpec, OptionError } from "@detectron-ts/layers";
import { Sequential } from "@detectron-ts/nn";
import type { Boxes, Instances } from "@detectron-ts/structures";
import { tensor, type Tensor } from "@detectron-ts/tensor";

import { addFields } from "./add-fields.ts";
import { BaseROIHeads, type BaseROIHeadsOptions } from "./base-roi-heads.ts";
import { FastRCNNOutputLayers } from "./box/fast-rcnn-output-layers.ts";
import type {
  DetectionFields,
  Features,
  GivenBoxFields,
  LabeledProposalFields,
  LaterFields,
  Losses,
  RegionFields,
} from "./fields.ts";
import { pickFeatures, pooledShape, type FeatureShapes } from "./input-shape.ts";
import { buildMaskHead } from "./mask/build.ts";
import type { MaskHead } from "./mask/mask-head.ts";
import { ROIPooler } from "./pooler/roi-pooler.ts";
import { selectForegroundProposals } from "./sampling/select-foreground-proposals.ts";

/** Options of {@link Res5ROIHeads}. */
export interface Res5ROIHeadsOptions extends BaseROIHeadsOptions {
  readonly pooler: ROIPooler;
  /** What makes features out of pooled regions: the last stage of a ResNet. */
  readonly res5: Sequential;
  /** Works on the mean of those features over height and width. */
  readonly boxPredictor: FastRCNNOutputLayers;
  /** Works on those features; there are no masks when left out. */
  readonly maskHead?: MaskHead;
}

/** Blocks in the last stage of a ResNet-50, -101 and -152. */
const NUM_BLOCKS = 3;
/** The last stage has 2³ times as many channels as the first: they double from stage to stage. */
const STAGE_CHANNEL_FACTOR = 8;

/**
 * The ROI heads of "C4" models: regions are pooled from one feature map, and the last stage of the ResNet, shared by
 * both branches, runs on each region. Mirrors `detectron2.modeling.roi_heads.Res5ROIHeads`.
 */
export class Res5ROIHeads extends BaseROIHeads {
  readonly pooler: ROIPooler;
  readonly res5: Sequential;
  readonly boxPredictor: FastRCNNOutputLayers;
  readonly maskHead: MaskHead | undefined;

  constructor(options: Res5ROIHeadsOptions) {
    super(options);
    this.pooler = options.pooler;
    this.res5 = options.res5;
    this.boxPredictor = options.boxPredictor;
    this.maskHead = options.maskHead;
  }

  /**
   * Options from `MODEL.ROI_HEADS`, `MODEL.ROI_BOX_HEAD`, `MODEL.ROI_MASK_HEAD` and `MODEL.RESNETS`.
   *
   * @throws {@link OptionError} for several feature maps, keypoints or a deformable last stage.
   */
  static fromConfig(cfg: Config, inputShape: FeatureShapes): Res5ROIHeadsOptions {
    const { ROI_HEADS, ROI_BOX_HEAD, RESNETS, MASK_ON, KEYPOINT_ON } = cfg.MODEL;
    if (ROI_HEADS.IN_FEATURES.length !== 1) {
      const key = "MODEL.ROI_HEADS.IN_FEATURES";
      throw new OptionError(key, ROI_HEADS.IN_FEATURES, "a single feature");
    }
    if (KEYPOINT_ON) throw new OptionError("MODEL.KEYPOINT_ON", true, "false for Res5ROIHeads");
    if (RESNETS.DEFORM_ON_PER_STAGE.at(-1) === true) {
      const key = "MODEL.RESNETS.DEFORM_ON_PER_STAGE";
      throw new OptionError(key, RESNETS.DEFORM_ON_PER_STAGE, "false for res5");
    }
    const [res5, channels] = this.buildRes5Block(cfg);
    const side = ROI_BOX_HEAD.POOLER_RESOLUTION;
    return {
      ...this.baseOptions(cfg),
      pooler: new ROIPooler({
        outputSize: side,
        scales: pooledShape(inputShape, ROI_HEADS.IN_FEATURES).scales,
        samplingRatio: ROI_BOX_HEAD.POOLER_SAMPLING_RATIO,
        poolerType: ROI_BOX_HEAD.POOLER_TYPE,
      }),
      res5,
      boxPredictor: configure(FastRCNNOutputLayers, [cfg, { channels, height: 1, width: 1 }]),
      ...(MASK_ON && { maskHead: this.initMaskHead(cfg, { channels, height: side, width: side }) }),
    };
  }

  /** The stage that runs on each region, and its output channels. */
  protected static buildRes5Block(cfg: Config): [res5: Sequential, outChannels: number] {
    const { RESNETS } = cfg.MODEL;
    const outChannels = RESNETS.RES2_OUT_CHANNELS * STAGE_CHANNEL_FACTOR;
    const numGroups = RESNETS.NUM_GROUPS;
    const bottleneckChannels = numGroups * RESNETS.WIDTH_PER_GROUP * STAGE_CHANNEL_FACTOR;
    const blocks = makeStage(
      { numBlocks: NUM_BLOCKS, inChannels: outChannels / 2, outChannels, stride: 2 },
      (block) =>
        new BottleneckBlock({
          ...block,
          bottleneckChannels,
          numGroups,
          norm: RESNETS.NORM,
          strideIn1x1: RESNETS.STRIDE_IN_1X1,
        }),
    );
    return [new Sequential(...blocks), outChannels];
  }

  /** The mask head that a config describes. */
  protected static initMaskHead(cfg: Config, inputShape: ShapeSpec): MaskHead {
    return buildMaskHead(cfg, inputShape);
  }

  /** Whether there is a mask head. */
  get maskOn(): boolean {
    return this.maskHead !== undefined;
  }

  async forwardWithGivenBoxes<Fields extends GivenBoxFields>(
    features: Features,
    instances: readonly Instances<Fields>[],
  ): Promise<Instances<Fields & LaterFields>[]> {
    if (this.maskHead === undefined) return [...instances];
    const boxes = instances.map(({ predBoxes }) => predBoxes);
    const regionFeatures = this.sharedRoiTransform(features, boxes);
    const masks = await this.maskHead.inference(regionFeatures, instances);
    return addFields(
      instances,
      masks.map((predMasks) => ({ predMasks })),
    );
  }

  protected override async detect(
    features: Features,
    proposals: readonly Instances<RegionFields>[],
  ): Promise<Instances<DetectionFields>[]> {
    const boxes = proposals.map(({ proposalBoxes }) => proposalBoxes);
    const regionFeatures = this.sharedRoiTransform(features, boxes);
    const predictions = this.boxPredictor(regionFeatures.mean([2, 3]));
    const [instances] = await this.boxPredictor.inference(predictions, proposals);
    return instances;
  }

  protected override async losses(
    features: Features,
    proposals: readonly Instances<LabeledProposalFields>[],
  ): Promise<Losses> {
    const boxes = proposals.map(({ proposalBoxes }) => proposalBoxes);
    const regionFeatures = this.sharedRoiTransform(features, boxes);
    const predictions = this.boxPredictor(regionFeatures.mean([2, 3]));
    const losses = this.boxPredictor.losses(predictions, proposals);
    if (this.maskHead === undefined) return losses;
    const foreground = selectForegroundProposals(proposals, this.numClasses);
    // The mask head trains on the very features that the boxes were scored by.
    const maskFeatures = regionFeatures.indexSelect(0, tensor(foreground.rows));
    return { ...losses, ...this.maskHead.losses(maskFeatures, foreground.proposals) };
  }

  /** Features of regions, R×C×H×W; lazy. */
  protected sharedRoiTransform(features: Features, boxes: readonly Boxes[]): Tensor {
    return this.res5(this.pooler(pickFeatures(features, this.inFeatures), boxes));
  }
}
