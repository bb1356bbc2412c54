import type { NdArray } from "ndarray";
import {
  allocate,
  holdsDType,
  sizeOf,
  typedArrayFrom,
  type DType,
  type Shape,
  type TypedArray,
} from "../dtype.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import { outputOf } from "../graph/apply.ts";
import { Node } from "../graph/node.ts";
import type { Tensor } from "../tensor.ts";

/** Numbers or booleans nested to the depth of the wanted rank. */
export type NestedArray = number | boolean | readonly NestedArray[];

/** A leaf that holds `data` (not copied) and is fed to sessions at each run. */
export function constant(data: TypedArray, shape: Shape, dtype: DType): Tensor {
  if (!holdsDType(data, dtype)) {
    throw new DTypeError("tensor", `a ${data.constructor.name} does not hold ${dtype}`);
  }
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError("tensor", `${data.length} values do not fill [${shape.join(", ")}]`);
  }
  const node = new Node("constant", [], {}, {}, [{ shape, dtype }], false);
  node.settle(0, data);
  return outputOf(node, 0);
}

function dtypeOf(data: TypedArray): DType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof BigInt64Array) return "int64";
  return "uint8";
}

function isTypedArray(data: NestedArray | TypedArray): data is TypedArray {
  return ArrayBuffer.isView(data);
}

function shapeOfNested(values: NestedArray): number[] {
  if (typeof values === "number" || typeof values === "boolean") return [];
  const inner = values.length === 0 ? [] : shapeOfNested(values[0]);
  return [values.length, ...inner];
}

function flattenNested(values: NestedArray, shape: Shape, into: (number | boolean)[]): void {
  if (typeof values === "number" || typeof values === "boolean") {
    if (shape.length > 0) throw new ShapeError("tensor", "nested arrays have uneven depths");
    into.push(values);
    return;
  }
  if (values.length !== shape[0]) {
    throw new ShapeError(
      "tensor",
      `nested arrays have uneven lengths ${shape[0]} and ${values.length}`,
    );
  }
  for (const value of values) flattenNested(value, shape.slice(1), into);
}

/**
 * Makes a tensor of numbers, nested arrays of numbers, or a typed array (not copied).
 *
 * @param options.shape Shape of a typed array's values; one axis when left out.
 * @param options.dtype Defaults to the typed array's own, `bool` for booleans, else `float32`.
 * @throws ShapeError when the values are ragged or do not fill the shape.
 */
export function tensor(
  values: NestedArray | TypedArray,
  options: { shape?: Shape; dtype?: DType } = {},
): Tensor {
  if (isTypedArray(values)) {
    const shape = options.shape ?? [values.length];
    const dtype = options.dtype ?? dtypeOf(values);
    const data = holdsDType(values, dtype) ? values : typedArrayFrom(dtype, values);
    return constant(data, shape, dtype);
  }
  const nestedShape = shapeOfNested(values);
  const flat: (number | boolean)[] = [];
  flattenNested(values, nestedShape, flat);
  const dtype = options.dtype ?? (typeof flat[0] === "boolean" ? "bool" : "float32");
  return constant(typedArrayFrom(dtype, flat), options.shape ?? nestedShape, dtype);
}

/** Whether an ndarray's elements lie row-major without gaps from its first value on. */
function isContiguous(array: NdArray): boolean {
  let stride = 1;
  for (let axis = array.dimension - 1; axis >= 0; axis--) {
    if (array.shape[axis] !== 1 && array.stride[axis] !== stride) return false;
    stride *= array.shape[axis];
  }
  return true;
}

function packRowMajor(array: NdArray, into: TypedArray): void {
  const { shape, stride, data } = array;
  const rank = shape.length;
  const index = new Array<number>(rank).fill(0);
  let offset = array.offset;
  for (let i = 0; i < into.length; i++) {
    into[i] = (data as ArrayLike<number>)[offset];
    for (let axis = rank - 1; axis >= 0; axis--) {
      offset += stride[axis];
      if (++index[axis] < shape[axis]) break;
      offset -= stride[axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

/**
 * Makes a tensor of an ndarray: without a copy when its values lie row-major in a typed array a tensor
 * can hold, packed otherwise.
 *
 * @param dtype Defaults to the data's own; `float32` for float64 and plain arrays.
 */
export function fromNdarray(array: NdArray, dtype?: DType): Tensor {
  const data = array.data as TypedArray | Float64Array | number[];
  const native =
    data instanceof Float32Array ||
    data instanceof Int32Array ||
    data instanceof BigInt64Array ||
    data instanceof Uint8Array
      ? data
      : undefined;
  const target = dtype ?? (native === undefined ? "float32" : dtypeOf(native));
  const shape = [...array.shape];
  const size = sizeOf(shape);
  if (native !== undefined && holdsDType(native, target) && isContiguous(array)) {
    return constant(native.subarray(array.offset, array.offset + size), shape, target);
  }
  const packed = allocate(target, size);
  packRowMajor(array, packed);
  return constant(packed, shape, target);
}

/** A tensor of `shape` filled with one value. */
export function full(shape: Shape, value: number, dtype: DType = "float32"): Tensor {
  const data = allocate(dtype, sizeOf(shape));
  if (data instanceof BigInt64Array) data.fill(BigInt(value));
  else data.fill(value);
  return constant(data, shape, dtype);
}

/** A tensor of zeros. */
export function zeros(shape: Shape, dtype: DType = "float32"): Tensor {
  return constant(allocate(dtype, sizeOf(shape)), shape, dtype);
}

/** A tensor of ones. */
export function ones(shape: Shape, dtype: DType = "float32"): Tensor {
  return full(shape, 1, dtype);
}

/** Zeros of another tensor's shape and dtype. */
export function zerosLike(like: Tensor): Tensor {
  return zeros(like.shape, like.dtype);
}

/** `start, start + step, …` up to, not including, `end`. */
export function arange(start: number, end: number, step = 1, dtype: DType = "float32"): Tensor {
  const count = Math.max(0, Math.ceil((end - start) / step));
  const values = Array.from({ length: count }, (_, i) => start + i * step);
  return constant(typedArrayFrom(dtype, values), [count], dtype);
}
