import { attention, cat, interpolate, matmul, tensor, type Tensor } from "@detectron-ts/tensor";

/** Embeddings of the 2·side - 1 distances along each axis, distances×C, from the farthest back to the farthest ahead. */
export interface RelativePositions {
  readonly relPosH: Tensor;
  readonly relPosW: Tensor;
}

/** What {@link gridAttention} computes from. Heads are part of B. */
export interface GridAttentionInputs {
  /** B×(rows·columns)×C, not scaled yet. */
  readonly query: Tensor;
  /** B×(rows·columns)×C. */
  readonly key: Tensor;
  /** B×(rows·columns)×C. */
  readonly value: Tensor;
  /** Factor of the products of queries and keys. */
  readonly scale: number;
  /** Rows and columns of the queries. */
  readonly querySize: readonly [height: number, width: number];
  /** Rows and columns of the keys and values. */
  readonly keySize: readonly [height: number, width: number];
  /** Left out or null, only what tokens say counts, not where they are. */
  readonly relativePositions?: RelativePositions | null;
}

/**
 * Attention between two grids of tokens with decomposed relative positions ("MViTv2", Li et al. 2022, eq. 4; mirrors
 * `add_decomposed_rel_pos` of detectron2). The score of query q at (i, j) and key k at (m, n) is
 *
 *     scale · q·k + q·H[i, m] + q·W[j, n]
 *
 * with the query not scaled in the second and third product. Both summands are products of vectors again: with
 * `h = (q·H[i, 0], q·H[i, 1], …)` of one number for each row of keys and `w` of one for each column,
 *
 *     score = (scale · q, h, w) · (k, row m as one-hot, column n as one-hot),
 *
 * so they become channels of queries and keys, and no map of all scores, quadratic in the number of tokens, is written
 * and read again to add to it.
 *
 * @returns B×(rows·columns of queries)×C.
 */
export function gridAttention(inputs: GridAttentionInputs): Tensor {
  const { query, key, value, scale, querySize, keySize, relativePositions } = inputs;
  const scaled = query.mul(scale);
  if (!relativePositions) return attention(scaled, key, value);
  const [batch, queries, channels] = query.shape;
  const [keyRows, keyColumns] = keySize;
  const grid = query.reshape([batch, ...querySize, channels]);
  const alongH = relativeEmbeddings(relativePositions.relPosH, querySize[0], keyRows);
  const alongW = relativeEmbeddings(relativePositions.relPosW, querySize[1], keyColumns);
  const rowScores = matmul(grid, alongH, { transposeB: true });
  const columnScores = matmul(grid.transpose(1, 2), alongW, { transposeB: true }).transpose(1, 2);
  const positioned = cat(
    [
      scaled,
      rowScores.reshape([batch, queries, keyRows]),
      columnScores.reshape([batch, queries, keyColumns]),
    ],
    2,
  );
  const positions = keyPositions(keySize);
  const located = cat([key, positions.expand([batch, ...positions.shape])], 2);
  return attention(positioned, located, value);
}

/** Row and column of each key as one-hot vectors: (rows·columns)×(rows + columns). */
function keyPositions([rows, columns]: readonly [number, number]): Tensor {
  const channels = rows + columns;
  const positions = new Float32Array(rows * columns * channels);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const start = (row * columns + column) * channels;
      positions[start + row] = 1;
      positions[start + rows + column] = 1;
    }
  }
  return tensor(positions, { shape: [rows * columns, channels] });
}

/**
 * For each query and key of one axis, the embedding of their distance. The table is resized linearly to the distances that
 * there are, also where it has them already, so that one compiled session serves every size. Mirrors
 * `detectron2.modeling.backbone.utils.get_rel_pos`.
 *
 * @param relPos distances×C.
 * @returns queries×keys×C.
 */
function relativeEmbeddings(relPos: Tensor, queries: number, keys: number): Tensor {
  const [distances, channels] = relPos.shape;
  const size = [2 * Math.max(queries, keys) - 1, channels] as const;
  const table = interpolate(relPos.reshape([1, 1, distances, channels]), {
    size,
    mode: "bilinear",
  });
  const indices = tensor(relativeIndices(queries, keys));
  return table.reshape(size).indexSelect(0, indices).reshape([queries, keys, channels]);
}

/**
 * Row of the table of distances for each query and key: their distance, the shorter side stretched to the longer one,
 * shifted to start at 0 and rounded down. In float32, as detectron2 computes it: fractions decide what is rounded.
 */
function relativeIndices(queries: number, keys: number): Int32Array {
  const queryStep = Math.fround(Math.max(keys / queries, 1));
  const keyStep = Math.fround(Math.max(queries / keys, 1));
  const shift = Math.fround((keys - 1) * Math.max(queries / keys, 1));
  const indices = new Int32Array(queries * keys);
  for (let q = 0; q < queries; q++) {
    for (let k = 0; k < keys; k++) {
      const distance = Math.fround(Math.fround(q * queryStep) - Math.fround(k * keyStep));
      indices[q * keys + k] = Math.trunc(Math.fround(distance + shift));
    }
  }
  return indices;
}
