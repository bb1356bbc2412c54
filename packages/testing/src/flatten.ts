/** What an `ndarray`, a golden tensor and a realised tensor have in common. */
export interface StridedArray {
  readonly shape: readonly number[];
  readonly data: ArrayBufferView | readonly number[];
  /** Steps in elements along each axis; row-major when absent. */
  readonly stride?: readonly number[];
  readonly offset?: number;
}

/** Values in row-major order with the shape they claim; `shape` is undefined for flat lists, which claim none. */
export interface FlatValues {
  readonly values: Float64Array;
  readonly shape: readonly number[] | undefined;
}

/**
 * Flattens whatever a test holds into float64 values. `null` reads as NaN, as in golden JSON; booleans as 0 and 1.
 *
 * @throws TypeError for values that are not numeric, Error for ragged nested arrays.
 */
export function flatten(value: unknown): FlatValues {
  if (isList(value)) return { values: toFloat64(value), shape: undefined };
  if (isStrided(value)) return { values: gather(value), shape: value.shape };
  if (Array.isArray(value)) return flattenNested(value);
  return { values: Float64Array.of(scalar(value)), shape: undefined };
}

/** The names of an element: `[2, 0, 5]` for row-major `index` in `shape`, or `[index]` when no shape is known. */
export function unravel(index: number, shape: readonly number[] | undefined): number[] {
  if (shape === undefined || shape.length === 0) return [index];
  const position = Array.from(shape, () => 0);
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    position[axis] = rest % shape[axis];
    rest = Math.floor(rest / shape[axis]);
  }
  return position;
}

/** A flat list; whether its items are numbers shows when {@link scalar} reads them. */
type List = readonly unknown[] | (ArrayBufferView & Iterable<unknown>);

function isList(value: unknown): value is List {
  if (ArrayBuffer.isView(value)) return !(value instanceof DataView);
  return Array.isArray(value) && !value.some(isStructured);
}

function isStructured(value: unknown): boolean {
  return Array.isArray(value) || ArrayBuffer.isView(value) || isStrided(value);
}

function isStrided(value: unknown): value is StridedArray {
  return (
    typeof value === "object" &&
    value !== null &&
    !ArrayBuffer.isView(value) &&
    "shape" in value &&
    Array.isArray(value.shape) &&
    "data" in value &&
    typeof value.data === "object"
  );
}

function toFloat64(list: List): Float64Array {
  if (list instanceof Float32Array || list instanceof Float64Array) return new Float64Array(list);
  return Float64Array.from(list, scalar);
}

function scalar(value: unknown): number {
  if (value === null) return NaN;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") {
    return Number(value);
  }
  throw new TypeError(`Expected numbers or arrays of numbers, got ${describe(value)}`);
}

function describe(value: unknown): string {
  return typeof value === "object"
    ? `an object of class ${value?.constructor?.name}`
    : typeof value;
}

/** Reads a strided array in row-major order. */
function gather({ shape, data, stride, offset = 0 }: StridedArray): Float64Array {
  if (!isList(data)) throw new TypeError("Expected data to be a typed array or number[]");
  const source = toFloat64(data);
  const size = shape.reduce((product, length) => product * length, 1);
  const strides = stride ?? rowMajorStrides(shape);
  const values = new Float64Array(size);
  const position = Array.from(shape, () => 0);
  let from = offset;
  for (let index = 0; index < size; index++) {
    values[index] = source[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++position[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      position[axis] = 0;
    }
  }
  return values;
}

function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = Array.from(shape, () => 0);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}

function flattenNested(list: readonly unknown[]): FlatValues {
  const rows = list.map(flatten);
  const rowShapes = rows.map((row) => row.shape ?? [row.values.length]);
  for (const [index, rowShape] of rowShapes.entries()) {
    if (rowShape.join() !== rowShapes[0].join()) {
      throw new Error(`Ragged array: row 0 is [${rowShapes[0]}], row ${index} is [${rowShape}]`);
    }
  }
  const width = rows[0].values.length;
  const values = new Float64Array(rows.length * width);
  rows.forEach((row, index) => values.set(row.values, index * width));
  return { values, shape: [rows.length, ...rowShapes[0]] };
}
