import { newLike, type LabelData, type Layout, type PixelData, type Size } from "../arrays.ts";
import { roundHalfEven } from "../round.ts";

/** A 2×3 matrix, row by row: (x, y) goes to (m0·x + m1·y + m2, m3·x + m4·y + m5). */
export type AffineMatrix = readonly [number, number, number, number, number, number];

/** Fractional bits of positions while they are added up. */
const POSITION_BITS = 10;
/** Fractional bits of a position that choose the weights: a pixel has 32 subpixels each way. */
const SUBPIXEL_BITS = 5;
const SUBPIXELS = 1 << SUBPIXEL_BITS;

/** The matrix that undoes another, with the order of operations of OpenCV. */
function invertAffine([a, b, tx, c, d, ty]: AffineMatrix): AffineMatrix {
  const determinant = a * d - b * c;
  const scale = determinant !== 0 ? 1 / determinant : 0;
  const [ia, ib, ic, id] = [d * scale, b * -scale, c * -scale, a * scale];
  return [ia, ib, -ia * tx - ib * ty, ic, id, -ic * tx - id * ty];
}

/**
 * An image moved by a matrix, as OpenCV's `warpAffine` with bilinear sampling: positions are rounded to 1/32 pixel, and
 * what falls outside the source is 0. Weights are multiples of 1/1024, so that sums of bytes are exact.
 *
 * @param pixels H×W×C elements in row-major order.
 */
export function warpAffineBilinear<D extends PixelData>(
  pixels: D,
  layout: Layout,
  matrix: AffineMatrix,
  [newHeight, newWidth]: Size,
): D {
  const { height, width, channels } = layout;
  const result = newLike(pixels, newHeight * newWidth * channels);
  const bytes = pixels instanceof Uint8Array;
  const rounding = 1 << (POSITION_BITS - SUBPIXEL_BITS - 1);
  const at = (x: number, y: number, c: number): number =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : pixels[(y * width + x) * channels + c];
  forEachPosition(invertAffine(matrix), [newHeight, newWidth], rounding, (to, fixedX, fixedY) => {
    const subX = fixedX >> (POSITION_BITS - SUBPIXEL_BITS);
    const subY = fixedY >> (POSITION_BITS - SUBPIXEL_BITS);
    const x = subX >> SUBPIXEL_BITS;
    const y = subY >> SUBPIXEL_BITS;
    if (x < -1 || y < -1 || x >= width || y >= height) return;
    const right = subX & (SUBPIXELS - 1);
    const bottom = subY & (SUBPIXELS - 1);
    for (let c = 0; c < channels; c++) {
      const upper = at(x, y, c) * (SUBPIXELS - right) + at(x + 1, y, c) * right;
      const lower = at(x, y + 1, c) * (SUBPIXELS - right) + at(x + 1, y + 1, c) * right;
      const value = (upper * (SUBPIXELS - bottom) + lower * bottom) / (SUBPIXELS * SUBPIXELS);
      result[to * channels + c] = bytes ? Math.floor(value + 0.5) : value;
    }
  });
  return result;
}

/**
 * The same by the nearest element.
 *
 * @param labels H×W×C elements in row-major order.
 */
export function warpAffineNearest<D extends LabelData>(
  labels: D,
  { height, width, channels }: Layout,
  matrix: AffineMatrix,
  [newHeight, newWidth]: Size,
): D {
  const result = newLike(labels, newHeight * newWidth * channels);
  const rounding = 1 << (POSITION_BITS - 1);
  forEachPosition(invertAffine(matrix), [newHeight, newWidth], rounding, (to, fixedX, fixedY) => {
    const x = fixedX >> POSITION_BITS;
    const y = fixedY >> POSITION_BITS;
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    const from = (y * width + x) * channels;
    for (let c = 0; c < channels; c++) result[to * channels + c] = labels[from + c];
  });
  return result;
}

/**
 * Where each output pixel comes from, in fixed point. The terms of x and of y are rounded apart and then added, as OpenCV
 * does; half a pixel off in the last bit chooses another subpixel.
 */
function forEachPosition(
  [m0, m1, m2, m3, m4, m5]: AffineMatrix,
  [newHeight, newWidth]: Size,
  rounding: number,
  visit: (to: number, fixedX: number, fixedY: number) => void,
): void {
  const scale = 1 << POSITION_BITS;
  const deltaX = Int32Array.from({ length: newWidth }, (_, x) => roundHalfEven(m0 * x * scale));
  const deltaY = Int32Array.from({ length: newWidth }, (_, x) => roundHalfEven(m3 * x * scale));
  for (let y = 0; y < newHeight; y++) {
    const startX = roundHalfEven((m1 * y + m2) * scale) + rounding;
    const startY = roundHalfEven((m4 * y + m5) * scale) + rounding;
    for (let x = 0; x < newWidth; x++) {
      visit(y * newWidth + x, startX + deltaX[x], startY + deltaY[x]);
    }
  }
}
