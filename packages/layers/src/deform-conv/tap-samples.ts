import type { DeformConvGeometry } from "./geometry.ts";

/**
 * Where one tap of the kernel reads the input, for every output cell of one image and one deformable
 * group. All channels of the group share it. A sample at (y, x) reads the four cells around it; a cell
 * beyond the border counts as zero: its weight is zero here, and its row or column points anywhere inside.
 */
export interface TapSamples {
  /** Index of the first cell of the upper row. */
  readonly top: Int32Array;
  /** Index of the first cell of the lower row. */
  readonly bottom: Int32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly topWeight: Float32Array;
  readonly bottomWeight: Float32Array;
  readonly leftWeight: Float32Array;
  readonly rightWeight: Float32Array;
  /** Derivatives of the row weights with respect to y, and of the column weights with respect to x. */
  readonly topSlope: Int8Array;
  readonly bottomSlope: Int8Array;
  readonly leftSlope: Int8Array;
  readonly rightSlope: Int8Array;
}

/** Room for the samples of `cells` output cells, for {@link sampleTap} to fill again and again. */
export function createTapSamples(cells: number): TapSamples {
  return {
    top: new Int32Array(cells),
    bottom: new Int32Array(cells),
    left: new Int32Array(cells),
    right: new Int32Array(cells),
    topWeight: new Float32Array(cells),
    bottomWeight: new Float32Array(cells),
    leftWeight: new Float32Array(cells),
    rightWeight: new Float32Array(cells),
    topSlope: new Int8Array(cells),
    bottomSlope: new Int8Array(cells),
    leftSlope: new Int8Array(cells),
    rightSlope: new Int8Array(cells),
  };
}

/**
 * Fills `samples` for the tap in kernel row `tapRow` and column `tapColumn`. The sample of output cell
 * (i, j) lies at `(i·stride - padding + tapRow·dilation + Δy, j·stride - padding + tapColumn·dilation + Δx)`.
 *
 * @param offsetY - Δy for each output cell, in input cells.
 * @param offsetX - Δx for each output cell.
 */
export function sampleTap(
  samples: TapSamples,
  tapRow: number,
  tapColumn: number,
  offsetY: Float32Array,
  offsetX: Float32Array,
  inputSize: readonly [height: number, width: number],
  outputWidth: number,
  { stride, padding, dilation }: DeformConvGeometry,
): void {
  const [height, width] = inputSize;
  for (let cell = 0; cell < offsetY.length; cell++) {
    const row = Math.floor(cell / outputWidth);
    const column = cell - row * outputWidth;
    const y = Math.fround(row * stride[0] - padding[0] + tapRow * dilation[0] + offsetY[cell]);
    const x = Math.fround(
      column * stride[1] - padding[1] + tapColumn * dilation[1] + offsetX[cell],
    );

    const top = Math.floor(y);
    const hasTop = top >= 0 && top < height;
    const hasBottom = top >= -1 && top < height - 1;
    samples.top[cell] = hasTop ? top * width : 0;
    samples.bottom[cell] = hasBottom ? (top + 1) * width : 0;
    samples.topWeight[cell] = hasTop ? top + 1 - y : 0;
    samples.bottomWeight[cell] = hasBottom ? y - top : 0;
    samples.topSlope[cell] = hasTop ? -1 : 0;
    samples.bottomSlope[cell] = hasBottom ? 1 : 0;

    const left = Math.floor(x);
    const hasLeft = left >= 0 && left < width;
    const hasRight = left >= -1 && left < width - 1;
    samples.left[cell] = hasLeft ? left : 0;
    samples.right[cell] = hasRight ? left + 1 : 0;
    samples.leftWeight[cell] = hasLeft ? left + 1 - x : 0;
    samples.rightWeight[cell] = hasRight ? x - left : 0;
    samples.leftSlope[cell] = hasLeft ? -1 : 0;
    samples.rightSlope[cell] = hasRight ? 1 : 0;
  }
}
