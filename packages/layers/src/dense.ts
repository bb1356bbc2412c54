import type { NdArray } from "ndarray";
import { LayerShapeError } from "./errors.ts";

type DenseData = Float32Array | Int32Array;

/**
 * The elements of `array` in row-major order: a view when they already lie so, a copy otherwise.
 * Kernels read through this once and then work on plain indices.
 */
export function rowMajor<T extends DenseData>(array: NdArray<T>): T {
  const { data, shape, stride, offset, size } = array;
  let dense = 1;
  let isDense = true;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] > 1 && stride[axis] !== dense) isDense = false;
    dense *= shape[axis];
  }
  if (isDense) return data.subarray(offset, offset + size) as T;

  // A broadcast view holds more elements than its storage, hence the constructor and no slice.
  const copy = new (data.constructor as new (length: number) => T)(size);
  const index = shape.map(() => 0);
  for (let position = 0; position < size; position++) {
    let source = offset;
    for (let axis = 0; axis < shape.length; axis++) source += index[axis] * stride[axis];
    copy[position] = data[source];
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) {
      index[axis] = 0;
    }
  }
  return copy;
}

/**
 * Refuses `shape` unless it equals `wanted`, where `null` stands for any length.
 *
 * @throws LayerShapeError naming the layer, the argument and both shapes.
 */
export function requireShape(
  layer: string,
  argument: string,
  shape: readonly number[],
  wanted: readonly (number | null)[],
): void {
  const fits =
    shape.length === wanted.length &&
    wanted.every((length, axis) => length === null || length === shape[axis]);
  if (!fits) {
    const words = wanted.map((length) => length ?? "any").join(", ");
    throw new LayerShapeError(layer, argument, shape, `[${words}]`);
  }
}
