import { CNNBlockBase, LayerShapeError, type ShapeSpec } from "@detectron-ts/layers";
import { type Layer, LayerOptionError, type NormFactory, Sequential } from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";
import { BackboneModule, type FeatureMaps } from "../backbone.ts";
import { UnknownFeatureError } from "../errors.ts";
import { namedLayer } from "../named-layer.ts";
import type { BlockOptions } from "./blocks.ts";
import type { StemOptions } from "./stems.ts";

/** What an {@link AnyNet} has for all of its stages. */
export interface NetOptions {
  /** What comes before the first stage: {@link SimpleStem}, {@link ResStem} or another. */
  readonly stemClass: new (options: StemOptions) => CNNBlockBase;
  /** Output channels of the stem. */
  readonly stemWidth: number;
  /** What stages consist of: {@link ResBottleneckBlock}, {@link ResBasicBlock}, {@link VanillaBlock} or another. */
  readonly blockClass: new (options: BlockOptions) => CNNBlockBase;
  /** Squeezed channels, relative to a block's input; 0, when left out, for no squeeze and excitation. */
  readonly seRatio?: number;
  /** What follows each norm; `relu` when left out. */
  readonly activation?: Layer;
  /** What normalises each convolution, as `getNorm` takes it; `"BN"` when left out. */
  readonly norm?: string | NormFactory | null;
  /** The feature maps to return, of `"stem"`, `"s1"`, `"s2"`…; the last stage when left out. */
  readonly outFeatures?: readonly string[];
  /** Freezes from the start as {@link AnyNet.freeze} does; 0 when left out. */
  readonly freezeAt?: number;
}

/** Options of {@link AnyNet}; the lists have an entry for each stage. */
export interface AnyNetOptions extends NetOptions {
  /** Numbers of blocks. */
  readonly depths: readonly number[];
  /** Output channels. */
  readonly widths: readonly number[];
  readonly strides: readonly number[];
  readonly bottleneckRatios: readonly number[];
  readonly groupWidths: readonly number[];
}

/**
 * A stem and stages of equal blocks, sizes free ("Designing Network Design Spaces", Radosavovic et al. 2020; "Fast and
 * Accurate Model Scaling", Dollár et al. 2021). Mirrors `detectron2.modeling.backbone.regnet.AnyNet`.
 */
export class AnyNet extends BackboneModule {
  readonly stem: CNNBlockBase;
  readonly #stageNames: readonly string[];
  readonly #outputShape: Record<string, ShapeSpec>;

  /**
   * @throws LayerOptionError when lists differ in length, or channels don't divide into groups.
   * @throws UnknownFeatureError when `outFeatures` names what there is not.
   */
  constructor(options: AnyNetOptions) {
    super();
    const { stemClass: Stem, stemWidth, depths, norm, activation, freezeAt = 0 } = options;
    checkLengths(options);
    const layers = { ...(norm !== undefined && { norm }), ...(activation && { activation }) };
    const stem = new Stem({ inChannels: 3, outChannels: stemWidth, ...layers });
    this.stem = this.registerModule("stem", stem);
    const shapes = new Map<string, ShapeSpec>();
    let { outChannels: channels, stride } = this.stem;
    shapes.set("stem", { channels, stride });
    for (const index of depths.keys()) {
      const name = `s${index + 1}`;
      const blocks = this.#stage(options, index, channels, layers);
      this.registerModule(name, blocks);
      channels = options.widths[index];
      stride *= options.strides[index];
      shapes.set(name, { channels, stride });
    }
    this.#stageNames = depths.map((_, index) => `s${index + 1}`);

    const available = [...shapes.keys()];
    const { outFeatures = available.slice(-1) } = options;
    if (outFeatures.length === 0) {
      const detail = `has to name some of ${available.join(", ")}`;
      throw new LayerOptionError("AnyNet", "outFeatures", detail);
    }
    for (const feature of outFeatures) {
      if (!shapes.has(feature)) throw new UnknownFeatureError("AnyNet", feature, available);
    }
    this.#outputShape = Object.fromEntries(
      [...shapes].filter(([name]) => outFeatures.includes(name)),
    );
    this.freeze(freezeAt);
  }

  /**
   * @param images N×3×H×W.
   * @returns the feature maps of `outFeatures`.
   * @throws LayerShapeError when the images do not have four axes.
   */
  forward(images: Tensor): FeatureMaps {
    if (images.rank !== 4) throw new LayerShapeError("AnyNet", "images", images.shape, "N×C×H×W");
    const features: FeatureMaps = {};
    let x = images;
    for (const name of ["stem", ...this.#stageNames]) {
      x = namedLayer(this, name)(x);
      if (name in this.#outputShape) features[name] = x;
    }
    return features;
  }

  override outputShape(): Record<string, ShapeSpec> {
    return { ...this.#outputShape };
  }

  /**
   * Takes the first parts out of training, as `ResNet.freeze` does.
   *
   * @param freezeAt - 0 freezes nothing, 1 the stem, 2 also s1, 3 also s2, and so on.
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

  /** The blocks `b1`, `b2`…: channels change and the stride acts in the first of them. */
  #stage(
    options: AnyNetOptions,
    index: number,
    inChannels: number,
    layers: Pick<BlockOptions, "norm" | "activation">,
  ): Sequential {
    const { blockClass: Block, depths, widths, strides, bottleneckRatios, groupWidths } = options;
    const outChannels = widths[index];
    const stage = new Sequential();
    for (let i = 0; i < depths[index]; i++) {
      const block = new Block({
        inChannels: i === 0 ? inChannels : outChannels,
        outChannels,
        stride: i === 0 ? strides[index] : 1,
        bottleneckRatio: bottleneckRatios[index],
        groupWidth: groupWidths[index],
        seRatio: options.seRatio ?? 0,
        ...layers,
      });
      stage.add(block, `b${i + 1}`);
    }
    return stage;
  }
}

function checkLengths({ depths, ...others }: AnyNetOptions): void {
  for (const option of ["widths", "strides", "bottleneckRatios", "groupWidths"] as const) {
    const { length } = others[option];
    if (length !== depths.length) {
      const detail = `have to be one for each of ${depths.length} stages, got ${length}`;
      throw new LayerOptionError("AnyNet", option, detail);
    }
  }
  if (depths.some((depth) => !(Number.isInteger(depth) && depth > 0))) {
    throw new LayerOptionError("AnyNet", "depths", `have to be above 0, got ${depths.join(", ")}`);
  }
}
