import type { Tensor } from "@detectron-ts/tensor";

/** Rows and columns of tokens. */
export type GridSize = readonly [height: number, width: number];

/** Tokens in windows, and what it takes to put them back. */
export interface Windows {
  /** (N·windows)×windowSize×windowSize×C, the windows of an image row by row. */
  readonly windows: Tensor;
  /** Rows and columns of tokens after padding, multiples of the window's side. */
  readonly paddedSize: GridSize;
}

/** The smallest grid that windows of a side fill and a grid fits into. */
export function paddedToWindows([height, width]: GridSize, windowSize: number): GridSize {
  const roundUp = (side: number): number => Math.ceil(side / windowSize) * windowSize;
  return [roundUp(height), roundUp(width)];
}

/**
 * Adds zero tokens at the bottom and right of N×H×W×C, or takes tokens away there. Where nothing is to be done it is an
 * operation, too, so that one compiled session serves every size.
 */
export function resizeGrid(x: Tensor, [height, width]: GridSize): Tensor {
  return x.pad([
    [0, 0],
    [0, height - x.shape[1]],
    [0, width - x.shape[2]],
    [0, 0],
  ]);
}

/** Cuts N×H×W×C, multiples of the window's side, into (N·windows)×windowSize×windowSize×C. */
export function splitIntoWindows(x: Tensor, windowSize: number): Tensor {
  const [n, height, width, channels] = x.shape;
  const [rows, columns] = [height / windowSize, width / windowSize];
  return x
    .reshape([n, rows, windowSize, columns, windowSize, channels])
    .permute(0, 1, 3, 2, 4, 5)
    .reshape([n * rows * columns, windowSize, windowSize, channels]);
}

/** Puts windows back together to N×H×W×C; undoes {@link splitIntoWindows}. */
export function joinWindows(windows: Tensor, [height, width]: GridSize): Tensor {
  const [count, side, , channels] = windows.shape;
  const [rows, columns] = [height / side, width / side];
  const n = count / (rows * columns);
  return windows
    .reshape([n, rows, columns, side, side, channels])
    .permute(0, 1, 3, 2, 4, 5)
    .reshape([n, height, width, channels]);
}

/**
 * Cuts maps of tokens into windows that don't overlap, with zeros at the bottom and right where they don't fit. Mirrors
 * `detectron2.modeling.backbone.utils.window_partition`.
 *
 * @param x N×H×W×C.
 */
export function windowPartition(x: Tensor, windowSize: number): Windows {
  const paddedSize = paddedToWindows([x.shape[1], x.shape[2]], windowSize);
  return { windows: splitIntoWindows(resizeGrid(x, paddedSize), windowSize), paddedSize };
}

/**
 * Puts windows back together and takes away the padding. Mirrors `detectron2.modeling.backbone.utils.window_unpartition`.
 *
 * @param size Rows and columns of tokens without the padding.
 * @returns N×H×W×C.
 */
export function windowUnpartition({ windows, paddedSize }: Windows, size: GridSize): Tensor {
  return resizeGrid(joinWindows(windows, paddedSize), size);
}
