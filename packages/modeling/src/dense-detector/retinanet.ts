import { type AnchorGenerator, buildAnchorGenerator } from "@detectron-ts/anchor-generator";
import { buildBackbone } from "@detectron-ts/backbone";
import {
  Box2BoxTransform,
  type BoxRegLossType,
  type BoxTransform,
  denseBoxRegressionLoss,
  toBoxRegLossType,
  toBoxWeights,
} from "@detectron-ts/box-regression";
import { type Config, configure } from "@detectron-ts/config";
import { Matcher } from "@detectron-ts/matcher";
import type { DetectionFields, Losses, TargetFields } from "@detectron-ts/roi-heads";
import { Boxes, type ImageList, type Instances, pairwiseIou } from "@detectron-ts/structures";
import { realize, type Tensor } from "@detectron-ts/tensor";

import { ModelOptionsError } from "../errors.ts";
import { inputFormat } from "../input-format.ts";
import { type AnchorLabels, labelAnchors, positiveMask } from "./anchor-labels.ts";
import { denseClassificationLoss } from "./dense-classification-loss.ts";
import { DenseDetector, type DenseDetectorOptions, permuteToNHWAK } from "./dense-detector.ts";
import { findDetections } from "./find-detections.ts";
import { LossNormalizer } from "./loss-normalizer.ts";
import { RetinaNetHead, type RetinaNetPredictions } from "./retinanet-head.ts";

/** Options of {@link RetinaNet}. */
export interface RetinaNetOptions extends DenseDetectorOptions<RetinaNetPredictions> {
  readonly anchorGenerator: AnchorGenerator;
  readonly box2boxTransform: BoxTransform;
  /** Labels anchors by their overlap with ground truth: 1 object, 0 background, -1 neither. */
  readonly anchorMatcher: Matcher;
  readonly numClasses: number;
  /** Weight of the positive in the focal loss, `1 - focalLossAlpha` being that of the others; 0.25 by default. */
  readonly focalLossAlpha?: number;
  /** How fast well-classified anchors fade in the focal loss; 2 by default. */
  readonly focalLossGamma?: number;
  /** Where smooth L1 turns from quadratic to linear; 0, the default, is plain L1. */
  readonly smoothL1Beta?: number;
  /** `"smooth_l1"` by default. */
  readonly boxRegLossType?: BoxRegLossType;
  /** Scores have to be above it; 0.05 by default. */
  readonly testScoreThresh?: number;
  /** Most predictions of each level that enter NMS; 1000 by default. */
  readonly testTopkCandidates?: number;
  /** Overlap (IoU) above which the lower score of two boxes of a class goes; 0.5 by default. */
  readonly testNmsThresh?: number;
  /** 100 by default. */
  readonly maxDetectionsPerImage?: number;
}

/**
 * RetinaNet ("Focal Loss for Dense Object Detection", Lin et al. 2017): classifies all anchors of all levels of a pyramid
 * and shifts them onto objects, in one stage. Mirrors `detectron2.modeling.RetinaNet`.
 *
 * In training the losses are `loss_cls` and `loss_box_reg`.
 */
export class RetinaNet extends DenseDetector<RetinaNetPredictions> {
  readonly anchorGenerator: AnchorGenerator;
  readonly box2boxTransform: BoxTransform;
  readonly anchorMatcher: Matcher;
  readonly numClasses: number;
  readonly focalLossAlpha: number;
  readonly focalLossGamma: number;
  readonly smoothL1Beta: number;
  readonly boxRegLossType: BoxRegLossType;
  testScoreThresh: number;
  testTopkCandidates: number;
  testNmsThresh: number;
  maxDetectionsPerImage: number;
  /** Positive anchors of a batch, averaged over the training so far. */
  readonly lossNormalizer = new LossNormalizer(100);

  /** @throws ModelOptionsError when the backbone lacks a feature map, or mean or deviation do not fit each other. */
  constructor(options: RetinaNetOptions) {
    super(options);
    this.anchorGenerator = options.anchorGenerator;
    this.box2boxTransform = options.box2boxTransform;
    this.anchorMatcher = options.anchorMatcher;
    this.numClasses = options.numClasses;
    this.focalLossAlpha = options.focalLossAlpha ?? 0.25;
    this.focalLossGamma = options.focalLossGamma ?? 2;
    this.smoothL1Beta = options.smoothL1Beta ?? 0;
    this.boxRegLossType = options.boxRegLossType ?? "smooth_l1";
    this.testScoreThresh = options.testScoreThresh ?? 0.05;
    this.testTopkCandidates = options.testTopkCandidates ?? 1000;
    this.testNmsThresh = options.testNmsThresh ?? 0.5;
    this.maxDetectionsPerImage = options.maxDetectionsPerImage ?? 100;
  }

  /**
   * Options from `MODEL.RETINANET`, with the backbone and the anchors that the config names.
   *
   * @throws ModelOptionsError when the backbone lacks a feature map that the head wants.
   * @throws OptionError of `@detectron-ts/layers` and MatcherOptionsError of `@detectron-ts/matcher` for values of the config
   * that cannot be used.
   */
  static fromConfig(cfg: Config): RetinaNetOptions {
    const { RETINANET } = cfg.MODEL;
    const backbone = buildBackbone(cfg);
    const shapes = backbone.outputShape();
    const featureShapes = RETINANET.IN_FEATURES.map((name) => {
      if (Object.hasOwn(shapes, name)) return shapes[name];
      const wanted = `names of the backbone's feature maps, ${Object.keys(shapes).join(", ")}`;
      throw new ModelOptionsError("MODEL.RETINANET.IN_FEATURES", RETINANET.IN_FEATURES, wanted);
    });
    return {
      backbone,
      head: configure(RetinaNetHead, [cfg, featureShapes]),
      anchorGenerator: buildAnchorGenerator(cfg, featureShapes),
      box2boxTransform: new Box2BoxTransform({
        weights: toBoxWeights("MODEL.RETINANET.BBOX_REG_WEIGHTS", RETINANET.BBOX_REG_WEIGHTS),
      }),
      anchorMatcher: new Matcher({
        thresholds: RETINANET.IOU_THRESHOLDS,
        labels: RETINANET.IOU_LABELS,
        allowLowQualityMatches: true,
      }),
      pixelMean: cfg.MODEL.PIXEL_MEAN,
      pixelStd: cfg.MODEL.PIXEL_STD,
      inputFormat: inputFormat(cfg),
      numClasses: RETINANET.NUM_CLASSES,
      headInFeatures: RETINANET.IN_FEATURES,
      focalLossAlpha: RETINANET.FOCAL_LOSS_ALPHA,
      focalLossGamma: RETINANET.FOCAL_LOSS_GAMMA,
      smoothL1Beta: RETINANET.SMOOTH_L1_LOSS_BETA,
      boxRegLossType: toBoxRegLossType(
        "MODEL.RETINANET.BBOX_REG_LOSS_TYPE",
        RETINANET.BBOX_REG_LOSS_TYPE,
      ),
      testScoreThresh: RETINANET.SCORE_THRESH_TEST,
      testTopkCandidates: RETINANET.TOPK_CANDIDATES_TEST,
      testNmsThresh: RETINANET.NMS_THRESH_TEST,
      maxDetectionsPerImage: cfg.TEST.DETECTIONS_PER_IMAGE,
    };
  }

  /** Classifies the anchors by the ground truth of each image; see {@link AnchorLabels}. */
  labelAnchors(
    anchors: readonly Boxes[],
    gtInstances: readonly Instances<TargetFields>[],
  ): AnchorLabels {
    const allAnchors = Boxes.cat(anchors);
    return labelAnchors(allAnchors.length, gtInstances, this.numClasses, (gtBoxes) =>
      this.anchorMatcher.match(pairwiseIou(gtBoxes, allAnchors)),
    );
  }

  /**
   * `loss_cls`, the focal loss over all anchors with a label, and `loss_box_reg`, the loss of the boxes of positive
   * anchors; both divided by the {@link lossNormalizer}, which takes the batch into account first. The current event
   * storage, if there is one, gets `num_pos_anchors`, on average over the images.
   */
  forwardTraining(
    _images: ImageList,
    features: readonly Tensor[],
    [predLogits, predAnchorDeltas]: RetinaNetPredictions,
    gtInstances: readonly Instances<TargetFields>[],
  ): Losses {
    const { numClasses } = this;
    const anchors = this.anchorGenerator.forward(features);
    const { gtLabels, gtBoxes } = this.labelAnchors(anchors, gtInstances);
    const fgMask = positiveMask(gtLabels, numClasses);
    const normalizer = this.lossNormalizer.update(fgMask);
    const classLoss = denseClassificationLoss({
      predLogits,
      gtLabels,
      numClasses,
      alpha: this.focalLossAlpha,
      gamma: this.focalLossGamma,
    });
    const boxLoss = denseBoxRegressionLoss({
      anchors: Boxes.cat(anchors).tensor,
      box2boxTransform: this.box2boxTransform,
      predAnchorDeltas: predAnchorDeltas.map((deltas) => permuteToNHWAK(deltas, 4)),
      gtBoxes,
      fgMask,
      boxRegLossType: this.boxRegLossType,
      smoothL1Beta: this.smoothL1Beta,
    });
    return { loss_cls: classLoss.div(normalizer), loss_box_reg: boxLoss.div(normalizer) };
  }

  async forwardInference(
    images: ImageList,
    features: readonly Tensor[],
    [predLogits, predAnchorDeltas]: RetinaNetPredictions,
  ): Promise<Instances<DetectionFields>[]> {
    const scores = predLogits.map((logits) => logits.sigmoid());
    await realize(...scores, ...predAnchorDeltas);
    const anchors = this.anchorGenerator.forward(features);
    const { imageSizes } = images;
    return findDetections({ scores, deltas: predAnchorDeltas, anchors, imageSizes }, this);
  }
}
