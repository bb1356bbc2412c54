import { type CheckpointKey, type CheckpointValue, UnknownObject } from "../pickle/explore.ts";
import { isTensor } from "../read-checkpoint.ts";
import { type TensorValue } from "../tensor.ts";

/** A checkpoint's value in memory: as a {@link CheckpointValue}, with tensors read. */
export type LoadedValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | TensorValue
  | UnknownObject
  | readonly LoadedValue[]
  | ReadonlyMap<CheckpointKey, LoadedValue>;

/** Reads every tensor of a value. */
export async function readValue(value: CheckpointValue): Promise<LoadedValue> {
  if (value === null || typeof value !== "object") return value;
  if (value instanceof Uint8Array || value instanceof UnknownObject) return value;
  if (isTensor(value)) return await value.read();
  if (isMap(value)) {
    const dict = new Map<CheckpointKey, LoadedValue>();
    for (const [key, item] of value) dict.set(key, await readValue(item));
    return dict;
  }
  const list: LoadedValue[] = [];
  for (const item of value) list.push(await readValue(item));
  return list;
}

/** True when a value is a tensor or contains one. */
export function holdsTensor(value: CheckpointValue): boolean {
  if (value === null || typeof value !== "object") return false;
  if (value instanceof Uint8Array || value instanceof UnknownObject) return false;
  if (isTensor(value)) return true;
  return [...value.values()].some(holdsTensor);
}

function isMap(
  value: readonly CheckpointValue[] | ReadonlyMap<CheckpointKey, CheckpointValue>,
): value is ReadonlyMap<CheckpointKey, CheckpointValue> {
  return value instanceof Map;
}
