import type { Backbone } from "@detectron-ts/backbone";
import type { Module } from "@detectron-ts/nn";
import type { DetectionFields, Losses, TargetFields } from "@detectron-ts/roi-heads";
import type { ImageList, Instances } from "@detectron-ts/structures";
import type { Tensor } from "@detectron-ts/tensor";

import { ModelModeError, ModelOptionsError } from "../errors.ts";
import type { DetectionOutput } from "../generalized-rcnn.ts";
import { MetaArchitecture, type MetaArchitectureOptions } from "../meta-architecture.ts";
import { type ModelInput, outputSize, requireField } from "../model-input.ts";
import { detectorPostprocess } from "../postprocessing.ts";

/** What predicts something at every location of feature maps. Dense detectors know heads by this type alone. */
export type DenseHead<Predictions> = Module<[features: readonly Tensor[]], Predictions>;

/** Options of {@link DenseDetector}. */
export interface DenseDetectorOptions<Predictions> extends Omit<
  MetaArchitectureOptions,
  "inputFormat"
> {
  readonly head: DenseHead<Predictions>;
  /** Names of the feature maps to use; by default all that the backbone gives, the finest first. */
  readonly headInFeatures?: readonly string[];
  /** `"BGR"` by default. */
  readonly inputFormat?: MetaArchitectureOptions["inputFormat"];
}

/**
 * A model that is convolutional throughout and predicts something at every location of its feature maps: a backbone, a
 * head, and what a class below makes of the predictions. Mirrors
 * `detectron2.modeling.meta_arch.dense_detector.DenseDetector`.
 *
 * A call gives what was found in each image, or in training the losses; {@link inference} and {@link losses} are these
 * two with result types of their own. Every part can be called by itself:
 *
 * ```ts
 * const images = model.preprocessImage(inputs);
 * const features = model.features(images.tensor);
 * const predictions = model.head(features);
 * const [instances] = await model.forwardInference(images, features, predictions);
 * ```
 *
 * @typeParam Predictions - what the head gives.
 */
export abstract class DenseDetector<Predictions> extends MetaArchitecture<DetectionOutput> {
  readonly head: DenseHead<Predictions>;
  readonly headInFeatures: readonly string[];

  /** @throws ModelOptionsError when the backbone lacks a feature map, or mean or deviation do not fit each other. */
  constructor(options: DenseDetectorOptions<Predictions>) {
    super({ inputFormat: "BGR", ...options });
    this.head = options.head;
    this.headInFeatures = options.headInFeatures ?? namesByStride(options.backbone);
    const known = Object.keys(options.backbone.outputShape());
    if (!this.headInFeatures.every((name) => known.includes(name))) {
      const wanted = `names of the backbone's feature maps, ${known.join(", ")}`;
      throw new ModelOptionsError("headInFeatures", this.headInFeatures, wanted);
    }
  }

  /**
   * Losses by name.
   *
   * @param gtInstances - ground truth of each image.
   */
  abstract forwardTraining(
    images: ImageList,
    features: readonly Tensor[],
    predictions: Predictions,
    gtInstances: readonly Instances<TargetFields>[],
  ): Losses;

  /** What is found in each image, in pixels of the network's input. */
  abstract forwardInference(
    images: ImageList,
    features: readonly Tensor[],
    predictions: Predictions,
  ): Promise<Instances<DetectionFields>[]>;

  /** The feature maps that the head looks at. */
  features(images: Tensor): Tensor[] {
    const features = this.backbone(images);
    return this.headInFeatures.map((name) => features[name]);
  }

  /**
   * Losses by name.
   *
   * @throws ModelModeError unless the model is in training.
   * @throws MissingInputError when an input has no `instances`.
   * @throws GroundTruthClassError when an instance is of a class that the model doesn't have.
   */
  async losses(batchedInputs: readonly ModelInput[]): Promise<Losses> {
    if (!this.training) throw new ModelModeError("losses");
    const targets = requireField(batchedInputs, "instances", "training needs");
    const images = this.preprocessImage(batchedInputs);
    const features = this.features(images.tensor);
    return this.forwardTraining(images, features, this.head(features), targets);
  }

  /**
   * What is found in each image, mapped to the size that its input asks for.
   *
   * @throws ModelModeError when the model is in training.
   */
  async inference(batchedInputs: readonly ModelInput[]): Promise<DetectionOutput[]> {
    if (this.training) throw new ModelModeError("inference");
    const images = this.preprocessImage(batchedInputs);
    const features = this.features(images.tensor);
    const results = await this.forwardInference(images, features, this.head(features));
    return results.map((instances, i) => {
      const [height, width] = outputSize(batchedInputs[i], images.imageSizes[i]);
      return { instances: detectorPostprocess(instances, height, width) };
    });
  }
}

function namesByStride(backbone: Backbone): string[] {
  const shapes = Object.entries(backbone.outputShape());
  return shapes.sort(([, a], [, b]) => (a.stride ?? 0) - (b.stride ?? 0)).map(([name]) => name);
}

/**
 * Predictions in the order of the anchors: by row, then column, then the anchor at that location. Mirrors
 * `permute_to_N_HWA_K` of detectron2.
 *
 * @param predictions - N×(A·k)×H×W.
 * @param k - numbers predicted for each anchor.
 * @returns N×(H·W·A)×k.
 */
export function permuteToNHWAK(predictions: Tensor, k: number): Tensor {
  const [numImages] = predictions.shape;
  return predictions.permute(0, 2, 3, 1).reshape([numImages, -1, k]);
}
