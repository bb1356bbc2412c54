import { newLike, type LabelData, type Layout, type Size } from "../arrays.ts";

/**
 * Nearest-neighbour resampling as Pillow does it: output sample i copies input sample `trunc((i + 1/2) · scale)`.
 *
 * @param pixels H×W×C elements in row-major order.
 */
export function nearest<D extends LabelData>(
  pixels: D,
  { height, width, channels }: Layout,
  [newHeight, newWidth]: Size,
): D {
  const rows = sourceIndices(height, newHeight);
  const columns = sourceIndices(width, newWidth);
  const result = newLike(pixels, newHeight * newWidth * channels);
  let to = 0;
  for (let y = 0; y < newHeight; y++) {
    const row = rows[y] * width;
    for (let x = 0; x < newWidth; x++) {
      const from = (row + columns[x]) * channels;
      for (let c = 0; c < channels; c++) result[to++] = pixels[from + c];
    }
  }
  return result;
}

/** Positions are accumulated, not multiplied out: Pillow's rounding errors pick a neighbour where two are as near. */
function sourceIndices(inputLength: number, outputLength: number): Int32Array {
  const scale = inputLength / outputLength;
  const indices = new Int32Array(outputLength);
  let position = scale * 0.5;
  for (let i = 0; i < outputLength; i++, position += scale) {
    indices[i] = Math.min(Math.trunc(position), inputLength - 1);
  }
  return indices;
}
