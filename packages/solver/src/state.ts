import { SolverStateError } from "./errors.ts";

/** A tensor of a saved state: float32, row-major. */
export interface StateTensor {
  readonly shape: readonly number[];
  readonly dtype: "float32";
  readonly data: Float32Array;
}

/**
 * A saved state in the form in which `@detectron-ts/checkpoint` presents what Python saved: maps for dicts, arrays
 * for lists and tuples.
 */
export type StateValue =
  | null
  | boolean
  | number
  | string
  | StateTensor
  | readonly StateValue[]
  | ReadonlyMap<string | number, StateValue>;

/** A dict of a saved state. */
export function readMap(value: unknown, path: string): ReadonlyMap<unknown, unknown> {
  if (value instanceof Map) return value;
  throw new SolverStateError(path, `has to be a map, got ${describe(value)}`);
}

/** A list or tuple of a saved state. */
export function readList(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new SolverStateError(path, `has to be a list, got ${describe(value)}`);
}

/** A finite number of a saved state. */
export function readNumber(value: unknown, path: string): number {
  const number = typeof value === "bigint" ? Number(value) : value;
  if (typeof number === "number" && Number.isFinite(number)) return number;
  throw new SolverStateError(path, `has to be a number, got ${describe(value)}`);
}

/** An integer of a saved state. */
export function readInteger(value: unknown, path: string): number {
  const number = readNumber(value, path);
  if (Number.isSafeInteger(number)) return number;
  throw new SolverStateError(path, `has to be an integer, got ${number}`);
}

/** A boolean of a saved state. */
export function readBoolean(value: unknown, path: string): boolean {
  if (typeof value === "boolean") return value;
  throw new SolverStateError(path, `has to be true or false, got ${describe(value)}`);
}

/**
 * A copy of a tensor of a saved state: one in memory, or one of an open checkpoint, which is read.
 *
 * @throws SolverStateError when it is no float32 tensor of the shape.
 */
export async function readTensor(
  value: unknown,
  shape: readonly number[],
  path: string,
): Promise<Float32Array> {
  if (!isRecord(value) || !Array.isArray(value.shape)) {
    throw new SolverStateError(path, `has to be a tensor, got ${describe(value)}`);
  }
  if (value.shape.join() !== shape.join()) {
    const detail = `has to be of shape [${shape.join(", ")}], got [${value.shape.join(", ")}]`;
    throw new SolverStateError(path, detail);
  }
  const { read } = value;
  const content: unknown = typeof read === "function" ? await read.call(value) : value;
  if (isRecord(content) && content.data instanceof Float32Array) return content.data.slice();
  throw new SolverStateError(path, `has to be float32, got ${String(value.dtype)}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (isRecord(value)) return `a value of ${value.constructor.name}`;
  return String(value);
}
