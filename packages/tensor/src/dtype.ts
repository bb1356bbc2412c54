import { DTypeError } from "./errors.ts";

/** Element types a tensor can have. Values are held in the typed array {@link TypedArrayOf} names. */
export type DType = "float32" | "int32" | "int64" | "bool" | "uint8";

/** The typed array that holds values of a dtype: `bool` is one byte an element, `int64` is BigInt. */
export interface TypedArrayOf {
  float32: Float32Array;
  int32: Int32Array;
  int64: BigInt64Array<ArrayBuffer>;
  bool: Uint8Array;
  uint8: Uint8Array;
}

/** Any typed array a tensor's values can live in. */
export type TypedArray = TypedArrayOf[DType];

/** A list of dimension sizes, outermost first. A scalar has shape `[]`. */
export type Shape = readonly number[];

/** Number of elements of a shape; 1 for a scalar, 0 when any side is 0. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const side of shape) size *= side;
  return size;
}

/** Allocates a zero-filled typed array for `size` elements of `dtype`. */
export function allocate<D extends DType>(dtype: D, size: number): TypedArrayOf[D];
export function allocate(dtype: DType, size: number): TypedArray {
  switch (dtype) {
    case "float32":
      return new Float32Array(size);
    case "int32":
      return new Int32Array(size);
    case "int64":
      return new BigInt64Array(size);
    case "bool":
    case "uint8":
      return new Uint8Array(size);
  }
}

/**
 * Copies numbers into the typed array of `dtype`. Booleans become 0 and 1, `int64` becomes BigInt.
 *
 * @throws DTypeError when an int64 element is not an integer.
 */
export function typedArrayFrom(
  dtype: DType,
  values: ArrayLike<number | bigint | boolean>,
): TypedArray {
  const result = allocate(dtype, values.length);
  if (result instanceof BigInt64Array) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (typeof value === "number" && !Number.isInteger(value)) {
        throw new DTypeError("tensor", `int64 holds integers, got ${value} at index ${i}`);
      }
      result[i] = BigInt(value);
    }
  } else {
    for (let i = 0; i < values.length; i++) {
      result[i] = dtype === "bool" ? (values[i] ? 1 : 0) : Number(values[i]);
    }
  }
  return result;
}

/** Whether a typed array is one that holds values of `dtype`. */
export function holdsDType(data: TypedArray, dtype: DType): boolean {
  switch (dtype) {
    case "float32":
      return data instanceof Float32Array;
    case "int32":
      return data instanceof Int32Array;
    case "int64":
      return data instanceof BigInt64Array;
    case "bool":
    case "uint8":
      return data instanceof Uint8Array;
  }
}

// Arithmetic between dtypes happens in the later one of this order, never below int32:
// ONNX Runtime has no arithmetic kernels for bool and uint8.
const PROMOTION_ORDER: readonly DType[] = ["bool", "uint8", "int32", "int64", "float32"];

/** The dtype that arithmetic between `a` and `b` happens in. */
export function promoteDTypes(a: DType, b: DType): DType {
  const rank = Math.max(PROMOTION_ORDER.indexOf(a), PROMOTION_ORDER.indexOf(b), 2);
  return PROMOTION_ORDER[rank];
}
