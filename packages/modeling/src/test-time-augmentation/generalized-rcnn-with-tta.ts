import { type Config, configure } from "@detectron-ts/config";
import { Module } from "@detectron-ts/nn";
import type { ProposalGenerator } from "@detectron-ts/proposal-generator";
import { type DetectionFields, fastRcnnInference, type ROIHeads } from "@detectron-ts/roi-heads";
import { Boxes, type ImageSize, Instances, rowMajorData } from "@detectron-ts/structures";
import { HFlipTransform } from "@detectron-ts/transforms";
import ndarray from "ndarray";

import { ModelOptionsError } from "../errors.ts";
import {
  type DetectionOptions,
  type DetectionOutput,
  GeneralizedRCNN,
} from "../generalized-rcnn.ts";
import { type ModelInput, outputSize } from "../model-input.ts";
import { detectorPostprocess } from "../postprocessing.ts";
import { averageMasks } from "./average-masks.ts";
import { type AugmentedInput, DatasetMapperTTA } from "./dataset-mapper-tta.ts";

/** A two-stage detector with any parts. */
type AnyRCNN = GeneralizedRCNN<ROIHeads, ProposalGenerator | undefined>;

/** Options of {@link GeneralizedRCNNWithTTA}. */
export interface GeneralizedRCNNWithTTAOptions {
  /** Finds objects in each view. */
  readonly model: AnyRCNN;
  /** Makes the views of an input. */
  readonly ttaMapper: Pick<DatasetMapperTTA, "map">;
  /** Classes that the model tells apart. */
  readonly numClasses: number;
  /** Of two boxes of one class with a higher IoU, whatever their views, the one of lower score is dropped. */
  readonly nmsThresh: number;
  /** Most detections of an image; all if negative. */
  readonly detectionsPerImage: number;
  /** Whether the model finds masks. */
  readonly maskOn: boolean;
  /** Views that the model is given at once; 3 by default. */
  readonly batchSize?: number;
}

/** Scores of what is found in any view, and has passed its threshold there, are above it. */
const SCORE_THRESH = 1e-8;

/**
 * A two-stage detector with test-time augmentation: looks at several views of an image, such as `DatasetMapperTTA` makes,
 * and joins what is found in them. Mirrors `detectron2.modeling.GeneralizedRCNNWithTTA`.
 *
 * The boxes of all views are mapped back to the image, and non-maximum suppression chooses among them; they aren't
 * averaged. Masks are: the boxes that remain are mapped into each view, and the mean is taken of the probabilities found
 * there.
 *
 * ```ts
 * const model = new GeneralizedRCNNWithTTA(GeneralizedRCNNWithTTA.fromConfig(cfg, rcnn));
 * const [{ instances }] = await model.eval().inference([input]);
 * ```
 */
export class GeneralizedRCNNWithTTA extends Module<
  [batchedInputs: readonly ModelInput[]],
  Promise<DetectionOutput[]>
> {
  readonly model: AnyRCNN;
  readonly ttaMapper: Pick<DatasetMapperTTA, "map">;
  readonly numClasses: number;
  readonly nmsThresh: number;
  readonly detectionsPerImage: number;
  readonly maskOn: boolean;
  readonly batchSize: number;

  /** @throws ModelOptionsError when the model isn't a `GeneralizedRCNN`, or is one that has to be given proposals. */
  constructor(options: GeneralizedRCNNWithTTAOptions) {
    super();
    const { model, batchSize = 3 } = options;
    if (!(model instanceof GeneralizedRCNN)) {
      const { name } = Object.getPrototypeOf(model).constructor;
      throw new ModelOptionsError("model", name, "a GeneralizedRCNN");
    }
    if (model.proposalGenerator === undefined) {
      throw new ModelOptionsError("proposalGenerator", undefined, "one: views need proposals");
    }
    if (!(Number.isInteger(batchSize) && batchSize > 0)) {
      throw new ModelOptionsError("batchSize", batchSize, "a positive integer");
    }
    this.model = model;
    this.ttaMapper = options.ttaMapper;
    this.numClasses = options.numClasses;
    this.nmsThresh = options.nmsThresh;
    this.detectionsPerImage = options.detectionsPerImage;
    this.maskOn = options.maskOn;
    this.batchSize = batchSize;
    this.training = model.training;
  }

  /**
   * Options from the config of a model.
   *
   * @throws ModelOptionsError for a model of keypoints or of precomputed proposals, neither of which can be joined.
   */
  static fromConfig(cfg: Config, model: AnyRCNN): GeneralizedRCNNWithTTAOptions {
    const { KEYPOINT_ON, LOAD_PROPOSALS, MASK_ON, ROI_HEADS } = cfg.MODEL;
    if (KEYPOINT_ON) {
      throw new ModelOptionsError("MODEL.KEYPOINT_ON", true, "false for test-time augmentation");
    }
    if (LOAD_PROPOSALS) {
      throw new ModelOptionsError("MODEL.LOAD_PROPOSALS", true, "false for test-time augmentation");
    }
    return {
      model,
      ttaMapper: configure(DatasetMapperTTA, [cfg]),
      numClasses: ROI_HEADS.NUM_CLASSES,
      nmsThresh: ROI_HEADS.NMS_THRESH_TEST,
      detectionsPerImage: cfg.TEST.DETECTIONS_PER_IMAGE,
      maskOn: MASK_ON,
    };
  }

  forward(batchedInputs: readonly ModelInput[]): Promise<DetectionOutput[]> {
    return this.inference(batchedInputs);
  }

  /**
   * What is found in each image, mapped to the size that its input asks for.
   *
   * @throws ModelModeError when the model is in training.
   * @throws ModelImageError when an image isn't channels × height × width of bytes or floats.
   */
  async inference(batchedInputs: readonly ModelInput[]): Promise<DetectionOutput[]> {
    const outputs: DetectionOutput[] = [];
    for (const input of batchedInputs) outputs.push(await this.#inferenceOneImage(input));
    return outputs;
  }

  async #inferenceOneImage(input: ModelInput): Promise<DetectionOutput> {
    const [, inputHeight, inputWidth] = input.image.shape;
    const imageSize = outputSize(input, [inputHeight, inputWidth]);
    const views = await this.ttaMapper.map(input);
    const found = await this.#inViews(views, { boxesOnly: true });
    const merged = this.#mergeDetections(views, found, imageSize);
    const { predBoxes, scores, predClasses } = merged;
    const boxesAlone = { predBoxes, scores, predClasses };
    if (!this.maskOn) return { instances: new Instances(imageSize, boxesAlone) };

    const detectedInstances = views.map((view) => rescaleBoxes(merged, view));
    const withMasks = await this.#inViews(views, { detectedInstances });
    const predMasks = averageMasks(
      withMasks.map(({ predMasks: masks }, i) => ({
        predMasks: masks!,
        isFlipped: isFlipped(views[i]),
      })),
    );
    const instances = new Instances<DetectionFields>(imageSize, { ...boxesAlone, predMasks });
    return { instances: detectorPostprocess(instances, ...imageSize) };
  }

  /** What the model finds in each view, a few views at a time. */
  async #inViews(
    views: readonly AugmentedInput[],
    { detectedInstances, ...options }: DetectionOptions,
  ): Promise<Instances<DetectionFields>[]> {
    const found: Instances<DetectionFields>[] = [];
    for (let start = 0; start < views.length; start += this.batchSize) {
      const end = start + this.batchSize;
      const given = detectedInstances?.slice(start, end);
      const batch = await this.model.inference(views.slice(start, end), {
        ...options,
        ...(given && { detectedInstances: given }),
        doPostprocess: false,
      });
      found.push(...batch);
    }
    return found;
  }

  /** Chooses among the boxes of all views, in pixels of the image. */
  #mergeDetections(
    views: readonly AugmentedInput[],
    found: readonly Instances<DetectionFields>[],
    imageSize: ImageSize,
  ): Instances<DetectionFields> {
    const boxes = Boxes.cat(
      found.map(({ predBoxes }, i) => {
        const toImage = views[i].transforms.inverse();
        return new Boxes(toImage.applyBox(predBoxes.tensor));
      }),
    );
    // One class of each box has a score, and background, the last, has none.
    const numColumns = this.numClasses + 1;
    const scores = new Float32Array(boxes.length * numColumns);
    let row = 0;
    for (const { scores: scoresOfView, predClasses } of found) {
      const classes = rowMajorData(predClasses);
      for (const [i, score] of rowMajorData(scoresOfView).entries()) {
        scores[row * numColumns + classes[i]] = score;
        row++;
      }
    }
    const [[merged]] = fastRcnnInference(
      [boxes.tensor],
      [ndarray(scores, [boxes.length, numColumns])],
      [imageSize],
      {
        scoreThresh: SCORE_THRESH,
        nmsThresh: this.nmsThresh,
        topkPerImage: this.detectionsPerImage,
      },
    );
    return merged;
  }
}

/** Instances of the image at their places in a view. */
function rescaleBoxes(
  instances: Instances<DetectionFields>,
  { image, transforms }: AugmentedInput,
): Instances<DetectionFields> {
  const [, height, width] = image.shape;
  const { scores, predClasses } = instances;
  const predBoxes = new Boxes(transforms.applyBox(instances.predBoxes.tensor));
  return new Instances([height, width], { predBoxes, scores, predClasses });
}

function isFlipped({ transforms }: AugmentedInput): boolean {
  return transforms.transforms.some((transform) => transform instanceof HFlipTransform);
}
