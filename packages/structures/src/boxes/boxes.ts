import ndarray, { type NdArray } from "ndarray";

import { resolveRows, type RowIndex } from "../arrays/row-index.ts";
import { isNdArray, rowMajorData, selectFlatRows } from "../arrays/rows.ts";
import { NonFiniteBoxError, StructureShapeError } from "../errors.ts";

const { fround } = Math;

/** Height and width of an image, in pixels. */
export type ImageSize = readonly [height: number, width: number];

/** What {@link Boxes} can be made of: an N×4 array, rows of four numbers, or the same numbers in one flat array. */
export type BoxesInput =
  | NdArray<Float32Array>
  | NdArray<Float64Array>
  | NdArray<Int32Array>
  | Float32Array
  | readonly (readonly number[])[];

/**
 * N upright boxes, each (x0, y0, x1, y1) in absolute pixels, in float32. Mirrors `detectron2.structures.Boxes`.
 * Coordinates are continuous: a box from 0 to 10 is 10 wide.
 */
export class Boxes implements Iterable<Float32Array> {
  /** N×4, row-major. */
  readonly tensor: NdArray<Float32Array>;
  /** The same numbers as a flat array of length 4N, sharing the memory of {@link tensor}. For loops. */
  readonly data: Float32Array;

  /**
   * @param boxes - row-major float32 arrays are wrapped, not copied; others are copied. Without elements, any shape
   *   stands for zero boxes.
   * @throws {@link StructureShapeError} if the numbers do not come in fours.
   */
  constructor(boxes: BoxesInput) {
    this.data = toFlatBoxes(boxes);
    this.tensor = ndarray(this.data, [this.data.length / 4, 4]);
  }

  /** All boxes of a list, in its order; zero boxes for an empty list. */
  static cat(list: readonly Boxes[]): Boxes {
    const data = new Float32Array(list.reduce((size, boxes) => size + boxes.data.length, 0));
    let offset = 0;
    for (const boxes of list) {
      data.set(boxes.data, offset);
      offset += boxes.data.length;
    }
    return new Boxes(data);
  }

  /** Number of boxes. */
  get length(): number {
    return this.data.length / 4;
  }

  /** The boxes themselves, each a view of four numbers. */
  *[Symbol.iterator](): IterableIterator<Float32Array> {
    for (let start = 0; start < this.data.length; start += 4) {
      yield this.data.subarray(start, start + 4);
    }
  }

  /** A copy of some of the boxes. */
  select(index: RowIndex): Boxes {
    return new Boxes(selectFlatRows(this.data, 4, resolveRows(index, this.length)));
  }

  /** These boxes followed by others; see {@link Boxes.cat}. */
  concat(others: readonly Boxes[]): Boxes {
    return Boxes.cat([this, ...others]);
  }

  /** A copy with memory of its own. */
  clone(): Boxes {
    return new Boxes(this.data.slice());
  }

  /** Area of each box, in square pixels; negative sides count as such. */
  area(): Float32Array {
    const { data } = this;
    const areas = new Float32Array(this.length);
    for (let i = 0; i < areas.length; i++) {
      const start = 4 * i;
      areas[i] = fround(data[start + 2] - data[start]) * fround(data[start + 3] - data[start + 1]);
    }
    return areas;
  }

  /**
   * Moves corners outside the image onto its border, in place.
   *
   * @throws {@link NonFiniteBoxError} if a coordinate is infinite or NaN; then nothing has changed.
   */
  clip([height, width]: ImageSize): void {
    const { data } = this;
    for (let i = 0; i < data.length; i++) {
      if (!Number.isFinite(data[i])) {
        const row = i >> 2;
        throw new NonFiniteBoxError(row, [...data.subarray(4 * row, 4 * row + 4)]);
      }
    }
    for (let i = 0; i < data.length; i += 2) {
      data[i] = Math.min(Math.max(data[i], 0), width);
      data[i + 1] = Math.min(Math.max(data[i + 1], 0), height);
    }
  }

  /** For each box, 1 if both sides are longer than `threshold` pixels, else 0. */
  nonempty(threshold = 0): Uint8Array {
    const { data } = this;
    const limit = fround(threshold);
    return this.#flags(
      (i) => fround(data[i + 2] - data[i]) > limit && fround(data[i + 3] - data[i + 1]) > limit,
    );
  }

  /**
   * For each box, 1 if it lies inside the image widened by `boundaryThreshold` pixels. The right and bottom borders do
   * not belong to it: a box as large as the image is not inside.
   */
  insideBox([height, width]: ImageSize, boundaryThreshold = 0): Uint8Array {
    const { data } = this;
    const low = fround(-boundaryThreshold);
    const right = fround(width + boundaryThreshold);
    const bottom = fround(height + boundaryThreshold);
    return this.#flags(
      (i) => data[i] >= low && data[i + 1] >= low && data[i + 2] < right && data[i + 3] < bottom,
    );
  }

  /** Centre of each box, N×2 (x, y). */
  getCenters(): NdArray<Float32Array> {
    const { data } = this;
    const centers = new Float32Array(2 * this.length);
    for (let i = 0; i < this.length; i++) {
      centers[2 * i] = fround(data[4 * i] + data[4 * i + 2]) / 2;
      centers[2 * i + 1] = fround(data[4 * i + 1] + data[4 * i + 3]) / 2;
    }
    return ndarray(centers, [this.length, 2]);
  }

  /** Multiplies x coordinates by `scaleX` and y coordinates by `scaleY`, in place. */
  scale(scaleX: number, scaleY: number): void {
    const { data } = this;
    // As in detectron2, the factors too are float32.
    const factorX = fround(scaleX);
    const factorY = fround(scaleY);
    for (let i = 0; i < data.length; i += 2) {
      data[i] *= factorX;
      data[i + 1] *= factorY;
    }
  }

  toString(): string {
    return `Boxes([${Array.from(this, (box) => `[${box.join(", ")}]`).join(", ")}])`;
  }

  #flags(test: (start: number) => boolean): Uint8Array {
    const flags = new Uint8Array(this.length);
    for (let i = 0; i < flags.length; i++) flags[i] = test(4 * i) ? 1 : 0;
    return flags;
  }
}

function toFlatBoxes(boxes: BoxesInput): Float32Array {
  if (isNdArray(boxes)) {
    const { shape, size } = boxes;
    if (size !== 0 && (shape.length !== 2 || shape[1] !== 4)) {
      throw new StructureShapeError("Boxes", shape, "[any, 4]");
    }
    const data = rowMajorData(boxes);
    return data instanceof Float32Array ? data : Float32Array.from(data);
  }
  if (boxes instanceof Float32Array) {
    if (boxes.length % 4 !== 0) throw new StructureShapeError("Boxes", [boxes.length], "[4·any]");
    return boxes;
  }
  const wrong = boxes.find((box) => box.length !== 4);
  if (wrong) throw new StructureShapeError("A box", [wrong.length], "[4]");
  return Float32Array.from(boxes.flat());
}
