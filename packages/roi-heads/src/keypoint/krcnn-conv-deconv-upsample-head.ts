import type { Config } from "@detectron-ts/config";
import type { ShapeSpec } from "@detectron-ts/layers";
import { Conv2d, ConvTranspose2d, init, relu, Sequential } from "@detectron-ts/nn";
import type { Instances } from "@detectron-ts/structures";
import { interpolate, type Tensor } from "@detectron-ts/tensor";

import type { GivenBoxFields, KeypointFields, LabeledProposalFields, Losses } from "../fields.ts";
import { requireChannels } from "../input-shape.ts";
import type { KeypointHead } from "./keypoint-head.ts";
import { keypointRcnnInference } from "./keypoint-rcnn-inference.ts";
import { keypointRcnnLoss } from "./keypoint-rcnn-loss.ts";

/** What the loss of keypoints is divided by: a number for each image of the batch, or how many keypoints are visible. */
export type KeypointLossNormalizer = number | "visible";

/** Options of {@link KRCNNConvDeconvUpsampleHead}. */
export interface KRCNNConvDeconvUpsampleHeadOptions {
  /** Of one pooled region. */
  readonly inputShape: ShapeSpec;
  /** Heatmaps per region. */
  readonly numKeypoints: number;
  /** Output channels of each 3×3 convolution. */
  readonly convDims: readonly number[];
  /** Factor of the loss; 1 when left out. */
  readonly lossWeight?: number;
  /** 1 when left out. */
  readonly lossNormalizer?: KeypointLossNormalizer;
}

/**
 * The keypoint head of Mask R-CNN (He et al. 2017, section 5): 3×3 convolutions (`conv_fcn1`, `conv_fcn2`, …), a 4×4
 * transposed convolution that doubles the size (`score_lowres`), and bilinear interpolation that doubles it again. Mirrors
 * `detectron2.modeling.roi_heads.KRCNNConvDeconvUpsampleHead`.
 */
export class KRCNNConvDeconvUpsampleHead extends Sequential implements KeypointHead {
  readonly numKeypoints: number;
  readonly lossNormalizer: KeypointLossNormalizer;
  /** Factor of the loss. Changed to rebalance losses. */
  lossWeight: number;

  constructor(options: KRCNNConvDeconvUpsampleHeadOptions) {
    super();
    const { inputShape, numKeypoints, convDims, lossWeight = 1, lossNormalizer = 1 } = options;
    let inChannels = requireChannels(inputShape);
    convDims.forEach((outChannels, i) => {
      const conv = new Conv2d({ inChannels, outChannels, kernelSize: 3, padding: 1 });
      init.c2MSRAFill(conv);
      this.add(conv, `conv_fcn${i + 1}`).add(relu, `conv_fcn_relu${i + 1}`);
      inChannels = outChannels;
    });
    const scoreLowres = new ConvTranspose2d({
      inChannels,
      outChannels: numKeypoints,
      kernelSize: 4,
      stride: 2,
      padding: 1,
    });
    init.c2MSRAFill(scoreLowres);
    this.add(scoreLowres, "score_lowres");
    this.add((x) => interpolate(x, { scaleFactor: 2, mode: "bilinear" }), "upsample");
    this.numKeypoints = numKeypoints;
    this.lossNormalizer = lossNormalizer;
    this.lossWeight = lossWeight;
  }

  /**
   * Options from `MODEL.ROI_KEYPOINT_HEAD` and `MODEL.ROI_HEADS`. Without `NORMALIZE_LOSS_BY_VISIBLE_KEYPOINTS` the loss
   * is divided by the most keypoints there could be in the sampled proposals of an image.
   */
  static fromConfig(cfg: Config, inputShape: ShapeSpec): KRCNNConvDeconvUpsampleHeadOptions {
    const { ROI_KEYPOINT_HEAD, ROI_HEADS } = cfg.MODEL;
    const numKeypoints = ROI_KEYPOINT_HEAD.NUM_KEYPOINTS;
    const mostKeypoints =
      numKeypoints * ROI_HEADS.BATCH_SIZE_PER_IMAGE * ROI_HEADS.POSITIVE_FRACTION;
    return {
      inputShape,
      numKeypoints,
      convDims: ROI_KEYPOINT_HEAD.CONV_DIMS,
      lossWeight: ROI_KEYPOINT_HEAD.LOSS_WEIGHT,
      lossNormalizer: ROI_KEYPOINT_HEAD.NORMALIZE_LOSS_BY_VISIBLE_KEYPOINTS
        ? "visible"
        : mostKeypoints,
    };
  }

  /** `loss_keypoint`; see {@link keypointRcnnLoss}. */
  losses(x: Tensor, proposals: readonly Instances<LabeledProposalFields>[]): Losses {
    const normalizer =
      this.lossNormalizer === "visible" ? undefined : proposals.length * this.lossNormalizer;
    return {
      loss_keypoint: keypointRcnnLoss(this(x), proposals, normalizer).mul(this.lossWeight),
    };
  }

  /** See {@link keypointRcnnInference}. */
  inference(
    x: Tensor,
    instances: readonly Instances<GivenBoxFields>[],
  ): Promise<Required<KeypointFields>[]> {
    return keypointRcnnInference(this(x), instances);
  }
}
