import type { ShapeSpec } from "@detectron-ts/layers";
import {
  Conv2d,
  ConvTranspose2d,
  gelu,
  getNorm,
  type Layer,
  LayerOptionError,
  Sequential,
} from "@detectron-ts/nn";
import { maxPool2d, type Tensor } from "@detectron-ts/tensor";
import {
  type Backbone,
  BackboneModule,
  type BackbonePaddingConstraints,
  type FeatureMaps,
} from "../backbone.ts";
import { FeatureStrideError, UnknownFeatureError } from "../errors.ts";
import { arePyramidStrides } from "../fpn/strides.ts";
import type { TopBlock } from "../fpn/top-blocks.ts";
import { namedLayer } from "../named-layer.ts";

/** Options of {@link SimpleFeaturePyramid}. */
export interface SimpleFeaturePyramidOptions {
  /** The backbone that the pyramid stands on. */
  readonly net: Backbone;
  /** The one feature of it that all levels are made of. */
  readonly inFeature: string;
  /** Channels of every level. */
  readonly outChannels: number;
  /** Size of each level over that of the feature, halving from each to the next: of 4, 2, 1 and 0.5. */
  readonly scaleFactors: readonly number[];
  /** Makes the levels above; there are none when left out. */
  readonly topBlock?: TopBlock | null;
  /** Name of the normalisation of the pyramid's convolutions; `"LN"` when left out. */
  readonly norm?: string;
  /** Side of the square that images are to be padded to; 0, when left out, for none. */
  readonly squarePad?: number;
}

/**
 * A feature pyramid made of a single feature map, enlarged and shrunk ("Exploring Plain Vision Transformer Backbones for
 * Object Detection", Li et al. 2022, section 3). The level of stride 2^s is named `p{s}`. Mirrors
 * `detectron2.modeling.backbone.SimpleFeaturePyramid`.
 *
 * ```ts
 * const backbone = new SimpleFeaturePyramid({
 *   net: new ViT({ useRelPos: true }),
 *   inFeature: "last_feat",
 *   outChannels: 256,
 *   scaleFactors: [4, 2, 1, 0.5],
 *   topBlock: new LastLevelMaxPool(),
 *   squarePad: 1024,
 * });
 * const { p2, p3, p4, p5, p6 } = backbone(images);
 * ```
 */
export class SimpleFeaturePyramid extends BackboneModule {
  readonly net: Backbone;
  readonly inFeature: string;
  readonly topBlock: TopBlock | null;
  readonly squarePad: number;
  /** Checkpoint names of what makes each level, the finest first. */
  readonly #stages: readonly string[];
  readonly #outputShape: Record<string, ShapeSpec>;

  /**
   * @throws UnknownFeatureError when the net lacks `inFeature`, or net and pyramid what the top block needs.
   * @throws FeatureStrideError when strides of levels are not powers of two that double from level to level.
   * @throws LayerOptionError for another scale factor, or when the net does not tell the feature's channels.
   */
  constructor(options: SimpleFeaturePyramidOptions) {
    super();
    const { net, inFeature, outChannels, scaleFactors } = options;
    const { topBlock = null, norm = "LN", squarePad = 0 } = options;
    const shapes = net.outputShape();
    if (!(inFeature in shapes)) {
      throw new UnknownFeatureError("SimpleFeaturePyramid", inFeature, Object.keys(shapes));
    }
    const { channels, stride } = shapes[inFeature];
    if (channels === undefined || stride === undefined) {
      const detail = `does not tell the channels and the stride of ${inFeature}`;
      throw new LayerOptionError("SimpleFeaturePyramid", "net", detail);
    }
    const strides = scaleFactors.map((scale) => Math.trunc(stride / scale));
    if (!arePyramidStrides(strides)) {
      throw new FeatureStrideError(
        scaleFactors.map((scale) => `${inFeature} × ${scale}`),
        strides,
      );
    }

    const outputShape: Record<string, ShapeSpec> = {};
    const stages = strides.map((levelStride, i) => {
      const level = Math.log2(levelStride);
      const name = `simfp_${level}`;
      this.registerModule(name, createStage(scaleFactors[i], channels, outChannels, norm));
      outputShape[`p${level}`] = { channels: outChannels, stride: levelStride };
      return name;
    });
    if (topBlock) {
      const available = [...Object.keys(shapes), ...Object.keys(outputShape)];
      if (!available.includes(topBlock.inFeature)) {
        throw new UnknownFeatureError("SimpleFeaturePyramid", topBlock.inFeature, available);
      }
      const coarsest = Math.log2(strides[strides.length - 1]);
      for (let above = 1; above <= topBlock.numLevels; above++) {
        const level = coarsest + above;
        outputShape[`p${level}`] = { channels: outChannels, stride: 2 ** level };
      }
    }
    this.net = net;
    this.inFeature = inFeature;
    this.topBlock = topBlock;
    this.squarePad = squarePad;
    this.#stages = stages;
    this.#outputShape = outputShape;
  }

  /**
   * @param images N×C×H×W.
   * @returns the levels by name, N×outChannels×H/stride×W/stride each, the finest first.
   */
  forward(images: Tensor): FeatureMaps {
    const netFeatures = this.net(images);
    const feature = netFeatures[this.inFeature];
    const names = Object.keys(this.#outputShape);
    const outputs = this.#stages.map((stage) => namedLayer(this, stage)(feature));
    if (this.topBlock) {
      const { inFeature } = this.topBlock;
      const start = netFeatures[inFeature] ?? outputs[names.indexOf(inFeature)];
      outputs.push(...this.topBlock(start));
    }
    return Object.fromEntries(outputs.map((output, index) => [names[index], output]));
  }

  override outputShape(): Record<string, ShapeSpec> {
    return { ...this.#outputShape };
  }

  override get paddingConstraints(): BackbonePaddingConstraints {
    return { squareSize: this.squarePad };
  }
}

/** What makes a level: a change of size, then a 1×1 and a 3×3 convolution whose biases give way to norms. */
function createStage(
  scale: number,
  channels: number,
  outChannels: number,
  norm: string,
): Sequential {
  const { layers, resizedChannels } = createResizing(scale, channels, norm);
  const convolution = (inChannels: number, kernelSize: number): Conv2d =>
    new Conv2d({
      inChannels,
      outChannels,
      kernelSize,
      padding: (kernelSize - 1) / 2,
      bias: norm === "",
      norm: getNorm(norm, outChannels),
    });
  return new Sequential(...layers, convolution(resizedChannels, 1), convolution(outChannels, 3));
}

function createResizing(
  scale: number,
  channels: number,
  norm: string,
): { layers: Layer[]; resizedChannels: number } {
  const half = Math.floor(channels / 2);
  const quarter = Math.floor(channels / 4);
  switch (scale) {
    case 4: {
      const first = createUpsampling(channels, half);
      const middle = getNorm(norm, half);
      const layers = [first, ...(middle ? [middle] : []), gelu, createUpsampling(half, quarter)];
      return { layers, resizedChannels: quarter };
    }
    case 2:
      return { layers: [createUpsampling(channels, half)], resizedChannels: half };
    case 1:
      return { layers: [], resizedChannels: channels };
    case 0.5:
      return { layers: [(x) => maxPool2d(x, { kernelSize: 2 })], resizedChannels: channels };
    default: {
      const detail = `have to be of 4, 2, 1 and 0.5, got ${scale}`;
      throw new LayerOptionError("SimpleFeaturePyramid", "scaleFactors", detail);
    }
  }
}

/** A transposed convolution that doubles both sides. */
function createUpsampling(inChannels: number, outChannels: number): ConvTranspose2d {
  return new ConvTranspose2d({ inChannels, outChannels, kernelSize: 2, stride: 2 });
}
