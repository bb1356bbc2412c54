import type { Tensor } from "@detectron-ts/tensor";

/** Tokens in windows, and what it takes to put them back. */
export interface Windows {
  /** (N·windows)×windowSize×windowSize×C, the windows of an image row by row. */
  readonly windows: Tensor;
  /** Rows and columns of tokens after padding, multiples of the window's side. */
  readonly paddedSize: readonly [height: number, width: number];
}

/**
 * Cuts maps of tokens into windows that don't overlap, with zeros at the bottom and right where they don't fit. Padding by
 * nothing is an operation, too, so that one compiled session serves every size. Mirrors
 * `detectron2.modeling.backbone.utils.window_partition`.
 *
 * @param x N×H×W×C.
 */
export function windowPartition(x: Tensor, windowSize: number): Windows {
  const [n, height, width, channels] = x.shape;
  const rows = Math.ceil(height / windowSize);
  const columns = Math.ceil(width / windowSize);
  const paddedSize = [rows * windowSize, columns * windowSize] as const;
  const windows = resized(x, paddedSize)
    .reshape([n, rows, windowSize, columns, windowSize, channels])
    .permute(0, 1, 3, 2, 4, 5)
    .reshape([n * rows * columns, windowSize, windowSize, channels]);
  return { windows, paddedSize };
}

/**
 * Puts windows back together and takes away the padding. Mirrors `detectron2.modeling.backbone.utils.window_unpartition`.
 *
 * @param windows (N·windows)×side×side×C, as {@link windowPartition} makes them.
 * @param size Rows and columns of tokens without the padding.
 * @returns N×H×W×C.
 */
export function windowUnpartition(
  { windows, paddedSize }: Windows,
  size: readonly [height: number, width: number],
): Tensor {
  const [count, side, , channels] = windows.shape;
  const [rows, columns] = [paddedSize[0] / side, paddedSize[1] / side];
  const n = count / (rows * columns);
  const padded = windows
    .reshape([n, rows, columns, side, side, channels])
    .permute(0, 1, 3, 2, 4, 5)
    .reshape([n, ...paddedSize, channels]);
  return resized(padded, size);
}

/** Adds zero tokens at the bottom and right of N×H×W×C, or takes tokens away there. */
export function resized(x: Tensor, [height, width]: readonly [number, number]): Tensor {
  return x.pad([
    [0, 0],
    [0, height - x.shape[1]],
    [0, width - x.shape[2]],
    [0, 0],
  ]);
}
