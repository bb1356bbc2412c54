import { Linear, Module, type Parameter } from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";
import { headDimOf, joinHeads, splitHeads } from "../transformer/heads.ts";
import { embedding } from "../transformer/initialize.ts";
import { gridAttention } from "../transformer/relative-positions.ts";

/** Options of {@link Attention}. */
export interface AttentionOptions {
  readonly dim: number;
  readonly numHeads: number;
  /** Whether queries, keys and values have a bias. */
  readonly qkvBias: boolean;
  /** Whether the distance of tokens counts. */
  readonly useRelPos: boolean;
  /** Whether embeddings of distances start at 0. */
  readonly relPosZeroInit: boolean;
  /** Rows and columns of tokens that these embeddings are for. */
  readonly inputSize: readonly [height: number, width: number];
}

/** Attention of a grid of tokens to itself, by several heads. Mirrors `detectron2.modeling.backbone.vit.Attention`. */
export class Attention extends Module<[x: Tensor], Tensor> {
  readonly numHeads: number;
  readonly scale: number;
  readonly qkv: Linear;
  readonly proj: Linear;
  /** (2·rows - 1)×headDim. */
  readonly relPosH: Parameter | null;
  /** (2·columns - 1)×headDim. */
  readonly relPosW: Parameter | null;

  /** @throws LayerOptionError when channels do not divide into heads. */
  constructor(options: AttentionOptions) {
    super();
    const { dim, numHeads, qkvBias, useRelPos, relPosZeroInit, inputSize } = options;
    const headDim = headDimOf("Attention", dim, numHeads);
    const distances = (side: number): Parameter =>
      embedding([2 * side - 1, headDim], { zeros: relPosZeroInit });
    this.numHeads = numHeads;
    this.scale = headDim ** -0.5;
    this.qkv = new Linear({ inFeatures: dim, outFeatures: 3 * dim, bias: qkvBias });
    this.proj = new Linear({ inFeatures: dim, outFeatures: dim });
    this.relPosH = useRelPos ? distances(inputSize[0]) : null;
    this.relPosW = useRelPos ? distances(inputSize[1]) : null;
  }

  /**
   * @param x N×H×W×dim.
   * @returns the same shape.
   */
  forward(x: Tensor): Tensor {
    const [n, height, width] = x.shape;
    const { numHeads, scale, relPosH, relPosW } = this;
    const [query, key, value] = splitHeads(this.qkv(x), numHeads);
    const attended = gridAttention({
      query,
      key,
      value,
      scale,
      querySize: [height, width],
      keySize: [height, width],
      relativePositions: relPosH && relPosW && { relPosH, relPosW },
    });
    return this.proj(joinHeads(attended, numHeads, [n, height, width]));
  }
}
