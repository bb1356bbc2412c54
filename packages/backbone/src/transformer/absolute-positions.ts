import { interpolate, type Tensor } from "@detectron-ts/tensor";

/**
 * Position embeddings for a grid of tokens, resized bicubically from the square grid that they were trained for. A grid of
 * the same size gets just its own values. Mirrors `detectron2.modeling.backbone.utils.get_abs_pos`.
 *
 * @param posEmbed 1×positions×C, the class token's first if there is one.
 * @param size Rows and columns of tokens.
 * @returns 1×rows×columns×C.
 */
export function absolutePositions(
  posEmbed: Tensor,
  hasClsToken: boolean,
  size: readonly [height: number, width: number],
): Tensor {
  const patches = hasClsToken ? posEmbed.slice(1, 1) : posEmbed;
  const [, count, channels] = patches.shape;
  const side = Math.round(Math.sqrt(count));
  const grid = patches.reshape([1, side, side, channels]).permute(0, 3, 1, 2);
  return interpolate(grid, { size, mode: "bicubic" }).permute(0, 2, 3, 1);
}

/** Number of positions of an embedding that is trained on square images, the class token's included. */
export function positionCount(
  imgSize: number,
  [strideH, strideW]: readonly [number, number],
  hasClsToken: boolean,
): number {
  return Math.floor(imgSize / strideH) * Math.floor(imgSize / strideW) + (hasClsToken ? 1 : 0);
}
