type Shape4 = readonly [number, number, number, number];

/**
 * Gradients of bilinear grid sampling with zero padding and align_corners = false.
 *
 * A point (gx, gy) in [-1, 1] lies at pixel `x = ((gx + 1)·W - 1) / 2`. The sample is
 * `Σ v[y', x']·(1 - |y - y'|)·(1 - |x - x'|)` over the four pixels around it that exist, so a pixel's
 * gradient is its weight, and the point's is the difference of opposite pixels times `W / 2` or `H / 2`.
 *
 * @param gradOutput `[N, C, outH, outW]`
 * @param input `[N, C, H, W]`
 * @param grid `[N, outH, outW, 2]` of (x, y)
 * @returns the gradients of input and grid
 */
export function gridSampleBackward(
  gradOutput: Float32Array,
  input: Float32Array,
  [batch, channels, height, width]: Shape4,
  grid: Float32Array,
  [, outputH, outputW]: Shape4,
): [gradInput: Float32Array, gradGrid: Float32Array] {
  const gradInput = new Float32Array(input.length);
  const gradGrid = new Float32Array(grid.length);
  const points = outputH * outputW;
  const plane = height * width;
  for (let n = 0; n < batch; n++) {
    for (let point = 0; point < points; point++) {
      const at = (n * points + point) * 2;
      const x = ((grid[at] + 1) * width - 1) / 2;
      const y = ((grid[at + 1] + 1) * height - 1) / 2;
      const left = Math.floor(x);
      const top = Math.floor(y);
      const toRight = x - left;
      const toBottom = y - top;
      const hasLeft = left >= 0 && left < width;
      const hasRight = left + 1 >= 0 && left + 1 < width;
      const hasTop = top >= 0 && top < height;
      const hasBottom = top + 1 >= 0 && top + 1 < height;
      let gradX = 0;
      let gradY = 0;
      for (let c = 0; c < channels; c++) {
        const gradient = gradOutput[(n * channels + c) * points + point];
        const corner = (n * channels + c) * plane + top * width + left;
        if (hasTop && hasLeft) {
          gradInput[corner] += gradient * (1 - toRight) * (1 - toBottom);
          gradX -= gradient * input[corner] * (1 - toBottom);
          gradY -= gradient * input[corner] * (1 - toRight);
        }
        if (hasTop && hasRight) {
          gradInput[corner + 1] += gradient * toRight * (1 - toBottom);
          gradX += gradient * input[corner + 1] * (1 - toBottom);
          gradY -= gradient * input[corner + 1] * toRight;
        }
        if (hasBottom && hasLeft) {
          gradInput[corner + width] += gradient * (1 - toRight) * toBottom;
          gradX -= gradient * input[corner + width] * toBottom;
          gradY += gradient * input[corner + width] * (1 - toRight);
        }
        if (hasBottom && hasRight) {
          gradInput[corner + width + 1] += gradient * toRight * toBottom;
          gradX += gradient * input[corner + width + 1] * toBottom;
          gradY += gradient * input[corner + width + 1] * toRight;
        }
      }
      gradGrid[at] = (gradX * width) / 2;
      gradGrid[at + 1] = (gradY * height) / 2;
    }
  }
  return [gradInput, gradGrid];
}
