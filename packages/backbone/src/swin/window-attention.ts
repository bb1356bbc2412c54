import { Buffer, Dropout, type Generator, Linear, Module, type Parameter } from "@detectron-ts/nn";
import { matmul, type Tensor } from "@detectron-ts/tensor";
import { headDimOf, joinHeads, splitHeads } from "../transformer/heads.ts";
import { embedding } from "../transformer/initialize.ts";

/** Options of {@link WindowAttention}. */
export interface WindowAttentionOptions {
  readonly dim: number;
  /** Side of a window in tokens. */
  readonly windowSize: number;
  readonly numHeads: number;
  /** Whether queries, keys and values have a bias. */
  readonly qkvBias: boolean;
  /** Factor of the products of queries and keys; 1 / √(channels of a head) when left out. */
  readonly qkScale?: number | undefined;
  /** Probability of dropping the weight of a value in training. */
  readonly attnDrop: number;
  /** Probability of dropping a result in training. */
  readonly projDrop: number;
  readonly generator?: Generator | undefined;
}

/**
 * Attention of the tokens of a window to each other, with a bias learned for each distance of two tokens ("Swin Transformer",
 * Liu et al. 2021, eq. 4). Mirrors `detectron2.modeling.backbone.swin.WindowAttention`.
 */
export class WindowAttention extends Module<[windows: Tensor, mask: Tensor | null], Tensor> {
  readonly numHeads: number;
  readonly scale: number;
  /** (2·windowSize - 1)²×heads: a bias for each distance in rows and columns. */
  readonly relativePositionBiasTable: Parameter;
  /** tokens×tokens rows of that table, int64. */
  readonly relativePositionIndex: Buffer;
  readonly qkv: Linear;
  readonly attnDrop: Dropout;
  readonly proj: Linear;
  readonly projDrop: Dropout;

  /** @throws LayerOptionError when channels do not divide into heads. */
  constructor(options: WindowAttentionOptions) {
    super();
    const { dim, windowSize, numHeads, qkvBias, qkScale, attnDrop, projDrop } = options;
    const headDim = headDimOf("WindowAttention", dim, numHeads);
    const generator = options.generator && { generator: options.generator };
    this.numHeads = numHeads;
    this.scale = qkScale ?? headDim ** -0.5;
    this.relativePositionBiasTable = embedding([(2 * windowSize - 1) ** 2, numHeads]);
    this.relativePositionIndex = distanceIndices(windowSize);
    this.qkv = new Linear({ inFeatures: dim, outFeatures: 3 * dim, bias: qkvBias });
    this.attnDrop = new Dropout({ p: attnDrop, ...generator });
    this.proj = new Linear({ inFeatures: dim, outFeatures: dim });
    this.projDrop = new Dropout({ p: projDrop, ...generator });
  }

  /**
   * @param windows (N·windows)×windowSize×windowSize×dim.
   * @param mask windows×tokens×tokens to add to the scores of each window of an image, or null.
   * @returns the shape of `windows`.
   */
  forward(windows: Tensor, mask: Tensor | null): Tensor {
    const { numHeads } = this;
    const [count, ...grid] = windows.shape.slice(0, -1);
    const tokens = grid[0] * grid[1];
    const [query, key, value] = splitHeads(this.qkv(windows), numHeads);
    const products = matmul(query.mul(this.scale), key, { transposeB: true });
    let scores = products.reshape([count, numHeads, tokens, tokens]).add(this.#distanceBias());
    if (mask) {
      const [perImage] = mask.shape;
      scores = scores
        .reshape([count / perImage, perImage, numHeads, tokens, tokens])
        .add(mask.unsqueeze(1));
    }
    const weights = this.attnDrop(scores.softmax(-1).reshape(products.shape));
    const attended = joinHeads(matmul(weights, value), numHeads, [count, ...grid]);
    return this.projDrop(this.proj(attended));
  }

  /** heads×tokens×tokens. */
  #distanceBias(): Tensor {
    const [tokens] = this.relativePositionIndex.shape;
    return this.relativePositionBiasTable
      .indexSelect(0, this.relativePositionIndex.reshape([tokens * tokens]))
      .reshape([tokens, tokens, this.numHeads])
      .permute(2, 0, 1);
  }
}

/** For each pair of tokens of a window, the row of a table over their distances: rows first, each from the farthest back. */
function distanceIndices(windowSize: number): Buffer {
  const tokens = windowSize ** 2;
  const distances = 2 * windowSize - 1;
  const indices = new BigInt64Array(tokens * tokens);
  for (let a = 0; a < tokens; a++) {
    for (let b = 0; b < tokens; b++) {
      const rows = Math.floor(a / windowSize) - Math.floor(b / windowSize) + windowSize - 1;
      const columns = (a % windowSize) - (b % windowSize) + windowSize - 1;
      indices[a * tokens + b] = BigInt(rows * distances + columns);
    }
  }
  return new Buffer(indices, [tokens, tokens], "int64");
}
