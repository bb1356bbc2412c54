import type { ShapeSpec } from "@detectron-ts/layers";
import {
  gelu,
  type Generator,
  ModuleList,
  type NormFactory,
  type Parameter,
} from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";
import { BackboneModule, type FeatureMaps } from "../backbone.ts";
import { UnknownFeatureError } from "../errors.ts";
import { namedLayer } from "../named-layer.ts";
import { absolutePositions, positionCount } from "../transformer/absolute-positions.ts";
import { dropPathRates } from "../transformer/drop-path.ts";
import { embedding, initializeLinearLayers, tokenNorm } from "../transformer/initialize.ts";
import { PatchEmbed } from "../transformer/patch-embed.ts";
import { MultiScaleBlock } from "./multi-scale-block.ts";
import { planBlocks } from "./plan-blocks.ts";

type Sides = readonly [height: number, width: number];

/** Options of {@link MViT}; what is left out is as in MViTv2-S. */
export interface MViTOptions {
  /** Side of the images that embeddings of relative positions are for; 224 when left out. Others can be used, too. */
  readonly imgSize?: number;
  /** Side of the patch that a token sees; 7×7 when left out. */
  readonly patchKernel?: Sides;
  /** Pixels from one token to the next; 4×4 when left out. */
  readonly patchStride?: Sides;
  /** Zeros around the image; 3×3 when left out. */
  readonly patchPadding?: Sides;
  /** Channels of images; 3 when left out. */
  readonly inChans?: number;
  /** Channels of a token of the first stage, which double from stage to stage; 96 when left out. */
  readonly embedDim?: number;
  /** Number of blocks; 16 when left out. */
  readonly depth?: number;
  /** Heads of the attentions of the first stage, which double from stage to stage; 1 when left out. */
  readonly numHeads?: number;
  /** The last block of each of four stages; 0, 2, 11, 15 when left out. */
  readonly lastBlockIndexes?: readonly number[];
  /** Side of the convolutions that pool queries, keys and values; 3×3 when left out. */
  readonly qkvPoolKernel?: Sides;
  /** Tokens per key in the first stage, which halve from stage to stage; 4 when left out. */
  readonly adaptiveKvStride?: number;
  /** Side of windows in the first stage, which halve from stage to stage; 56 when left out, 0 for none. */
  readonly adaptiveWindowSize?: number;
  /** Whether pooled queries are added to what attention gives; true when left out. */
  readonly residualPooling?: boolean;
  /** Hidden channels of feed-forward parts over those of tokens; 4 when left out. */
  readonly mlpRatio?: number;
  /** Whether queries, keys and values have a bias; true when left out. */
  readonly qkvBias?: boolean;
  /** Probability of skipping the last block's parts in training, less for those before; 0 when left out. */
  readonly dropPathRate?: number;
  /** Layer norm with an epsilon of 1e-5 when left out. */
  readonly normLayer?: NormFactory;
  /** {@link gelu} when left out. */
  readonly activation?: (x: Tensor) => Tensor;
  /** Whether tokens know their place in the image; false when left out. */
  readonly useAbsPos?: boolean;
  /** Whether attention knows the distance of tokens; true when left out. */
  readonly useRelPos?: boolean;
  /** Whether embeddings of distances start at 0; true when left out. */
  readonly relPosZeroInit?: boolean;
  /** Side of the images that embeddings of places were trained with; 224 when left out. */
  readonly pretrainImgSize?: number;
  /** Whether these embeddings have one for a class token, which is not used here; true when left out. */
  readonly pretrainUseClsToken?: boolean;
  /** Features to return of `scale2`, `scale3`, …; scale2 to scale5 when left out. */
  readonly outFeatures?: readonly string[];
  /** Draws which blocks are skipped in training; the default generator when left out. */
  readonly generator?: Generator;
}

/**
 * A transformer of pooling attention, whose tokens become fewer and wider from stage to stage ("MViTv2: Improved Multiscale
 * Vision Transformers for Classification and Detection", Li et al. 2022). Stage s, counted from 2, gives the feature `scale{s}`
 * of stride 2^s. Mirrors `detectron2.modeling.backbone.MViT`.
 *
 * ```ts
 * const mvitT = new MViT({
 *   depth: 10,
 *   lastBlockIndexes: [0, 2, 7, 9],
 *   dropPathRate: 0.2,
 *   normLayer: (numChannels) => new ChannelsLastLayerNorm({ numChannels, eps: 1e-6 }),
 * });
 * const { scale2, scale3, scale4, scale5 } = mvitT(images);
 * ```
 */
export class MViT extends BackboneModule {
  readonly pretrainUseClsToken: boolean;
  readonly patchEmbed: PatchEmbed;
  /** 1×positions×embedDim. */
  readonly posEmbed: Parameter | null;
  readonly blocks: ModuleList<MultiScaleBlock>;
  /** Feature that a block ends the stage of, for blocks whose result is returned. */
  readonly #features: ReadonlyMap<number, string>;
  readonly #outputShape: Record<string, ShapeSpec>;

  /**
   * @throws UnknownFeatureError when a feature is asked for that no stage gives.
   * @throws LayerOptionError when channels do not divide into heads.
   */
  constructor(options: MViTOptions = {}) {
    super();
    const { imgSize = 224, patchKernel = [7, 7], patchStride = [4, 4] } = options;
    const { patchPadding = [3, 3], inChans = 3, embedDim = 96, depth = 16 } = options;
    const { numHeads = 1, lastBlockIndexes = [0, 2, 11, 15], qkvPoolKernel = [3, 3] } = options;
    const { adaptiveKvStride = 4, adaptiveWindowSize = 56, residualPooling = true } = options;
    const { mlpRatio = 4, qkvBias = true, dropPathRate = 0, normLayer = tokenNorm } = options;
    const { activation = gelu, useAbsPos = false, useRelPos = true, generator } = options;
    const { relPosZeroInit = true, pretrainImgSize = 224, pretrainUseClsToken = true } = options;
    const { outFeatures = ["scale2", "scale3", "scale4", "scale5"] } = options;

    this.pretrainUseClsToken = pretrainUseClsToken;
    this.patchEmbed = this.registerModule(
      "patch_embed",
      new PatchEmbed({
        kernelSize: patchKernel,
        stride: patchStride,
        padding: patchPadding,
        inChannels: inChans,
        embedDim,
      }),
    );
    const positions = positionCount(pretrainImgSize, patchStride, pretrainUseClsToken);
    this.posEmbed = useAbsPos ? embedding([1, positions, embedDim]) : null;
    const plans = planBlocks({
      embedDim,
      depth,
      numHeads,
      lastBlockIndexes,
      adaptiveKvStride,
      adaptiveWindowSize,
      inputSize: [Math.floor(imgSize / patchStride[0]), Math.floor(imgSize / patchStride[1])],
      stride: patchStride[0],
    });
    const rates = dropPathRates(dropPathRate, depth);
    const blocks = plans.map(
      (plan, i) =>
        new MultiScaleBlock({
          ...plan,
          mlpRatio,
          qkvBias,
          dropPath: rates[i],
          normLayer,
          activation,
          poolKernel: qkvPoolKernel,
          residualPooling,
          useRelPos,
          relPosZeroInit,
          generator,
        }),
    );
    this.blocks = this.registerModule("blocks", new ModuleList(blocks));

    const features = new Map<number, string>();
    const outputShape: Record<string, ShapeSpec> = {};
    for (const [i, { dimOut, feature }] of plans.entries()) {
      if (feature === null || !outFeatures.includes(feature.name)) continue;
      this.registerModule(`${feature.name}_norm`, normLayer(dimOut));
      features.set(i, feature.name);
      outputShape[feature.name] = { channels: dimOut, stride: feature.stride };
    }
    const unknown = outFeatures.find((name) => !(name in outputShape));
    if (unknown !== undefined) {
      const available = plans.flatMap(({ feature }) => (feature ? [feature.name] : []));
      throw new UnknownFeatureError("MViT", unknown, available);
    }
    this.#features = features;
    this.#outputShape = outputShape;
    initializeLinearLayers(this);
  }

  /**
   * @param images N×inChans×H×W, of any size.
   * @returns the features of `outFeatures`, N×C×H/stride×W/stride.
   */
  forward(images: Tensor): FeatureMaps {
    let x = this.patchEmbed(images);
    if (this.posEmbed) {
      const [, height, width] = x.shape;
      x = x.add(absolutePositions(this.posEmbed, this.pretrainUseClsToken, [height, width]));
    }
    const features: FeatureMaps = {};
    for (const [i, block] of [...this.blocks].entries()) {
      x = block(x);
      const name = this.#features.get(i);
      if (name === undefined) continue;
      features[name] = namedLayer(this, `${name}_norm`)(x).permute(0, 3, 1, 2);
    }
    return features;
  }

  override outputShape(): Record<string, ShapeSpec> {
    return { ...this.#outputShape };
  }
}
