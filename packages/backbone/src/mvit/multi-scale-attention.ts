import {
  Conv2d,
  Linear,
  Module,
  type Norm,
  type NormFactory,
  type Parameter,
} from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";
import { headDimOf, joinHeads, splitHeads } from "../transformer/heads.ts";
import { embedding } from "../transformer/initialize.ts";
import { gridAttention } from "../transformer/relative-positions.ts";
import { type GridSize, windowPartition, windowUnpartition } from "../transformer/windows.ts";

/** Options of {@link MultiScaleAttention}. */
export interface MultiScaleAttentionOptions {
  readonly dim: number;
  /** Channels of queries, keys and values, and of the result. */
  readonly dimOut: number;
  readonly numHeads: number;
  /** Whether queries, keys and values have a bias. */
  readonly qkvBias: boolean;
  readonly normLayer: NormFactory;
  /** Side of the convolutions that pool queries, keys and values. */
  readonly poolKernel: readonly [height: number, width: number];
  /** Tokens per query, along each axis. */
  readonly strideQ: number;
  /** Tokens per key and value, along each axis. */
  readonly strideKv: number;
  /** Whether pooled queries are added to the result. */
  readonly residualPooling: boolean;
  /** Side in tokens of the windows that attention stays in; 0 for all tokens. */
  readonly windowSize: number;
  /** Whether the distance of tokens counts. */
  readonly useRelPos: boolean;
  /** Whether embeddings of distances start at 0. */
  readonly relPosZeroInit: boolean;
  /** Rows and columns of tokens that these embeddings are for; a square. */
  readonly inputSize: GridSize;
}

/**
 * Attention between pooled tokens ("MViTv2: Improved Multiscale Vision Transformers", Li et al. 2022, section 4.1): a convolution
 * for each channel makes fewer queries, keys and values of the tokens. Mirrors
 * `detectron2.modeling.backbone.mvit.MultiScaleAttention`.
 */
export class MultiScaleAttention extends Module<[x: Tensor], Tensor> {
  readonly numHeads: number;
  readonly scale: number;
  readonly strideQ: number;
  readonly strideKv: number;
  readonly residualPooling: boolean;
  readonly windowSize: number;
  readonly qkv: Linear;
  readonly proj: Linear;
  readonly poolQ: Conv2d;
  readonly normQ: Norm;
  readonly poolK: Conv2d;
  readonly normK: Norm;
  readonly poolV: Conv2d;
  readonly normV: Norm;
  /** distances×channels of a head. */
  readonly relPosH: Parameter | null;
  /** distances×channels of a head. */
  readonly relPosW: Parameter | null;

  /** @throws LayerOptionError when channels do not divide into heads. */
  constructor(options: MultiScaleAttentionOptions) {
    super();
    const { dim, dimOut, numHeads, qkvBias, normLayer, strideQ, strideKv, inputSize } = options;
    const headDim = headDimOf("MultiScaleAttention", dimOut, numHeads);
    const pool = (stride: number): Conv2d => createPool(headDim, options.poolKernel, stride);
    this.numHeads = numHeads;
    this.scale = headDim ** -0.5;
    this.strideQ = strideQ;
    this.strideKv = strideKv;
    this.residualPooling = options.residualPooling;
    this.windowSize = options.windowSize;
    this.qkv = new Linear({ inFeatures: dim, outFeatures: 3 * dimOut, bias: qkvBias });
    this.proj = new Linear({ inFeatures: dimOut, outFeatures: dimOut });
    this.poolQ = pool(strideQ);
    this.normQ = normLayer(headDim);
    this.poolK = pool(strideKv);
    this.normK = normLayer(headDim);
    this.poolV = pool(strideKv);
    this.normV = normLayer(headDim);
    const side = Math.max(Math.floor(inputSize[0] / strideQ), Math.floor(inputSize[0] / strideKv));
    const distances = (): Parameter | null =>
      options.useRelPos
        ? embedding([2 * side - 1, headDim], { zeros: options.relPosZeroInit })
        : null;
    this.relPosH = distances();
    this.relPosW = distances();
  }

  /**
   * @param x N×H×W×dim.
   * @returns N×rows×columns×dimOut, rows and columns those of the pooled queries.
   */
  forward(x: Tensor): Tensor {
    const [n, height, width] = x.shape;
    const grids = splitHeads(this.qkv(x), this.numHeads).map((each) =>
      each.reshape([each.shape[0], height, width, each.shape[2]]),
    );
    const query = attentionPool(grids[0], this.poolQ, this.normQ);
    const key = attentionPool(grids[1], this.poolK, this.normK);
    const value = attentionPool(grids[2], this.poolV, this.normV);
    const attended = this.#attend(query, key, value);
    const result = this.residualPooling ? attended.add(query) : attended;
    const [, rows, columns] = result.shape;
    return this.proj(joinHeads(tokensOf(result), this.numHeads, [n, rows, columns]));
  }

  #attend(query: Tensor, key: Tensor, value: Tensor): Tensor {
    if (this.windowSize === 0) return this.#attendToAll(query, key, value);
    const queries = windowPartition(query, Math.floor(this.windowSize / this.strideQ));
    const keyWindow = Math.floor(this.windowSize / this.strideKv);
    const keys = windowPartition(key, keyWindow);
    const values = windowPartition(value, keyWindow);
    const windows = this.#attendToAll(queries.windows, keys.windows, values.windows);
    const { paddedSize } = queries;
    return windowUnpartition({ windows, paddedSize }, [query.shape[1], query.shape[2]]);
  }

  /** Of grids B×rows×columns×channels. */
  #attendToAll(query: Tensor, key: Tensor, value: Tensor): Tensor {
    const { scale, relPosH, relPosW } = this;
    const attended = gridAttention({
      query: tokensOf(query),
      key: tokensOf(key),
      value: tokensOf(value),
      scale,
      querySize: [query.shape[1], query.shape[2]],
      keySize: [key.shape[1], key.shape[2]],
      relativePositions: relPosH && relPosW && { relPosH, relPosW },
    });
    return attended.reshape(query.shape);
  }
}

/** A grid B×rows×columns×C as B×(rows·columns)×C. */
function tokensOf(grid: Tensor): Tensor {
  const [batch, rows, columns, channels] = grid.shape;
  return grid.reshape([batch, rows * columns, channels]);
}

/**
 * Pools tokens as an image. Mirrors `detectron2.modeling.backbone.mvit.attention_pool`.
 *
 * @param x N×H×W×C.
 * @param pool Of N×C×H×W.
 */
export function attentionPool(
  x: Tensor,
  pool: (image: Tensor) => Tensor,
  norm?: (tokens: Tensor) => Tensor,
): Tensor {
  const pooled = pool(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1);
  return norm ? norm(pooled) : pooled;
}

/** A convolution of each channel by itself that keeps all but `stride`. */
function createPool(
  channels: number,
  kernelSize: readonly [height: number, width: number],
  stride: number,
): Conv2d {
  return new Conv2d({
    inChannels: channels,
    outChannels: channels,
    kernelSize,
    stride,
    padding: [Math.floor(kernelSize[0] / 2), Math.floor(kernelSize[1] / 2)],
    groups: channels,
    bias: false,
  });
}
