/**
 * Writes the outputSide×inputSide matrix that resizes one axis.
 *
 * Bilinear: the centre of output pixel `i` lies at `x = (i + ½)·inputSide/outputSide - ½` of the input, never
 * below 0, and is the mean of pixels `⌊x⌋` and `⌊x⌋ + 1` weighted by closeness; past the last pixel that one
 * stands for both. Nearest: pixel `⌊i·inputSide/outputSide⌋`.
 */
export function interpolationMatrix(
  mode: "nearest" | "bilinear",
  inputSide: number,
  outputSide: number,
  matrix: Float32Array,
): void {
  const scale = inputSide / outputSide;
  for (let i = 0; i < outputSide; i++) {
    const row = i * inputSide;
    if (mode === "nearest") {
      matrix[row + Math.floor((i * inputSide) / outputSide)] = 1;
      continue;
    }
    const x = Math.max((i + 0.5) * scale - 0.5, 0);
    const low = Math.min(Math.floor(x), inputSide - 1);
    const high = Math.min(low + 1, inputSide - 1);
    const weight = x - low;
    matrix[row + low] += 1 - weight;
    matrix[row + high] += weight;
  }
}
