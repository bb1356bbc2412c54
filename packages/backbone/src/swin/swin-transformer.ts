import type { ShapeSpec } from "@detectron-ts/layers";
import {
  Dropout,
  type Generator,
  LayerOptionError,
  ModuleList,
  type NormFactory,
  type Parameter,
} from "@detectron-ts/nn";
import { interpolate, type Tensor } from "@detectron-ts/tensor";
import { BackboneModule, type FeatureMaps } from "../backbone.ts";
import { namedLayer } from "../named-layer.ts";
import { dropPathRates } from "../transformer/drop-path.ts";
import { embedding, initializeLinearLayers, tokenNorm } from "../transformer/initialize.ts";
import { BasicLayer } from "./basic-layer.ts";
import { SwinPatchEmbed } from "./patch-embed.ts";

/** Options of {@link SwinTransformer}; what is left out is as in Swin-T. */
export interface SwinTransformerOptions {
  /** Side of the images that embeddings of places were trained with, if there are any; 224 when left out. */
  readonly pretrainImgSize?: number;
  /** Side of the patch that a token of the first stage stands for; 4 when left out. */
  readonly patchSize?: number;
  /** Channels of images; 3 when left out. */
  readonly inChans?: number;
  /** Channels of a token of the first stage, which double from stage to stage; 96 when left out. */
  readonly embedDim?: number;
  /** Blocks of each stage; 2, 2, 6, 2 when left out. */
  readonly depths?: readonly number[];
  /** Heads of the attentions of each stage; 3, 6, 12, 24 when left out. */
  readonly numHeads?: readonly number[];
  /** Side of a window in tokens; 7 when left out. */
  readonly windowSize?: number;
  /** Hidden channels of feed-forward parts over those of tokens; 4 when left out. */
  readonly mlpRatio?: number;
  /** Whether queries, keys and values have a bias; true when left out. */
  readonly qkvBias?: boolean;
  /** Factor of the products of queries and keys; 1 / √(channels of a head) when left out. */
  readonly qkScale?: number;
  /** Probability of dropping a value in training; 0 when left out. */
  readonly dropRate?: number;
  /** Probability of dropping the weight of a value in training; 0 when left out. */
  readonly attnDropRate?: number;
  /** Probability of skipping the last block's parts in training, less for those before; 0.2 when left out. */
  readonly dropPathRate?: number;
  /** Layer norm with an epsilon of 1e-5 when left out. */
  readonly normLayer?: NormFactory;
  /** Whether embeddings of places are added to tokens; false when left out. */
  readonly ape?: boolean;
  /** Whether there is a norm after the patches; true when left out. */
  readonly patchNorm?: boolean;
  /** Stages that give a feature, `p0`, `p1`, …; 0, 1, 2, 3 when left out. */
  readonly outIndices?: readonly number[];
  /** Takes out of training: at 0 the patches, at 1 also the embeddings of places, at i also stages 0 to i - 2; -1 when left out. */
  readonly frozenStages?: number;
  /** Draws what is dropped in training; the default generator when left out. */
  readonly generator?: Generator;
}

/**
 * A transformer of shifted windows ("Swin Transformer", Liu et al. 2021), whose tokens are merged 2×2 from stage to stage.
 * Stage i gives the feature `p{i}` of stride 2^(i+2). Mirrors `detectron2.modeling.backbone.SwinTransformer`.
 *
 * ```ts
 * const swinB = new SwinTransformer({
 *   embedDim: 128,
 *   depths: [2, 2, 18, 2],
 *   numHeads: [4, 8, 16, 32],
 *   dropPathRate: 0.4,
 * });
 * const { p0, p1, p2, p3 } = swinB(images);
 * ```
 */
export class SwinTransformer extends BackboneModule {
  readonly patchEmbed: SwinPatchEmbed;
  /** 1×embedDim×rows×columns. */
  readonly absolutePosEmbed: Parameter | null;
  readonly posDrop: Dropout;
  readonly layers: ModuleList<BasicLayer>;
  readonly #outIndices: readonly number[];
  readonly #embedDim: number;

  /**
   * @throws LayerOptionError when `depths` and `numHeads` differ in length, when `outIndices` names a stage there isn't, or
   *   when channels do not divide into heads.
   */
  constructor(options: SwinTransformerOptions = {}) {
    super();
    const { pretrainImgSize = 224, patchSize = 4, inChans = 3, embedDim = 96 } = options;
    const { depths = [2, 2, 6, 2], numHeads = [3, 6, 12, 24], windowSize = 7 } = options;
    const { mlpRatio = 4, qkvBias = true, qkScale, dropRate = 0, attnDropRate = 0 } = options;
    const { dropPathRate = 0.2, normLayer = tokenNorm, ape = false, patchNorm = true } = options;
    const { outIndices = [0, 1, 2, 3], frozenStages = -1, generator } = options;
    checkStages(depths, numHeads, outIndices);

    const patchNormLayer = patchNorm ? normLayer : null;
    this.patchEmbed = this.registerModule(
      "patch_embed",
      new SwinPatchEmbed({ patchSize, inChans, embedDim, normLayer: patchNormLayer }),
    );
    const side = Math.floor(pretrainImgSize / patchSize);
    this.absolutePosEmbed = ape ? embedding([1, embedDim, side, side]) : null;
    this.posDrop = new Dropout({ p: dropRate, ...(generator && { generator }) });
    const rates = dropPathRates(dropPathRate, sum(depths));
    const layers = depths.map((depth, stage) => {
      const first = sum(depths.slice(0, stage));
      return new BasicLayer({
        dim: embedDim * 2 ** stage,
        numHeads: numHeads[stage],
        windowSize,
        mlpRatio,
        qkvBias,
        qkScale,
        drop: dropRate,
        attnDrop: attnDropRate,
        dropPath: rates.slice(first, first + depth),
        normLayer,
        downsample: stage < depths.length - 1,
        generator,
      });
    });
    this.layers = this.registerModule("layers", new ModuleList(layers));
    for (const stage of outIndices) {
      this.registerModule(`norm${stage}`, normLayer(embedDim * 2 ** stage));
    }
    this.#outIndices = outIndices;
    this.#embedDim = embedDim;
    initializeLinearLayers(this);
    this.#freeze(frozenStages);
  }

  /**
   * @param images N×inChans×H×W, of any size.
   * @returns the features of `outIndices`, N×C×⌈H/stride⌉×⌈W/stride⌉.
   */
  forward(images: Tensor): FeatureMaps {
    let x = this.patchEmbed(images);
    if (this.absolutePosEmbed) {
      const [, height, width] = x.shape;
      const size = [height, width] as const;
      const positions = interpolate(this.absolutePosEmbed, { size, mode: "bicubic" });
      x = x.add(positions.permute(0, 2, 3, 1));
    }
    x = this.posDrop(x);
    const features: FeatureMaps = {};
    for (const [stage, layer] of [...this.layers].entries()) {
      const { output, next } = layer(x);
      if (this.#outIndices.includes(stage)) {
        features[`p${stage}`] = namedLayer(this, `norm${stage}`)(output).permute(0, 3, 1, 2);
      }
      x = next;
    }
    return features;
  }

  override outputShape(): Record<string, ShapeSpec> {
    const shapes = this.#outIndices.map((stage) => {
      const spec: ShapeSpec = { channels: this.#embedDim * 2 ** stage, stride: 2 ** (stage + 2) };
      return [`p${stage}`, spec] as const;
    });
    return Object.fromEntries(shapes);
  }

  override get sizeDivisibility(): number {
    return 32;
  }

  #freeze(frozenStages: number): void {
    if (frozenStages >= 0) this.patchEmbed.setRequiresGrad(false);
    if (frozenStages >= 1 && this.absolutePosEmbed) this.absolutePosEmbed.requiresGrad = false;
    for (const layer of [...this.layers].slice(0, Math.max(0, frozenStages - 1))) {
      layer.setRequiresGrad(false);
    }
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function checkStages(
  depths: readonly number[],
  numHeads: readonly number[],
  outIndices: readonly number[],
): void {
  if (depths.length !== numHeads.length) {
    const detail = `has to have one for each of ${depths.length} stages, got ${numHeads.length}`;
    throw new LayerOptionError("SwinTransformer", "numHeads", detail);
  }
  const unknown = outIndices.find((stage) => !(stage in depths));
  if (unknown !== undefined) {
    const detail = `has to name some of ${depths.length} stages, got ${unknown}`;
    throw new LayerOptionError("SwinTransformer", "outIndices", detail);
  }
}
