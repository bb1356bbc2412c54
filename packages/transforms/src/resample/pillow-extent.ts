import { newLike, type LabelData, type Layout, type PixelData, type Size } from "../arrays.ts";

/** A rectangle of the source image, in continuous pixels: left, top, right, bottom. */
export type Extent = readonly [x0: number, y0: number, x1: number, y1: number];

/**
 * A rectangle of an image sampled bilinearly to a new size, as Pillow's `transform(EXTENT, BILINEAR)`: no antialiasing, 0
 * where the centre of a pixel falls outside the source, and bytes cut off, not rounded.
 *
 * @param pixels H×W×C elements in row-major order.
 */
export function pillowExtentBilinear<D extends PixelData>(
  pixels: D,
  { height, width, channels }: Layout,
  [x0, y0, x1, y1]: Extent,
  [newHeight, newWidth]: Size,
): D {
  const stepX = (x1 - x0) / newWidth;
  const stepY = (y1 - y0) / newHeight;
  const result = newLike(pixels, newHeight * newWidth * channels);
  for (let row = 0; row < newHeight; row++) {
    const y = stepY * (row + 0.5) + y0;
    if (y < 0 || y >= height) continue;
    const top = Math.floor(y - 0.5);
    const dy = y - 0.5 - top;
    const upper = Math.max(top, 0) * width;
    const lower = Math.min(top + 1, height - 1) * width;
    for (let column = 0; column < newWidth; column++) {
      const x = stepX * (column + 0.5) + x0;
      if (x < 0 || x >= width) continue;
      const left = Math.floor(x - 0.5);
      const dx = x - 0.5 - left;
      const near = Math.max(left, 0);
      const far = Math.min(left + 1, width - 1);
      for (let c = 0; c < channels; c++) {
        const a = pixels[(upper + near) * channels + c];
        const b = pixels[(lower + near) * channels + c];
        const above = a + (pixels[(upper + far) * channels + c] - a) * dx;
        const below = b + (pixels[(lower + far) * channels + c] - b) * dx;
        result[(row * newWidth + column) * channels + c] = above + (below - above) * dy;
      }
    }
  }
  return result;
}

/**
 * The same by the nearest element, as Pillow's `transform(EXTENT, NEAREST)`.
 *
 * @param labels H×W×C elements in row-major order.
 */
export function pillowExtentNearest<D extends LabelData>(
  labels: D,
  { height, width, channels }: Layout,
  [x0, y0, x1, y1]: Extent,
  [newHeight, newWidth]: Size,
): D {
  const rows = sourceIndices(y0, y1, newHeight, height);
  const columns = sourceIndices(x0, x1, newWidth, width);
  const result = newLike(labels, newHeight * newWidth * channels);
  for (let row = 0; row < newHeight; row++) {
    if (rows[row] < 0) continue;
    for (let column = 0; column < newWidth; column++) {
      if (columns[column] < 0) continue;
      const from = (rows[row] * width + columns[column]) * channels;
      const to = (row * newWidth + column) * channels;
      for (let c = 0; c < channels; c++) result[to + c] = labels[from + c];
    }
  }
  return result;
}

/** The source index of each output sample, -1 outside. Positions are accumulated, as Pillow does. */
function sourceIndices(start: number, end: number, count: number, length: number): Int32Array {
  const step = (end - start) / count;
  const indices = new Int32Array(count);
  let position = start + step * 0.5;
  for (let i = 0; i < count; i++, position += step) {
    indices[i] = position >= 0 && position < length ? Math.trunc(position) : -1;
  }
  return indices;
}
