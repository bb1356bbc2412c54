import { LayerShapeError, type ShapeSpec } from "@detectron-ts/layers";
import { Conv2d, getNorm, init, LayerOptionError } from "@detectron-ts/nn";
import { interpolate, type Tensor } from "@detectron-ts/tensor";
import {
  type Backbone,
  BackboneModule,
  type BackbonePaddingConstraints,
  type FeatureMaps,
} from "../backbone.ts";
import { FeatureStrideError, UnknownFeatureError } from "../errors.ts";
import { namedLayer } from "../named-layer.ts";
import { arePyramidStrides } from "./strides.ts";
import type { TopBlock } from "./top-blocks.ts";

/** How a level joins the one above it: by their sum or by their mean. */
export type FuseType = "sum" | "avg";

/** Options of {@link FPN}. */
export interface FPNOptions {
  /** The backbone that the pyramid stands on. */
  readonly bottomUp: Backbone;
  /** Its features that become levels, the finest first; strides double from each to the next. */
  readonly inFeatures: readonly string[];
  /** Channels of every level. */
  readonly outChannels: number;
  /** Name of the normalisation of the pyramid's convolutions; none when left out. */
  readonly norm?: string;
  /** Makes the levels above the coarsest feature; there are none when left out. */
  readonly topBlock?: TopBlock | null;
  /** `"sum"` when left out. */
  readonly fuseType?: FuseType;
  /** Side of the square that images are to be padded to; 0, when left out, for none. */
  readonly squarePad?: number;
}

/** One level by names: its bottom-up feature, the 1×1 convolution of that, the 3×3 of what is merged. */
interface Level {
  readonly feature: string;
  readonly lateral: string;
  readonly output: string;
}

/**
 * A feature pyramid ("Feature Pyramid Networks for Object Detection", Lin et al. 2017). The level made of the
 * feature of stride 2^s is named `p{s}`. Mirrors `detectron2.modeling.backbone.FPN`.
 *
 * ```ts
 * const fpn = new FPN({
 *   bottomUp: resnet, // with features res2 to res5
 *   inFeatures: ["res2", "res3", "res4", "res5"],
 *   outChannels: 256,
 *   topBlock: new LastLevelMaxPool(),
 * });
 * const { p2, p3, p4, p5, p6 } = fpn(images);
 * ```
 */
export class FPN extends BackboneModule {
  readonly topBlock: TopBlock | null;
  readonly bottomUp: Backbone;
  readonly fuseType: FuseType;
  readonly squarePad: number;
  /** From the coarsest to the finest, the order in which they are computed. */
  readonly #levels: readonly Level[];
  readonly #outputShape: Record<string, ShapeSpec>;
  readonly #sizeDivisibility: number;

  /**
   * @throws UnknownFeatureError when the backbone lacks a feature that the pyramid or its top block needs.
   * @throws FeatureStrideError when strides are not powers of two that double from feature to feature.
   * @throws LayerOptionError when there is no `inFeatures`, or the backbone does not tell a feature's channels.
   */
  constructor(options: FPNOptions) {
    super();
    const { bottomUp, inFeatures, outChannels, norm = "", topBlock = null } = options;
    const { fuseType = "sum", squarePad = 0 } = options;
    const shapes = bottomUp.outputShape();
    const strides = checkedStrides(shapes, inFeatures);

    const levels: Level[] = [];
    const outputShape: Record<string, ShapeSpec> = {};
    for (const [index, feature] of inFeatures.entries()) {
      const scale = Math.log2(strides[index]);
      const { channels } = shapes[feature];
      if (channels === undefined) {
        throw new LayerOptionError("FPN", "bottomUp", `does not tell the channels of ${feature}`);
      }
      const [lateral, output] = [`fpn_lateral${scale}`, `fpn_output${scale}`];
      this.registerModule(lateral, createConv(channels, outChannels, 1, norm));
      this.registerModule(output, createConv(outChannels, outChannels, 3, norm));
      levels.unshift({ feature, lateral, output });
      outputShape[`p${scale}`] = { channels: outChannels, stride: strides[index] };
    }
    const coarsest = strides[strides.length - 1];
    if (topBlock) {
      const available = [...Object.keys(shapes), ...Object.keys(outputShape)];
      if (!available.includes(topBlock.inFeature)) {
        throw new UnknownFeatureError("FPN", topBlock.inFeature, available);
      }
      for (let above = 1; above <= topBlock.numLevels; above++) {
        const stride = coarsest * 2 ** above;
        outputShape[`p${Math.log2(stride)}`] = { channels: outChannels, stride };
      }
    }

    this.topBlock = topBlock;
    this.bottomUp = bottomUp;
    this.fuseType = fuseType;
    this.squarePad = squarePad;
    this.#levels = levels;
    this.#outputShape = outputShape;
    this.#sizeDivisibility = coarsest;
  }

  /**
   * @param images N×C×H×W, H and W multiples of `sizeDivisibility`.
   * @returns the levels by name, N×outChannels×H/stride×W/stride each, the finest first.
   * @throws LayerShapeError when a level is not exactly twice as large as the one above it.
   */
  forward(images: Tensor): FeatureMaps {
    const bottomUpFeatures = this.bottomUp(images);
    const outputs: Tensor[] = [];
    let above: Tensor | null = null;
    for (const { feature, lateral, output } of this.#levels) {
      const side = namedLayer(this, lateral)(bottomUpFeatures[feature]);
      const merged: Tensor = above ? this.#merge(side, above, feature) : side;
      outputs.unshift(namedLayer(this, output)(merged));
      above = merged;
    }
    const names = Object.keys(this.#outputShape);
    if (this.topBlock) {
      const { inFeature } = this.topBlock;
      const start = bottomUpFeatures[inFeature] ?? outputs[names.indexOf(inFeature)];
      outputs.push(...this.topBlock(start));
    }
    return Object.fromEntries(outputs.map((output, index) => [names[index], output]));
  }

  override outputShape(): Record<string, ShapeSpec> {
    return { ...this.#outputShape };
  }

  /** The stride of the coarsest feature that enters, so that each level is twice the size of the next. */
  override get sizeDivisibility(): number {
    return this.#sizeDivisibility;
  }

  override get paddingConstraints(): BackbonePaddingConstraints {
    return { squareSize: this.squarePad };
  }

  /** Joins a lateral feature with the level above it, brought to the same size by repeating its cells. */
  #merge(side: Tensor, above: Tensor, feature: string): Tensor {
    const topDown = interpolate(above, { scaleFactor: 2, mode: "nearest" });
    const [, , height, width] = topDown.shape;
    if (side.shape[2] !== height || side.shape[3] !== width) {
      const wanted = `N×C×${height}×${width}; images must be multiples of ${this.#sizeDivisibility}`;
      throw new LayerShapeError("FPN", feature, side.shape, wanted);
    }
    const sum = side.add(topDown);
    return this.fuseType === "avg" ? sum.div(2) : sum;
  }
}

/** A convolution that keeps the size; its bias gives way to a norm. */
function createConv(inChannels: number, outChannels: number, side: number, norm: string): Conv2d {
  const conv = new Conv2d({
    inChannels,
    outChannels,
    kernelSize: side,
    padding: (side - 1) / 2,
    bias: norm === "",
    norm: getNorm(norm, outChannels),
  });
  init.c2XavierFill(conv);
  return conv;
}

/** The strides of the features, consecutive powers of two. */
function checkedStrides(
  shapes: Record<string, ShapeSpec>,
  inFeatures: readonly string[],
): readonly number[] {
  if (inFeatures.length === 0) {
    throw new LayerOptionError("FPN", "inFeatures", "has to name some features");
  }
  for (const feature of inFeatures) {
    if (!(feature in shapes)) throw new UnknownFeatureError("FPN", feature, Object.keys(shapes));
  }
  const strides = inFeatures.map((feature) => shapes[feature].stride ?? Number.NaN);
  if (!arePyramidStrides(strides)) {
    const told = inFeatures.map((feature) => shapes[feature].stride);
    throw new FeatureStrideError(inFeatures, told);
  }
  return strides;
}
