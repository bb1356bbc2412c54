import { allocate } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { constant } from "./creation.ts";
import { reshape, sliceAxes } from "./movement.ts";

/** How the pixels of a resized image come from those of the original. */
export type InterpolationMode = "nearest" | "bilinear" | "bicubic";

/**
 * Weights of the four pixels around a point that lies a fraction `t` past the second one: the cubic
 * convolution of Keys ("Cubic convolution interpolation", 1981) with a = -3/4, as PyTorch has it.
 */
function cubicWeights(t: number): [number, number, number, number] {
  const a = -0.75;
  const near = (d: number): number => ((a + 2) * d - (a + 3)) * d * d + 1; // |d| ≤ 1
  const far = (d: number): number => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; // 1 < |d| < 2
  return [far(t + 1), near(t), near(1 - t), far(2 - t)];
}

/**
 * The outputSide×inputSide matrix that resizes one axis. The centre of output pixel `i` lies at
 * `x = (i + ½)·inputSide/outputSide - ½` of the input.
 *
 * Bilinear: the mean of pixels `⌊x⌋` and `⌊x⌋ + 1` weighted by closeness, where `x` is never below 0. Bicubic: four
 * pixels around `x`. Past the first and the last pixel, those stand for what is missing. Nearest: pixel
 * `⌊i·inputSide/outputSide⌋`.
 */
export function interpolationMatrix(
  mode: InterpolationMode,
  inputSide: number,
  outputSide: number,
): Tensor {
  const matrix = allocate("float32", outputSide * inputSide);
  const scale = inputSide / outputSide;
  const add = (row: number, pixel: number, weight: number): void => {
    matrix[row * inputSide + Math.min(Math.max(pixel, 0), inputSide - 1)] += weight;
  };
  for (let i = 0; i < outputSide; i++) {
    const centre = (i + 0.5) * scale - 0.5;
    if (mode === "nearest") {
      add(i, Math.floor((i * inputSide) / outputSide), 1);
    } else if (mode === "bilinear") {
      const x = Math.max(centre, 0);
      const low = Math.floor(x);
      add(i, low, 1 - (x - low));
      add(i, low + 1, x - low);
    } else {
      const low = Math.floor(centre);
      const weights = cubicWeights(centre - low);
      for (const [tap, weight] of weights.entries()) add(i, low - 1 + tap, weight);
    }
  }
  return constant(matrix, [outputSide, inputSide], "float32");
}

/**
 * A matrix for the product with each of `count` others: a batch of 1, but of 0 where there are none, as ONNX Runtime does
 * not broadcast 1 to 0. That is decided by an input of the slice, so the graph is the same for any count.
 */
export function sharedMatrix(matrix: Tensor, count: number): Tensor {
  const [rows, columns] = matrix.shape;
  return sliceAxes(reshape(matrix, [1, rows, columns]), [0], [0], [Math.min(count, 1)]);
}
