import { CNNBlockBase, LayerShapeError, makeStage, type ShapeSpec } from "@detectron-ts/layers";
import { init, LayerOptionError, Linear, Sequential } from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";
import { BackboneModule, type FeatureMaps } from "../backbone.ts";
import { UnknownFeatureError } from "../errors.ts";
import { namedLayer } from "../named-layer.ts";
import { makeDefaultStages } from "./stages.ts";

/** Options of {@link ResNet}. */
export interface ResNetOptions {
  /** What comes before the first stage. */
  readonly stem: CNNBlockBase;
  /** The blocks of res2, res3 and so on; see {@link ResNet.makeDefaultStages}. */
  readonly stages: readonly (readonly CNNBlockBase[])[];
  /** Classes of a linear classifier after the last stage; none is made when left out. */
  readonly numClasses?: number;
  /**
   * The feature maps to return: `"stem"`, `"res2"`…, or `"linear"` for the classifier's logits. When left
   * out, the logits if there is a classifier, else the last stage.
   */
  readonly outFeatures?: readonly string[];
  /** Freezes from the start as {@link ResNet.freeze} does; 0 when left out. */
  readonly freezeAt?: number;
}

/**
 * A residual network ("Deep Residual Learning for Image Recognition", He et al. 2016). Stages after the last
 * one that is asked for are dropped. Mirrors `detectron2.modeling.backbone.ResNet`.
 *
 * ```ts
 * const resnet = new ResNet({
 *   stem: new BasicStem({ norm: "FrozenBN" }),
 *   stages: ResNet.makeDefaultStages({ depth: 50, norm: "FrozenBN" }),
 *   outFeatures: ["res4", "res5"],
 * });
 * ```
 */
export class ResNet extends BackboneModule {
  /** The blocks of one stage: channels change and the stride acts in the first of them. */
  static readonly makeStage = makeStage;
  /** All stages of a standard ResNet or ResNeXt. */
  static readonly makeDefaultStages = makeDefaultStages;

  readonly stem: CNNBlockBase;
  /** The classifier on the last stage's mean over all positions, if there is one. */
  readonly linear: Linear | null;
  readonly #stageNames: readonly string[];
  readonly #outputShape: Record<string, ShapeSpec>;

  /**
   * @throws UnknownFeatureError when `outFeatures` names what there is not.
   * @throws LayerOptionError when `outFeatures` or a stage is empty.
   */
  constructor({ stem, stages, numClasses, outFeatures, freezeAt = 0 }: ResNetOptions) {
    super();
    const stageNames = stages.map((_, index) => `res${index + 2}`);
    const last = stageNames.at(-1) ?? "stem";
    const wanted = outFeatures ?? [numClasses === undefined ? last : "linear"];
    const available = ["stem", ...stageNames, ...(numClasses === undefined ? [] : ["linear"])];
    checkOutFeatures(wanted, available);
    const needsAll = numClasses !== undefined;
    const numStages = needsAll
      ? stages.length
      : Math.max(...wanted.map((feature) => available.indexOf(feature)));

    this.stem = this.registerModule("stem", stem);
    const shapes = new Map<string, ShapeSpec>();
    let channels = stem.outChannels;
    let stride = stem.stride;
    shapes.set("stem", { channels, stride });
    for (const [index, blocks] of stages.slice(0, numStages).entries()) {
      const name = stageNames[index];
      if (blocks.length === 0) throw new LayerOptionError("ResNet", name, "has no blocks");
      this.registerModule(name, new Sequential(...blocks));
      channels = blocks[blocks.length - 1].outChannels;
      for (const block of blocks) stride *= block.stride;
      shapes.set(name, { channels, stride });
    }
    this.#stageNames = stageNames.slice(0, numStages);

    this.linear = null;
    if (numClasses !== undefined) {
      this.linear = new Linear({ inFeatures: channels, outFeatures: numClasses });
      init.normal(this.linear.weight, { std: 0.01 });
      shapes.set("linear", { channels: numClasses });
    }
    this.#outputShape = Object.fromEntries([...shapes].filter(([name]) => wanted.includes(name)));
    this.freeze(freezeAt);
  }

  /**
   * @param images N×C×H×W.
   * @returns the feature maps of `outFeatures`; `linear` is N×numClasses.
   * @throws LayerShapeError when the images do not have four axes.
   */
  forward(images: Tensor): FeatureMaps {
    if (images.rank !== 4) throw new LayerShapeError("ResNet", "images", images.shape, "N×C×H×W");
    const features: FeatureMaps = {};
    const keep = (name: string, feature: Tensor): Tensor => {
      if (name in this.#outputShape) features[name] = feature;
      return feature;
    };
    let x = keep("stem", this.stem(images));
    for (const name of this.#stageNames) x = keep(name, namedLayer(this, name)(x));
    if (this.linear) keep("linear", this.linear(x.mean([2, 3])));
    return features;
  }

  override outputShape(): Record<string, ShapeSpec> {
    return { ...this.#outputShape };
  }

  /**
   * Takes the first parts out of training: their parameters get no gradients, and their batch norms become
   * frozen ones. Fine-tuning usually freezes what comes first, as it is the most general.
   *
   * @param freezeAt - 0 freezes nothing, 1 the stem, 2 also res2, 3 also res3, and so on.
   */
  freeze(freezeAt = 0): this {
    if (freezeAt >= 1) this.stem.freeze();
    for (const name of this.#stageNames.slice(0, Math.max(0, freezeAt - 1))) {
      for (const block of this.getSubmodule(name).children()) {
        if (block instanceof CNNBlockBase) block.freeze();
      }
    }
    return this;
  }
}

function checkOutFeatures(wanted: readonly string[], available: readonly string[]): void {
  if (wanted.length === 0) {
    const detail = `has to name some of ${available.join(", ")}`;
    throw new LayerOptionError("ResNet", "outFeatures", detail);
  }
  for (const feature of wanted) {
    if (!available.includes(feature)) throw new UnknownFeatureError("ResNet", feature, available);
  }
}
