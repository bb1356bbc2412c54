import { LayerOptionError } from "@detectron-ts/nn";
import { split, type Tensor } from "@detectron-ts/tensor";

/** Queries, keys and values, (N·heads)×tokens×headDim each. */
export type HeadInputs = readonly [query: Tensor, key: Tensor, value: Tensor];

/**
 * Channels of each head of an attention.
 *
 * @throws LayerOptionError when channels do not divide into heads.
 */
export function headDimOf(layer: string, dim: number, numHeads: number): number {
  if (!Number.isInteger(dim / numHeads)) {
    throw new LayerOptionError(layer, "dim", `(${dim}) does not divide into ${numHeads} heads`);
  }
  return dim / numHeads;
}

/**
 * Takes apart what one linear layer makes of tokens: first the channels of all queries, then those of the keys, then the
 * values', each head by head.
 *
 * @param qkv N×H×W×(3·heads·headDim), or N×tokens×….
 */
export function splitHeads(qkv: Tensor, numHeads: number): HeadInputs {
  const [n, ...grid] = qkv.shape.slice(0, -1);
  const tokens = grid.reduce((product, side) => product * side, 1);
  const headDim = qkv.shape[qkv.rank - 1] / (3 * numHeads);
  const heads = qkv.reshape([n, tokens, 3, numHeads, headDim]).permute(2, 0, 3, 1, 4);
  const [query, key, value] = split(heads, [1, 1, 1]).map((each) =>
    each.reshape([n * numHeads, tokens, headDim]),
  );
  return [query, key, value];
}

/**
 * Joins the channels of all heads for each token.
 *
 * @param attended (N·heads)×tokens×headDim.
 * @param shape N and the arrangement of tokens, such as N×H×W.
 * @returns the shape and heads·headDim channels.
 */
export function joinHeads(attended: Tensor, numHeads: number, shape: readonly number[]): Tensor {
  const [, tokens, headDim] = attended.shape;
  return attended
    .reshape([shape[0], numHeads, tokens, headDim])
    .permute(0, 2, 1, 3)
    .reshape([...shape, numHeads * headDim]);
}
