import ndarray, { type NdArray } from "ndarray";

import { EmptyListError, StructureShapeError } from "../errors.ts";

/** The typed arrays that hold a structure's data. */
export type NumericArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array<ArrayBuffer>;

/** Whether a value is an `NdArray`, seen by its members: several copies of ndarray may be installed. */
export function isNdArray(value: unknown): value is NdArray<NumericArray> {
  return (
    typeof value === "object" &&
    value !== null &&
    "shape" in value &&
    "stride" in value &&
    "data" in value &&
    ArrayBuffer.isView(value.data)
  );
}

/** A new typed array of the same kind. */
export function allocateLike<T extends NumericArray>(array: T, length: number): T {
  const Constructor = array.constructor as new (length: number) => T;
  return new Constructor(length);
}

/** The elements in row-major order: a view of the array's own storage if they lie that way, a copy otherwise. */
export function rowMajorData<Source extends NdArray<NumericArray>>(array: Source): Source["data"] {
  const { data, shape, stride, offset } = array;
  const size = product(shape);
  let step = 1;
  let contiguous = true;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && stride[axis] !== step) contiguous = false;
    step *= shape[axis];
  }
  if (contiguous || size === 0) return data.subarray(offset, offset + size);

  const copy = allocateLike(data, size);
  const position = shape.map(() => 0);
  let source = offset;
  for (let i = 0; i < size; i++) {
    copy[i] = data[source];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += stride[axis];
      if (++position[axis] < shape[axis]) break;
      source -= stride[axis] * shape[axis];
      position[axis] = 0;
    }
  }
  return copy;
}

/** The rows (entries along the first axis) of an array with the given numbers, in that order. */
export function selectRows<T extends NumericArray>(
  array: NdArray<T>,
  rows: Int32Array,
): NdArray<T> {
  const [, ...rowShape] = array.shape;
  return ndarray(selectFlatRows(rowMajorData(array), product(rowShape), rows), [
    rows.length,
    ...rowShape,
  ]);
}

/** {@link selectRows} of row-major data with `rowSize` elements a row. */
export function selectFlatRows<T extends NumericArray>(
  data: T,
  rowSize: number,
  rows: Int32Array,
): T {
  const selected = allocateLike(data, rows.length * rowSize);
  let target = 0;
  for (let i = 0; i < rows.length; i++) {
    const start = rows[i] * rowSize;
    for (let source = start; source < start + rowSize; source++) selected[target++] = data[source];
  }
  return selected;
}

/**
 * Arrays joined along the first axis.
 *
 * @throws {@link EmptyListError} for no array.
 * @throws {@link StructureShapeError} if the other axes differ.
 */
export function concatRows<T extends NumericArray>(arrays: readonly NdArray<T>[]): NdArray<T> {
  if (arrays.length === 0) throw new EmptyListError();
  const [, ...rowShape] = arrays[0].shape;
  let numRows = 0;
  for (const { shape } of arrays) {
    if (shape.length !== rowShape.length + 1 || rowShape.some((n, i) => n !== shape[i + 1])) {
      throw new StructureShapeError("Each array", shape, `[any, ${rowShape.join(", ")}]`);
    }
    numRows += shape[0];
  }
  return ndarray(concatFlat(arrays.map(rowMajorData)), [numRows, ...rowShape]);
}

/** Typed arrays of one kind, one after the other. */
export function concatFlat<T extends NumericArray>(arrays: readonly T[]): T {
  const joined = allocateLike(
    arrays[0],
    arrays.reduce((length, array) => length + array.length, 0),
  );
  let target = 0;
  for (const array of arrays) {
    for (let i = 0; i < array.length; i++) joined[target++] = array[i];
  }
  return joined;
}

/** Product of the lengths of axes; 1 for none. */
function product(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}
