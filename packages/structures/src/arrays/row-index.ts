import type { NdArray } from "ndarray";

import { LengthMismatchError, RowIndexError, StructureShapeError } from "../errors.ts";
import { isNdArray, rowMajorData } from "./rows.ts";

/** A slice as in Python: negative ends count from the back, ends beyond the rows are cut. `step` is at least 1. */
export interface RowRange {
  readonly start?: number;
  readonly end?: number;
  readonly step?: number;
}

/**
 * Which rows of a structure: one (the result keeps its row axis), a range, a mask with a flag per row (`boolean[]` or
 * bytes), or a list of row numbers, repeats allowed. Negative numbers count from the back.
 */
export type RowIndex =
  | number
  | RowRange
  | readonly boolean[]
  | Uint8Array
  | NdArray<Uint8Array>
  | readonly number[]
  | Int32Array
  | BigInt64Array<ArrayBuffer>
  | NdArray<Int32Array>
  | NdArray<BigInt64Array<ArrayBuffer>>;

/**
 * The numbers of the rows that an index means, out of `length` rows.
 *
 * @throws {@link RowIndexError} for a number out of range, {@link LengthMismatchError} for a mask of another length.
 */
export function resolveRows(index: RowIndex, length: number): Int32Array {
  if (typeof index === "number") return Int32Array.of(resolveRow(index, length));
  if (isNdArray(index)) {
    if (index.shape.length !== 1) throw new StructureShapeError("An index", index.shape, "[any]");
    const rows = rowMajorData(index);
    return rows instanceof Uint8Array ? rowsOfMask(rows, length) : rowsOfList(rows, length);
  }
  if (index instanceof Uint8Array) return rowsOfMask(index, length);
  if (isFlagList(index)) return rowsOfMask(index, length);
  if (isRange(index)) return rowsOfRange(index, length);
  return rowsOfList(index, length);
}

function isFlagList(index: RowIndex): index is readonly boolean[] {
  return Array.isArray(index) && typeof index[0] === "boolean";
}

function isRange(index: RowIndex): index is RowRange {
  return typeof index === "object" && !Array.isArray(index) && !ArrayBuffer.isView(index);
}

function resolveRow(row: number, length: number): number {
  if (!Number.isInteger(row) || row < -length || row >= length) {
    throw new RowIndexError(row, length);
  }
  return row < 0 ? row + length : row;
}

function rowsOfList(list: ArrayLike<number | bigint>, length: number): Int32Array {
  return Int32Array.from(list, (row) => resolveRow(Number(row), length));
}

function rowsOfMask(mask: ArrayLike<boolean | number>, length: number): Int32Array {
  if (mask.length !== length) throw new LengthMismatchError("A mask", mask.length, length);
  const rows = new Int32Array(length);
  let count = 0;
  for (let row = 0; row < length; row++) {
    if (mask[row]) rows[count++] = row;
  }
  return rows.slice(0, count);
}

function rowsOfRange({ start = 0, end, step = 1 }: RowRange, length: number): Int32Array {
  if (!Number.isInteger(step) || step < 1) throw new RangeError(`step must be 1 or more: ${step}`);
  const clip = (bound: number) => Math.min(Math.max(bound < 0 ? bound + length : bound, 0), length);
  const first = clip(start);
  const last = clip(end ?? length);
  const rows = new Int32Array(Math.max(Math.ceil((last - first) / step), 0));
  for (let i = 0; i < rows.length; i++) rows[i] = first + i * step;
  return rows;
}
