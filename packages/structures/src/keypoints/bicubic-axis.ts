const { floor, fround } = Math;

/**
 * How one side of a map is resized bicubically: what each position of the output is made of.
 *
 * The positions between two neighbouring cells of the input form a *gap*; they are made of the same four cells, which
 * makes it possible to say something about all of them at once. There is a gap before the first cell and one behind
 * the last, so there are `inputSize + 1`. Gap `i` is made of the cells `i - 2` to `i + 1`, where cells beyond a border
 * repeat the one at the border.
 */
export interface BicubicAxis {
  /** Gap `i` holds the positions from `starts[i]` up to, not including, `starts[i + 1]`. */
  readonly starts: Int32Array;
  /** Four weights for each position. */
  readonly weights: Float32Array;
}

/** The parameter of the cubic convolution kernel that PyTorch and OpenCV use. */
const A = -0.75;

/**
 * Bicubic resizing of a side of `inputSize` cells to one of `outputSize`, with the centres of cells as coordinates
 * ("half-pixel") and no smoothing in shrinking: PyTorch's `interpolate(mode="bicubic", align_corners=False)`.
 */
export function bicubicAxis(inputSize: number, outputSize: number): BicubicAxis {
  const numGaps = inputSize + 1;
  const starts = new Int32Array(numGaps + 1);
  const weights = new Float32Array(4 * outputSize);
  const scale = fround(inputSize / outputSize);
  for (let position = 0; position < outputSize; position++) {
    const source = fround(scale * (position + 0.5) - 0.5);
    const before = floor(source);
    writeWeights(fround(source - before), weights, 4 * position);
    starts[before + 2]++;
  }
  for (let gap = 0; gap < numGaps; gap++) starts[gap + 1] += starts[gap];
  return { starts, weights };
}

/**
 * Weights of the cells at distances 1 + t, t, 1 - t and 2 - t, from the kernel of Keys ("Cubic convolution interpolation
 * for digital image processing", 1981):
 *
 * - (A + 2)|d|³ - (A + 3)|d|² + 1 up to distance 1,
 * - A|d|³ - 5A|d|² + 8A|d| - 4A up to distance 2.
 *
 * Each product is added before it is rounded to float32, as processors do that have an instruction for both.
 */
function writeWeights(t: number, weights: Float32Array, offset: number): void {
  weights[offset] = far(fround(t + 1));
  weights[offset + 1] = near(t);
  weights[offset + 2] = near(fround(1 - t));
  weights[offset + 3] = far(fround(fround(1 - t) + 1));
}

function near(distance: number): number {
  const parabola = fround(fround((A + 2) * distance - (A + 3)) * distance);
  return fround(parabola * distance + 1);
}

function far(distance: number): number {
  const parabola = fround(fround(A * distance - 5 * A) * distance + 8 * A);
  return fround(parabola * distance - 4 * A);
}
