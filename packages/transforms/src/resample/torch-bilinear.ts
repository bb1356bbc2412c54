import { newLike, type Layout, type Size } from "../arrays.ts";

/** For each output sample of an axis: its two input samples and the weight of the second. */
interface AxisTaps {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly highWeight: Float64Array;
}

/**
 * Bilinear interpolation of a packed float image as `torch.nn.functional.interpolate(mode="bilinear",
 * align_corners=False)` does it: samples sit at pixel centres, borders repeat, and shrinking does not antialias.
 *
 * @param pixels H×W×C floats in row-major order.
 */
export function torchBilinear<D extends Float32Array | Float64Array>(
  pixels: D,
  { height, width, channels }: Layout,
  [newHeight, newWidth]: Size,
): D {
  const round = pixels instanceof Float32Array ? Math.fround : identity;
  const rows = axisTaps(height, newHeight, round);
  const columns = axisTaps(width, newWidth, round);
  const result = newLike(pixels, newHeight * newWidth * channels);
  let to = 0;
  for (let y = 0; y < newHeight; y++) {
    const top = rows.low[y] * width * channels;
    const bottom = rows.high[y] * width * channels;
    const bottomWeight = rows.highWeight[y];
    const topWeight = 1 - bottomWeight;
    for (let x = 0; x < newWidth; x++) {
      const left = columns.low[x] * channels;
      const right = columns.high[x] * channels;
      const rightWeight = columns.highWeight[x];
      const leftWeight = 1 - rightWeight;
      for (let c = 0; c < channels; c++) {
        const above = leftWeight * pixels[top + left + c] + rightWeight * pixels[top + right + c];
        const below =
          leftWeight * pixels[bottom + left + c] + rightWeight * pixels[bottom + right + c];
        result[to++] = topWeight * above + bottomWeight * below;
      }
    }
  }
  return result;
}

/**
 * The scale and the weights are rounded as the image's element type rounds them, positions are not: that is where
 * PyTorch keeps single precision, and at column 1000 a rounded position would be off by 6e-5 of a pixel.
 */
function axisTaps(
  inputLength: number,
  outputLength: number,
  round: (value: number) => number,
): AxisTaps {
  const scale = round(inputLength / outputLength);
  const low = new Int32Array(outputLength);
  const high = new Int32Array(outputLength);
  const highWeight = new Float64Array(outputLength);
  for (let i = 0; i < outputLength; i++) {
    const position = Math.max(scale * (i + 0.5) - 0.5, 0);
    low[i] = Math.min(Math.trunc(position), inputLength - 1);
    high[i] = Math.min(low[i] + 1, inputLength - 1);
    highWeight[i] = round(position - low[i]);
  }
  return { low, high, highWeight };
}

function identity(value: number): number {
  return value;
}
