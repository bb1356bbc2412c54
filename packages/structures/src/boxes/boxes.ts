import ndarray, { type NdArray } from "ndarray";

import { resolveRows, type RowIndex } from "../arrays/row-index.ts";
import { concatFlat, isNdArray, rowMajorData, selectFlatRows } from "../arrays/rows.ts";
import { BoxKindError, NonFiniteBoxError, StructureShapeError } from "../errors.ts";

const { fround } = Math;

/** Height and width of an image, in pixels. */
export type ImageSize = readonly [height: number, width: number];

/**
 * What {@link Boxes} can be made of: an N×4 array, rows of four numbers, or the same numbers in one flat array. For
 * `RotatedBoxes` it is five numbers.
 */
export type BoxesInput =
  | NdArray<Float32Array>
  | NdArray<Float64Array>
  | NdArray<Int32Array>
  | Float32Array
  | readonly (readonly number[])[];

/**
 * N upright boxes, each (x0, y0, x1, y1) in absolute pixels, in float32. Mirrors `detectron2.structures.Boxes`.
 * Coordinates are continuous: a box from 0 to 10 is 10 wide.
 *
 * `RotatedBoxes` are boxes too, of five numbers each. What reads {@link data} on its own account and may be given either
 * has to ask for {@link boxDim}.
 */
export class Boxes implements Iterable<Float32Array> {
  /** Numbers of a box of this class. */
  static readonly boxDim: number = 4;

  /** Numbers that describe a box: 4. */
  readonly boxDim: number;
  /** N×boxDim, row-major. */
  readonly tensor: NdArray<Float32Array>;
  /** The same numbers as a flat array, sharing the memory of {@link tensor}. For loops. */
  readonly data: Float32Array;

  /**
   * @param boxes - row-major float32 arrays are wrapped, not copied; others are copied. Without elements, any shape
   *   stands for zero boxes.
   * @throws {@link StructureShapeError} if the numbers do not come in fours.
   */
  constructor(boxes: BoxesInput) {
    this.boxDim = new.target.boxDim;
    this.data = toFlatBoxes(boxes, this.boxDim);
    this.tensor = ndarray(this.data, [this.data.length / this.boxDim, this.boxDim]);
  }

  /**
   * All boxes of a list, in its order; zero boxes for an empty list.
   *
   * @throws {@link BoxKindError} if some are rotated and others are not.
   */
  static cat(list: readonly Boxes[]): Boxes {
    const [first = new Boxes([]), ...others] = list;
    return first.concat(others);
  }

  /** Number of boxes. */
  get length(): number {
    return this.data.length / this.boxDim;
  }

  /** The boxes themselves, each a view of its numbers. */
  *[Symbol.iterator](): IterableIterator<Float32Array> {
    for (let start = 0; start < this.data.length; start += this.boxDim) {
      yield this.data.subarray(start, start + this.boxDim);
    }
  }

  /** Other boxes of the same class, whose numbers lie one after the other; wrapped, not copied. */
  like(data: Float32Array): this {
    const Kind = this.constructor as new (boxes: Float32Array) => this;
    return new Kind(data);
  }

  /** A copy of some of the boxes. */
  select(index: RowIndex): this {
    return this.like(selectFlatRows(this.data, this.boxDim, resolveRows(index, this.length)));
  }

  /** These boxes followed by others of the same class; see {@link Boxes.cat}. */
  concat(others: readonly Boxes[]): this {
    for (const { boxDim } of others) {
      if (boxDim !== this.boxDim) throw new BoxKindError("concat", boxDim, this.boxDim);
    }
    return this.like(concatFlat([this.data, ...others.map(({ data }) => data)]));
  }

  /** A copy with memory of its own. */
  clone(): this {
    return this.like(this.data.slice());
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
    return `${this.constructor.name}([${Array.from(this, (box) => `[${box.join(", ")}]`).join(", ")}])`;
  }

  #flags(test: (start: number) => boolean): Uint8Array {
    const flags = new Uint8Array(this.length);
    for (let i = 0; i < flags.length; i++) flags[i] = test(4 * i) ? 1 : 0;
    return flags;
  }
}

function toFlatBoxes(boxes: BoxesInput, boxDim: number): Float32Array {
  if (isNdArray(boxes)) {
    const { shape, size } = boxes;
    if (size !== 0 && (shape.length !== 2 || shape[1] !== boxDim)) {
      throw new StructureShapeError("Boxes", shape, `[any, ${boxDim}]`);
    }
    const data = rowMajorData(boxes);
    return data instanceof Float32Array ? data : Float32Array.from(data);
  }
  if (boxes instanceof Float32Array) {
    if (boxes.length % boxDim !== 0) {
      throw new StructureShapeError("Boxes", [boxes.length], `[${boxDim}·any]`);
    }
    return boxes;
  }
  const wrong = boxes.find((box) => box.length !== boxDim);
  if (wrong) throw new StructureShapeError("A box", [wrong.length], `[${boxDim}]`);
  return Float32Array.from(boxes.flat());
}
