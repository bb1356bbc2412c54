import { buildBackbone } from "@detectron-ts/backbone";
import type { Config } from "@detectron-ts/config";
import type { Losses } from "@detectron-ts/roi-heads";

import { ModelModeError } from "../errors.ts";
import { inputFormat } from "../input-format.ts";
import { MetaArchitecture, type MetaArchitectureOptions } from "../meta-architecture.ts";
import { type ModelInput, outputSize } from "../model-input.ts";
import { buildSemSegHead } from "./build.ts";
import type { SemSegHead } from "./sem-seg-head.ts";
import { semSegTargets } from "./sem-seg-targets.ts";
import { SemanticSegmentation, semSegPostprocess } from "./semantic-segmentation.ts";

/** Options of {@link SemanticSegmentor}. */
export interface SemanticSegmentorOptions extends MetaArchitectureOptions {
  readonly semSegHead: SemSegHead;
}

/** What the pixels of one image show. */
export interface SemSegOutput {
  /** Of the wanted size. */
  readonly semSeg: SemanticSegmentation;
}

/**
 * A backbone and a head that says of each pixel what it shows. Mirrors `detectron2.modeling.SemanticSegmentor`.
 *
 * A call gives the segmentation of each image, or in training the losses; {@link inference} and {@link losses} are these
 * two with result types of their own.
 */
export class SemanticSegmentor extends MetaArchitecture<SemSegOutput> {
  readonly semSegHead: SemSegHead;

  /** @throws ModelOptionsError when mean or deviation isn't a number for each channel, above 0 for the deviation. */
  constructor(options: SemanticSegmentorOptions) {
    super(options);
    this.semSegHead = options.semSegHead;
  }

  /**
   * Every part as the config names it.
   *
   * @throws OptionError of `@detectron-ts/layers` when INPUT.FORMAT is neither RGB nor BGR.
   */
  static fromConfig(cfg: Config): SemanticSegmentorOptions {
    const backbone = buildBackbone(cfg);
    return {
      backbone,
      semSegHead: buildSemSegHead(cfg, backbone.outputShape()),
      pixelMean: cfg.MODEL.PIXEL_MEAN,
      pixelStd: cfg.MODEL.PIXEL_STD,
      inputFormat: inputFormat(cfg),
    };
  }

  /**
   * The losses of the head.
   *
   * @throws ModelModeError unless the model is in training.
   * @throws MissingInputError when an input has no `semSeg`.
   * @throws SemSegSizeError | SemSegLabelError for labels that do not fit their image or the classes.
   */
  async losses(batchedInputs: readonly ModelInput[]): Promise<Losses> {
    if (!this.training) throw new ModelModeError("losses");
    const images = this.preprocessImage(batchedInputs);
    const { backbone, semSegHead } = this;
    const targets = semSegTargets(batchedInputs, images.imageSizes, backbone, semSegHead);
    const [, losses] = await semSegHead(backbone(images.tensor), targets);
    return losses;
  }

  /**
   * What the pixels of each image show, at the size that its input asks for.
   *
   * @throws ModelModeError when the model is in training.
   */
  async inference(batchedInputs: readonly ModelInput[]): Promise<SemSegOutput[]> {
    if (this.training) throw new ModelModeError("inference");
    const images = this.preprocessImage(batchedInputs);
    const [logits] = await this.semSegHead(this.backbone(images.tensor));
    return images.imageSizes.map((imageSize, i) => {
      const [height, width] = outputSize(batchedInputs[i], imageSize);
      const mapped = semSegPostprocess(logits.select(0, i), imageSize, height, width);
      return { semSeg: new SemanticSegmentation(mapped) };
    });
  }
}
