import { isCheckpointDType, type TensorData } from "../dtype.ts";
import { type TensorValue } from "../tensor.ts";

/**
 * What an object holds as a tensor, if it is one: a {@link TensorValue}, or a tensor of
 * `@detectron-ts/tensor`, whose elements `dataSync()` gives. Nothing is copied.
 */
export function asTensorValue(object: object): TensorValue | undefined {
  if (!("shape" in object) || !("dtype" in object)) return undefined;
  const { shape, dtype } = object;
  if (!isShape(shape) || !isCheckpointDType(dtype)) return undefined;
  const data = elements(object);
  return isTensorData(data) ? { shape, dtype, data } : undefined;
}

function elements(object: object): unknown {
  if ("dataSync" in object && typeof object.dataSync === "function") {
    return object.dataSync() as unknown;
  }
  return "data" in object ? object.data : undefined;
}

function isShape(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function isTensorData(value: unknown): value is TensorData {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}
