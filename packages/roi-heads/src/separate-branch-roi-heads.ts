import type { Config } from "@detectron-ts/config";
import { OptionError } from "@detectron-ts/layers";
import type { AnyModule } from "@detectron-ts/nn";
import type { Boxes, Instances } from "@detectron-ts/structures";
import type { Tensor } from "@detectron-ts/tensor";

import { addFields } from "./add-fields.ts";
import { BaseROIHeads, type BaseROIHeadsOptions } from "./base-roi-heads.ts";
import type {
  Features,
  GivenBoxFields,
  LabeledProposalFields,
  LaterFields,
  Losses,
} from "./fields.ts";
import { pickFeatures, type FeatureShapes } from "./input-shape.ts";
import { buildKeypointHead } from "./keypoint/build.ts";
import type { KeypointHead } from "./keypoint/keypoint-head.ts";
import { buildMaskHead } from "./mask/build.ts";
import type { MaskHead } from "./mask/mask-head.ts";
import { branchPooler } from "./pooler/branch-pooler.ts";
import type { ROIPooler } from "./pooler/roi-pooler.ts";
import { selectForegroundProposals } from "./sampling/select-foreground-proposals.ts";
import { selectProposalsWithVisibleKeypoints } from "./sampling/select-proposals-with-visible-keypoints.ts";

/** The mask branch of {@link SeparateBranchROIHeads}: both options, or neither. */
export interface MaskBranchOptions {
  readonly maskPooler?: ROIPooler;
  readonly maskHead?: MaskHead;
}

/** The keypoint branch of {@link SeparateBranchROIHeads}: both options, or neither. */
export interface KeypointBranchOptions {
  readonly keypointPooler?: ROIPooler;
  readonly keypointHead?: KeypointHead;
}

/** Options of {@link SeparateBranchROIHeads}. */
export interface SeparateBranchROIHeadsOptions<BoxHeads, BoxPredictors>
  extends BaseROIHeadsOptions, MaskBranchOptions, KeypointBranchOptions {
  readonly boxPooler: ROIPooler;
  readonly boxHead: BoxHeads;
  readonly boxPredictor: BoxPredictors;
}

/**
 * ROI heads in which each branch pools features on its own. Masks and keypoints are here; what the box branch does, with
 * one head or several, subclasses say.
 *
 * @typeParam BoxHeads - what `boxHead` is: a head, or a list of heads.
 * @typeParam BoxPredictors - what `boxPredictor` is.
 */
export abstract class SeparateBranchROIHeads<
  BoxHeads extends AnyModule,
  BoxPredictors extends AnyModule,
> extends BaseROIHeads {
  readonly boxPooler: ROIPooler;
  readonly boxHead: BoxHeads;
  readonly boxPredictor: BoxPredictors;
  readonly maskPooler: ROIPooler | undefined;
  readonly maskHead: MaskHead | undefined;
  readonly keypointPooler: ROIPooler | undefined;
  readonly keypointHead: KeypointHead | undefined;

  /** @throws {@link OptionError} for a mask or keypoint head without its pooler, or the other way round. */
  constructor(options: SeparateBranchROIHeadsOptions<BoxHeads, BoxPredictors>) {
    super(options);
    requireBothOrNeither(options, "maskPooler", "maskHead");
    requireBothOrNeither(options, "keypointPooler", "keypointHead");
    this.boxPooler = options.boxPooler;
    this.boxHead = options.boxHead;
    this.boxPredictor = options.boxPredictor;
    this.maskPooler = options.maskPooler;
    this.maskHead = options.maskHead;
    this.keypointPooler = options.keypointPooler;
    this.keypointHead = options.keypointHead;
  }

  /** The mask branch that a config describes; empty without `MODEL.MASK_ON`. */
  protected static initMaskHead(cfg: Config, inputShape: FeatureShapes): MaskBranchOptions {
    const { MASK_ON, ROI_HEADS, ROI_MASK_HEAD } = cfg.MODEL;
    if (!MASK_ON) return {};
    const { pooler, shape } = branchPooler(ROI_MASK_HEAD, inputShape, ROI_HEADS.IN_FEATURES);
    return { maskPooler: pooler, maskHead: buildMaskHead(cfg, shape) };
  }

  /** The keypoint branch that a config describes; empty without `MODEL.KEYPOINT_ON`. */
  protected static initKeypointHead(cfg: Config, inputShape: FeatureShapes): KeypointBranchOptions {
    const { KEYPOINT_ON, ROI_HEADS, ROI_KEYPOINT_HEAD } = cfg.MODEL;
    if (!KEYPOINT_ON) return {};
    const { pooler, shape } = branchPooler(ROI_KEYPOINT_HEAD, inputShape, ROI_HEADS.IN_FEATURES);
    return { keypointPooler: pooler, keypointHead: buildKeypointHead(cfg, shape) };
  }

  /** Whether there is a mask branch. */
  get maskOn(): boolean {
    return this.maskHead !== undefined;
  }

  /** Whether there is a keypoint branch. */
  get keypointOn(): boolean {
    return this.keypointHead !== undefined;
  }

  async forwardWithGivenBoxes<Fields extends GivenBoxFields>(
    features: Features,
    instances: readonly Instances<Fields>[],
  ): Promise<Instances<Fields & LaterFields>[]> {
    const boxes = instances.map(({ predBoxes }) => predBoxes);
    const masks =
      this.maskHead && this.maskPooler
        ? await this.maskHead.inference(this.pool(this.maskPooler, features, boxes), instances)
        : [];
    const keypoints =
      this.keypointHead && this.keypointPooler
        ? await this.keypointHead.inference(
            this.pool(this.keypointPooler, features, boxes),
            instances,
          )
        : [];
    return addFields(
      instances,
      instances.map((_, i): LaterFields => {
        const predMasks = masks.at(i);
        return { ...(predMasks && { predMasks }), ...keypoints.at(i) };
      }),
    );
  }

  /** Losses of the branches besides that of boxes. */
  protected laterLosses(
    features: Features,
    proposals: readonly Instances<LabeledProposalFields>[],
  ): Losses {
    return {
      ...this.maskLosses(features, proposals),
      ...this.keypointLosses(features, proposals),
    };
  }

  /** Losses of the mask branch, which trains on foreground proposals; none without that branch. */
  protected maskLosses(
    features: Features,
    proposals: readonly Instances<LabeledProposalFields>[],
  ): Losses {
    if (this.maskPooler === undefined || this.maskHead === undefined) return {};
    const { proposals: foreground } = selectForegroundProposals(proposals, this.numClasses);
    const boxes = foreground.map(({ proposalBoxes }) => proposalBoxes);
    return this.maskHead.losses(this.pool(this.maskPooler, features, boxes), foreground);
  }

  /**
   * Losses of the keypoint branch, which trains on foreground proposals with a visible keypoint; none without that
   * branch.
   */
  protected keypointLosses(
    features: Features,
    proposals: readonly Instances<LabeledProposalFields>[],
  ): Losses {
    if (this.keypointPooler === undefined || this.keypointHead === undefined) return {};
    const { proposals: foreground } = selectForegroundProposals(proposals, this.numClasses);
    const visible = selectProposalsWithVisibleKeypoints(foreground);
    const boxes = visible.map(({ proposalBoxes }) => proposalBoxes);
    return this.keypointHead.losses(this.pool(this.keypointPooler, features, boxes), visible);
  }

  /** Features of regions of all images, from `inFeatures`; lazy. */
  protected pool(pooler: ROIPooler, features: Features, boxes: readonly Boxes[]): Tensor {
    return pooler(pickFeatures(features, this.inFeatures), boxes);
  }
}

/** @throws {@link OptionError} when only one of two options is given. */
function requireBothOrNeither<Name extends string>(
  options: Readonly<Partial<Record<Name, unknown>>>,
  ...names: [Name, Name]
): void {
  const given = names.filter((name) => options[name] !== undefined);
  if (given.length === 1)
    throw new OptionError(names.join(" and "), given, "given both or neither");
}
