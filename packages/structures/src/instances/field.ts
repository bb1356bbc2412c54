import { cat, tensor, type Tensor } from "@detectron-ts/tensor";
import type { NdArray } from "ndarray";

import {
  concatFlat,
  concatRows,
  isNdArray,
  selectFlatRows,
  selectRows,
  type NumericArray,
} from "../arrays/rows.ts";

/** A structure with one row per instance, such as `Boxes`, that knows how to pick and join rows. */
export interface RowField {
  readonly length: number;
  /** A new structure of the given rows, in that order. */
  select(rows: Int32Array): RowField;
  /** A new structure: these rows, then those of the others, which are of the same class. */
  concat(others: readonly RowField[]): RowField;
}

/**
 * What a field of `Instances` may be: something with one entry per instance. Of arrays and tensors with several axes,
 * the first counts the instances.
 */
export type FieldValue =
  RowField | NdArray<NumericArray> | NumericArray | Tensor | readonly unknown[];

/** Number of instances that a field has entries for. */
export function fieldLength(value: FieldValue): number {
  return isNdArray(value) || isTensor(value) ? value.shape[0] : value.length;
}

/** The entries of some instances. */
export function selectField(value: FieldValue, rows: Int32Array): FieldValue {
  if (isTensor(value)) return value.indexSelect(0, tensor(rows));
  if (isRowField(value)) return value.select(rows);
  if (isNdArray(value)) return selectRows(value, rows);
  if (isList(value)) return Array.from(rows, (row) => value[row]);
  return selectFlatRows(value, 1, rows);
}

/**
 * The entries of several fields of one kind, one after the other.
 *
 * @throws {@link StructureShapeError} if arrays differ in their other axes.
 * @throws TypeError if the fields are not of one kind.
 */
export function concatFields(values: readonly FieldValue[]): FieldValue {
  const [first, ...others] = values;
  const wrong = others.find((other) => kindOf(other) !== kindOf(first));
  if (wrong) throw new TypeError(`Cannot join ${kindOf(wrong)} to ${kindOf(first)}.`);
  if (isTensor(first)) return cat(values.filter(isTensor), 0);
  if (isRowField(first)) return first.concat(others.filter(isRowField));
  if (isNdArray(first)) return concatRows(values.filter(isNdArray));
  if (isList(first)) return values.filter(isList).flat(1);
  return concatFlat(values.filter(isNumericArray));
}

function isTensor(value: FieldValue): value is Tensor {
  return "indexSelect" in value;
}

function isRowField(value: FieldValue): value is RowField {
  return "select" in value && typeof value.select === "function";
}

function isList(value: FieldValue): value is readonly unknown[] {
  return Array.isArray(value);
}

function isNumericArray(value: FieldValue): value is NumericArray {
  return ArrayBuffer.isView(value);
}

/** Class of a field's storage: fields of one kind can be joined. */
function kindOf(value: FieldValue): string {
  return isNdArray(value) ? `NdArray of ${value.data.constructor.name}` : value.constructor.name;
}
