import {
  DetectionCheckpointer,
  type LoadOptions,
  type LoadReport,
  type StateDictTarget,
} from "@detectron-ts/checkpoint";
import type { Config } from "@detectron-ts/config";
import { getFedLossClsWeights } from "@detectron-ts/data";
import { buildModel, type DetectionOutput, type ModelInput } from "@detectron-ts/modeling";
import { init } from "@detectron-ts/nn";
import { setFedLossClsWeightsSource } from "@detectron-ts/roi-heads";
import { isNdArray, rowMajorData } from "@detectron-ts/structures";
import { ResizeShortestEdge } from "@detectron-ts/transforms";
import ndarray, { type NdArray } from "ndarray";

import { MissingWeightsError, PredictorImageError } from "./errors.ts";

/** A model as a predictor sees it; those of `@detectron-ts/modeling` are of this kind. */
export interface PredictorModel<Output> {
  /** Order of the channels that the model wants, `BGR` or `RGB`. */
  readonly inputFormat: string;
  /** Leaves training. */
  eval(): unknown;
  /** What the model finds in each of some images. */
  inference(batchedInputs: readonly ModelInput[]): Promise<Output[]>;
}

/** Options of {@link DefaultPredictor}. */
export interface DefaultPredictorOptions<Output> {
  readonly model: PredictorModel<Output>;
  /** Brings an image to the size that the model sees. */
  readonly resize: ResizeShortestEdge;
  /** What became of the checkpoint, if one was loaded. */
  readonly loadReport?: LoadReport;
}

/** Options of {@link DefaultPredictor.create}. */
export interface CreatePredictorOptions extends LoadOptions {
  /** The checkpoint, a path or an address; MODEL.WEIGHTS of the config when left out. */
  readonly weights?: string;
}

/**
 * Runs a model on one image at a time, from pixels to results in pixels: resizes the image by INPUT.MIN_SIZE_TEST and
 * INPUT.MAX_SIZE_TEST, orders its channels by INPUT.FORMAT, and asks for results at the image's own size. Mirrors
 * `detectron2.engine.DefaultPredictor`.
 *
 * ```ts
 * const predictor = await DefaultPredictor.create(cfg);
 * const { instances } = await predictor.predict(await readImage("photo.jpg", { format: "BGR" }));
 * ```
 *
 * @typeParam Output - what the model yields for an image: instances, unless said otherwise.
 */
export class DefaultPredictor<Output = DetectionOutput> {
  readonly model: PredictorModel<Output>;
  readonly resize: ResizeShortestEdge;
  /** Which of the model's weights the checkpoint brought, and which it did not: those are zero. */
  readonly loadReport: LoadReport | undefined;

  /** Takes the model out of training. */
  constructor({ model, resize, loadReport }: DefaultPredictorOptions<Output>) {
    this.model = model;
    this.resize = resize;
    this.loadReport = loadReport;
    model.eval();
  }

  /**
   * Builds the model of a config and loads its checkpoint.
   *
   * The type of the results isn't known from a config: where MODEL.META_ARCHITECTURE is `ProposalNetwork`, say
   * `DefaultPredictor.create<ProposalOutput>(cfg)`.
   *
   * @throws MissingWeightsError when no checkpoint is named; CheckpointError of `@detectron-ts/checkpoint` when it can't be
   *   loaded.
   */
  static async create<Output = DetectionOutput>(
    cfg: Config,
    { weights = cfg.MODEL.WEIGHTS, ...loadOptions }: CreatePredictorOptions = {},
  ): Promise<DefaultPredictor<Output>> {
    if (weights === "") throw new MissingWeightsError();
    setFedLossClsWeightsSource(getFedLossClsWeights);
    // Drawing random weights, only to overwrite them, would take most of the time until the first detection.
    const model = init.withoutDrawing(() =>
      buildModel<PredictorModel<Output> & StateDictTarget>(cfg),
    );
    const loadReport = await new DetectionCheckpointer(model).load(weights, loadOptions);
    const { MIN_SIZE_TEST, MAX_SIZE_TEST } = cfg.INPUT;
    const resize = new ResizeShortestEdge({
      shortEdgeLength: MIN_SIZE_TEST,
      maxSize: MAX_SIZE_TEST,
    });
    return new DefaultPredictor({ model, resize, loadReport });
  }

  /**
   * What the model finds in an image.
   *
   * @param image - height × width × 3 in the order blue, green, red, as OpenCV and `readImage(…, { format: "BGR" })` have
   *   it, whatever INPUT.FORMAT says.
   * @throws PredictorImageError for an image of another shape or type, or without pixels.
   */
  async predict(image: NdArray<Uint8Array>): Promise<Output> {
    const [output] = await this.model.inference([this.preprocess(image)]);
    return output;
  }

  /** The model's input for an image: resized, channels first and in the model's order. Arguments as {@link predict}. */
  preprocess(image: NdArray<Uint8Array>): ModelInput {
    checkImage(image);
    const [height, width] = image.shape;
    const resized = this.resize.getTransform(image).applyImage(image);
    const reverse = this.model.inputFormat === "RGB";
    return { image: channelsFirst(resized, reverse), height, width };
  }
}

/** @throws PredictorImageError unless it is height × width × 3 bytes and not empty. */
export function checkImage(image: NdArray<Uint8Array>): void {
  const isImage =
    isNdArray(image) &&
    image.data instanceof Uint8Array &&
    image.size > 0 &&
    image.shape.length === 3;
  if (!isImage || image.shape[2] !== 3) {
    throw new PredictorImageError(image.shape ?? [], image.data?.constructor.name ?? typeof image);
  }
}

/** H×W×C bytes as C×H×W, the channels in their order or reversed. */
function channelsFirst(image: NdArray<Uint8Array>, reverse: boolean): NdArray<Uint8Array> {
  const [height, width, channels] = image.shape;
  const interleaved = rowMajorData(image);
  const planes = new Uint8Array(interleaved.length);
  const plane = height * width;
  for (let channel = 0; channel < channels; channel++) {
    const source = reverse ? channels - 1 - channel : channel;
    for (let i = 0; i < plane; i++)
      planes[channel * plane + i] = interleaved[i * channels + source];
  }
  return ndarray(planes, [channels, height, width]);
}
