import { DefaultAnchorGenerator } from "@detectron-ts/anchor-generator";
import {
  Box2BoxTransformLinear,
  type BoxTransform,
  denseBoxRegressionLoss,
} from "@detectron-ts/box-regression";
import { binaryCrossEntropyWithLogits } from "@detectron-ts/layers";
import { Matcher } from "@detectron-ts/matcher";
import type { DetectionFields, Losses, TargetFields } from "@detectron-ts/roi-heads";
import { Boxes, type ImageList, type Instances } from "@detectron-ts/structures";
import { cat, realize, tensor, type Tensor } from "@detectron-ts/tensor";
import type { NdArray } from "ndarray";

import { ModelOptionsError } from "../errors.ts";
import { type AnchorLabels, labelAnchors, positiveMask } from "./anchor-labels.ts";
import { denseClassificationLoss } from "./dense-classification-loss.ts";
import { DenseDetector, type DenseDetectorOptions, permuteToNHWAK } from "./dense-detector.ts";
import type { FCOSPredictions } from "./fcos-head.ts";
import { fcosMatchQuality } from "./fcos-matching.ts";
import { findDetections } from "./find-detections.ts";
import { LossNormalizer } from "./loss-normalizer.ts";

/** Options of {@link FCOS}. */
export interface FCOSOptions extends DenseDetectorOptions<FCOSPredictions> {
  readonly numClasses: number;
  /** `Box2BoxTransformLinear`, in strides, by default. */
  readonly box2boxTransform?: BoxTransform;
  /** How near a location has to be to the centre of a ground truth to be positive, in strides; 1.5 by default. */
  readonly centerSamplingRadius?: number;
  /** Weight of the positive in the focal loss, `1 - focalLossAlpha` being that of the others; 0.25 by default. */
  readonly focalLossAlpha?: number;
  /** How fast well-classified locations fade in the focal loss; 2 by default. */
  readonly focalLossGamma?: number;
  /** Scores have to be above it; 0.2 by default. */
  readonly testScoreThresh?: number;
  /** Most predictions of each level that enter NMS; 1000 by default. */
  readonly testTopkCandidates?: number;
  /** Overlap (IoU) above which the lower score of two boxes of a class goes; 0.6 by default. */
  readonly testNmsThresh?: number;
  /** 100 by default. */
  readonly maxDetectionsPerImage?: number;
}

/** Locations match a ground truth or not; there is nothing in between. */
const MATCHED_OR_NOT = new Matcher({ thresholds: [1e-5], labels: [0, 1] });

/**
 * FCOS ("FCOS: A Simple and Strong Anchor-Free Object Detector", Tian et al. 2020): at every location of a pyramid the
 * classes, the distances to the sides of the object there, and how central the location is in it. Mirrors
 * `detectron2.modeling.meta_arch.fcos.FCOS`.
 *
 * A location is represented by an anchor around it, a square of the level's stride. In training the losses are
 * `loss_fcos_cls`, `loss_fcos_loc` and `loss_fcos_ctr`. There is no YAML config of this model; construct it:
 *
 * ```ts
 * const model = new FCOS({
 *   backbone, // with features p3 to p7
 *   head: new FCOSHead({
 *     inputShape: Object.values(backbone.outputShape()),
 *     numClasses: 80,
 *     convDims: [256, 256, 256, 256],
 *     norm: "GN",
 *   }),
 *   numClasses: 80,
 *   pixelMean: [103.53, 116.28, 123.675],
 *   pixelStd: [1, 1, 1],
 * });
 * ```
 */
export class FCOS extends DenseDetector<FCOSPredictions> {
  readonly anchorGenerator: DefaultAnchorGenerator;
  readonly box2boxTransform: BoxTransform;
  readonly numClasses: number;
  readonly centerSamplingRadius: number;
  readonly focalLossAlpha: number;
  readonly focalLossGamma: number;
  testScoreThresh: number;
  testTopkCandidates: number;
  testNmsThresh: number;
  maxDetectionsPerImage: number;
  /** Positive locations of a batch, averaged over the training so far. */
  readonly lossNormalizer = new LossNormalizer(300);

  /**
   * @throws ModelOptionsError when the backbone lacks a feature map or its stride, or mean or deviation do not fit each
   * other.
   */
  constructor(options: FCOSOptions) {
    super(options);
    const shapes = this.backbone.outputShape();
    const strides = this.headInFeatures.map((name) => {
      const { stride } = shapes[name];
      if (stride !== undefined) return stride;
      throw new ModelOptionsError("headInFeatures", name, "a feature map of known stride");
    });
    this.anchorGenerator = new DefaultAnchorGenerator({
      sizes: strides.map((stride) => [stride]),
      aspectRatios: [1],
      strides,
    });
    this.box2boxTransform = options.box2boxTransform ?? new Box2BoxTransformLinear();
    this.numClasses = options.numClasses;
    this.centerSamplingRadius = options.centerSamplingRadius ?? 1.5;
    this.focalLossAlpha = options.focalLossAlpha ?? 0.25;
    this.focalLossGamma = options.focalLossGamma ?? 2;
    this.testScoreThresh = options.testScoreThresh ?? 0.2;
    this.testTopkCandidates = options.testTopkCandidates ?? 1000;
    this.testNmsThresh = options.testNmsThresh ?? 0.6;
    this.maxDetectionsPerImage = options.maxDetectionsPerImage ?? 100;
  }

  /**
   * How well each of M ground truths is matched by each of the R locations of all levels, 0 where it isn't; see
   * {@link fcosMatchQuality}.
   *
   * @returns M×R.
   */
  matchAnchors(gtBoxes: Boxes, anchors: readonly Boxes[]): NdArray<Float32Array> {
    return fcosMatchQuality(gtBoxes, anchors, this.centerSamplingRadius);
  }

  /** Classifies the locations by the ground truth of each image; see {@link AnchorLabels}. None is without a label. */
  labelAnchors(
    anchors: readonly Boxes[],
    gtInstances: readonly Instances<TargetFields>[],
  ): AnchorLabels {
    const numAnchors = anchors.reduce((sum, { length }) => sum + length, 0);
    return labelAnchors(numAnchors, gtInstances, this.numClasses, (gtBoxes) =>
      MATCHED_OR_NOT.match(this.matchAnchors(gtBoxes, anchors)),
    );
  }

  /**
   * How central locations are in boxes around them, 1 in the middle and 0 at a side (Tian et al. 2020, eq. 3).
   *
   * @param anchors - N×4.
   * @param gtBoxes - N×4.
   * @returns N numbers in [0, 1]; NaN for a location outside of its box.
   */
  computeCtrnessTargets(
    anchors: NdArray<Float32Array>,
    gtBoxes: NdArray<Float32Array>,
  ): Float32Array {
    const { data } = this.box2boxTransform.getDeltas(anchors, gtBoxes);
    return Float32Array.from({ length: anchors.shape[0] }, (_, row) => {
      const [left, top, right, bottom] = data.subarray(4 * row, 4 * row + 4);
      const alongX = Math.fround(Math.min(left, right) / Math.max(left, right));
      const alongY = Math.fround(Math.min(top, bottom) / Math.max(top, bottom));
      return Math.sqrt(Math.fround(alongX * alongY));
    });
  }

  /**
   * `loss_fcos_cls`, the focal loss over all locations, and of the positive ones `loss_fcos_loc`, the GIoU loss of their
   * boxes, and `loss_fcos_ctr`, the cross entropy of their centerness; all divided by the {@link lossNormalizer}, which
   * takes the batch into account first. The current event storage, if there is one, gets `num_pos_anchors`, on average
   * over the images.
   */
  forwardTraining(
    _images: ImageList,
    features: readonly Tensor[],
    [predLogits, predAnchorDeltas, predCenterness]: FCOSPredictions,
    gtInstances: readonly Instances<TargetFields>[],
  ): Losses {
    const { numClasses } = this;
    const anchors = this.anchorGenerator.forward(features);
    const labels = this.labelAnchors(anchors, gtInstances);
    const fgMask = positiveMask(labels.gtLabels, numClasses);
    const normalizer = this.lossNormalizer.update(fgMask);
    const classLoss = denseClassificationLoss({
      predLogits,
      gtLabels: labels.gtLabels,
      numClasses,
      alpha: this.focalLossAlpha,
      gamma: this.focalLossGamma,
    });
    const allAnchors = Boxes.cat(anchors);
    const boxLoss = denseBoxRegressionLoss({
      anchors: allAnchors.tensor,
      box2boxTransform: this.box2boxTransform,
      predAnchorDeltas: predAnchorDeltas.map((deltas) => permuteToNHWAK(deltas, 4)),
      gtBoxes: labels.gtBoxes,
      fgMask,
      boxRegLossType: "giou",
    });
    const centernessLoss = this.#centernessLoss(predCenterness, allAnchors, labels, fgMask);
    return {
      loss_fcos_cls: classLoss.div(normalizer),
      loss_fcos_loc: boxLoss.div(normalizer),
      loss_fcos_ctr: centernessLoss.div(normalizer),
    };
  }

  #centernessLoss(
    predCenterness: readonly Tensor[],
    anchors: Boxes,
    { gtBoxes }: AnchorLabels,
    fgMask: NdArray<Uint8Array>,
  ): Tensor {
    const positives: number[] = [];
    const targets: number[] = [];
    for (const [image, boxes] of gtBoxes.entries()) {
      const start = image * anchors.length;
      const isPositive = fgMask.data.subarray(start, start + anchors.length);
      const rows = Int32Array.from(isPositive.keys()).filter((row) => isPositive[row] === 1);
      for (const row of rows) positives.push(start + row);
      const matched = new Boxes(boxes).select(rows);
      targets.push(...this.computeCtrnessTargets(anchors.select(rows).tensor, matched.tensor));
    }
    const predicted = cat(
      predCenterness.map((level) => permuteToNHWAK(level, 1)),
      1,
    ).reshape([-1]);
    return binaryCrossEntropyWithLogits(
      predicted.indexSelect(0, tensor(Int32Array.from(positives))),
      tensor(Float32Array.from(targets)),
      { reduction: "sum" },
    );
  }

  /** A prediction's score is the geometric mean of the probability of its class and the location's centerness. */
  async forwardInference(
    images: ImageList,
    features: readonly Tensor[],
    [predLogits, predAnchorDeltas, predCenterness]: FCOSPredictions,
  ): Promise<Instances<DetectionFields>[]> {
    const scores = predLogits.map((logits, level) =>
      logits.sigmoid().mul(predCenterness[level].sigmoid()).sqrt(),
    );
    await realize(...scores, ...predAnchorDeltas);
    const anchors = this.anchorGenerator.forward(features);
    const { imageSizes } = images;
    return findDetections({ scores, deltas: predAnchorDeltas, anchors, imageSizes }, this);
  }
}
