import type { BicubicAxis } from "./bicubic-axis.ts";

const { abs, fround, max, min } = Math;

/** The largest value of a resized map, and where it is. */
export interface HeatmapMaximum {
  value: number;
  /** Column in the resized map. */
  x: number;
  /** Row in the resized map. */
  y: number;
}

/** Cells that are repeated beyond each border. */
const BORDER = 2;

/**
 * How much weight is negative where bicubic weights are most so: halfway between cells along both axes. There the weights
 * of an axis are (-3, 19, 19, -3)/32, whose absolute values sum to 11/8; in two dimensions the absolute sum is 121/64,
 * and as the sum itself is 1, the negative ones make (121/64 - 1)/2.
 */
const MAX_NEGATIVE_WEIGHT = 57 / 128;

/** Room for rounding in the bounds, relative to the values. */
const ROUNDING = 1e-5;

/**
 * Finds the maximum of maps that are resized bicubically, without resizing them. Maps are of one size, `height × width`;
 * the size they are resized to may change from map to map.
 *
 * All positions in one gap of both axes, a *place*, are a weighted sum of the same 4×4 cells. If M is the largest of
 * these and m the smallest, and the negative weights sum to -n, no position there is above M + n(M - m). So only those few
 * places have to be computed whose bound is not below the best value known.
 */
export class MaximumFinder {
  readonly #height: number;
  readonly #width: number;
  /** The map, with its border cells repeated. */
  readonly #padded: Float32Array;
  /** Extremes of four neighbours in each row of the padded map. */
  readonly #rowMax: Float32Array;
  readonly #rowMin: Float32Array;
  /** For each place an upper bound of the values there. */
  readonly #bounds: Float32Array;
  /** Four rows of cells, resized along x within the place that is being computed. */
  #resizedRows: Float32Array[] = [];

  constructor(height: number, width: number) {
    this.#height = height;
    this.#width = width;
    const numRows = height + 2 * BORDER;
    this.#padded = new Float32Array(numRows * (width + 2 * BORDER));
    this.#rowMax = new Float32Array(numRows * (width + 1));
    this.#rowMin = new Float32Array(numRows * (width + 1));
    this.#bounds = new Float32Array((height + 1) * (width + 1));
  }

  /**
   * The maximum of the map that starts at `offset` of `data`, resized along both axes; the first in row-major order
   * where several are equal.
   */
  find(
    data: Float32Array,
    offset: number,
    vertical: BicubicAxis,
    horizontal: BicubicAxis,
  ): HeatmapMaximum {
    this.#pad(data, offset);
    const highest = this.#computeBounds(vertical, horizontal);
    const best = { value: -Infinity, x: 0, y: 0 };
    this.#search(vertical, horizontal, highest, best);
    const bounds = this.#bounds;
    for (let place = 0; place < bounds.length; place++) {
      if (bounds[place] >= best.value && place !== highest) {
        this.#search(vertical, horizontal, place, best);
      }
    }
    return best;
  }

  #pad(data: Float32Array, offset: number): void {
    const [height, width, padded] = [this.#height, this.#width, this.#padded];
    const stride = width + 2 * BORDER;
    for (let row = 0; row < height + 2 * BORDER; row++) {
      const source = offset + min(max(row - BORDER, 0), height - 1) * width;
      const target = row * stride;
      padded.set(data.subarray(source, source + width), target + BORDER);
      padded.fill(data[source], target, target + BORDER);
      padded.fill(data[source + width - 1], target + BORDER + width, target + stride);
    }
  }

  /** Fills in the bounds, and returns the place with the highest; places without any position have -∞. */
  #computeBounds(vertical: BicubicAxis, horizontal: BicubicAxis): number {
    const [padded, rowMax, rowMin, bounds] = [
      this.#padded,
      this.#rowMax,
      this.#rowMin,
      this.#bounds,
    ];
    const numColumns = this.#width + 1;
    const stride = this.#width + 2 * BORDER;
    for (let row = 0; row < this.#height + 2 * BORDER; row++) {
      for (let column = 0; column < numColumns; column++) {
        const first = row * stride + column;
        const a = padded[first];
        const b = padded[first + 1];
        const c = padded[first + 2];
        const d = padded[first + 3];
        rowMax[row * numColumns + column] = max(max(a, b), max(c, d));
        rowMin[row * numColumns + column] = min(min(a, b), min(c, d));
      }
    }
    let highest = 0;
    let highestBound = -Infinity;
    for (let row = 0; row <= this.#height; row++) {
      const rowIsEmpty = vertical.starts[row] === vertical.starts[row + 1];
      for (let column = 0; column < numColumns; column++) {
        const place = row * numColumns + column;
        if (rowIsEmpty || horizontal.starts[column] === horizontal.starts[column + 1]) {
          bounds[place] = -Infinity;
          continue;
        }
        const [second, third, fourth] = [
          place + numColumns,
          place + 2 * numColumns,
          place + 3 * numColumns,
        ];
        const largest = max(max(rowMax[place], rowMax[second]), max(rowMax[third], rowMax[fourth]));
        const smallest = min(
          min(rowMin[place], rowMin[second]),
          min(rowMin[third], rowMin[fourth]),
        );
        const extent = largest - smallest;
        const bound = largest + MAX_NEGATIVE_WEIGHT * extent + ROUNDING * (abs(largest) + extent);
        bounds[place] = bound;
        if (bound > highestBound) {
          highestBound = bound;
          highest = place;
        }
      }
    }
    return highest;
  }

  /** Computes the values of a place in float32, along x first, and improves on `best`. */
  #search(
    vertical: BicubicAxis,
    horizontal: BicubicAxis,
    place: number,
    best: HeatmapMaximum,
  ): void {
    const padded = this.#padded;
    const numColumns = this.#width + 1;
    const stride = this.#width + 2 * BORDER;
    const row = Math.floor(place / numColumns);
    const column = place - row * numColumns;
    const left = horizontal.starts[column];
    const right = horizontal.starts[column + 1];
    const [r0, r1, r2, r3] = this.#rowsOf(right - left);
    const wx = horizontal.weights;
    for (let i = 0; i < 4; i++) {
      const first = (row + i) * stride + column;
      const resized = this.#resizedRows[i];
      for (let x = left; x < right; x++) {
        let value = fround(padded[first] * wx[4 * x]);
        value = fround(value + padded[first + 1] * wx[4 * x + 1]);
        value = fround(value + padded[first + 2] * wx[4 * x + 2]);
        resized[x - left] = value + padded[first + 3] * wx[4 * x + 3];
      }
    }
    const wy = vertical.weights;
    for (let y = vertical.starts[row]; y < vertical.starts[row + 1]; y++) {
      for (let x = left; x < right; x++) {
        let value = fround(r0[x - left] * wy[4 * y]);
        value = fround(value + r1[x - left] * wy[4 * y + 1]);
        value = fround(value + r2[x - left] * wy[4 * y + 2]);
        value = fround(value + r3[x - left] * wy[4 * y + 3]);
        const isEarlier = y < best.y || (y === best.y && x < best.x);
        if (value > best.value || (value === best.value && isEarlier)) {
          best.value = value;
          best.x = x;
          best.y = y;
        }
      }
    }
  }

  /** Four rows of `count` numbers or more. */
  #rowsOf(count: number): Float32Array[] {
    if (this.#resizedRows.length === 0 || this.#resizedRows[0].length < count) {
      this.#resizedRows = Array.from({ length: 4 }, () => new Float32Array(count));
    }
    return this.#resizedRows;
  }
}
