import {
  ShapeError,
  sizeOf,
  typedArrayFrom,
  Variable,
  type DType,
  type Shape,
  type TypedArray,
} from "@detectron-ts/tensor";
import { StateDictError, type IncompatibleKeys, type IncorrectShape } from "./errors.ts";

/** A tensor to be loaded. */
export interface StateDictValue {
  readonly shape: Shape;
  /** Not needed: values are converted to the dtype of the parameter or buffer they are loaded into. */
  readonly dtype?: string;
  /** Row-major. */
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
}

/** Options of `Module.loadStateDict`. */
export interface LoadStateDictOptions {
  /** Whether names and shapes have to agree entirely; true when left out. */
  readonly strict?: boolean;
}

function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((side, axis) => side === b[axis]);
}

function convert(name: string, { shape, data }: StateDictValue, dtype: DType): TypedArray {
  if (data.length !== sizeOf(shape)) {
    const detail = `${data.length} values of ${name} do not fill [${shape.join(", ")}]`;
    throw new ShapeError("loadStateDict", detail);
  }
  return typedArrayFrom(dtype, data);
}

/**
 * Copies values into variables of the same names. Everything is checked before anything changes.
 *
 * @param targets A model's state dict.
 * @param source Values, or another model's state dict.
 * @returns What was left out because it does not fit; with `strict` nothing ever is.
 * @throws StateDictError when `strict` and anything does not fit; ShapeError when values do not fill their
 *   shape; DTypeError when a fraction is to become an integer.
 */
export function loadStateDict(
  targets: ReadonlyMap<string, Variable>,
  source: ReadonlyMap<string, StateDictValue | Variable>,
  { strict = true }: LoadStateDictOptions = {},
): IncompatibleKeys {
  const missing = [...targets.keys()].filter((name) => !source.has(name));
  const unexpected = [...source.keys()].filter((name) => !targets.has(name));
  const incorrectShapes: IncorrectShape[] = [];
  const changes: [Variable, TypedArray][] = [];
  for (const [name, value] of source) {
    const target = targets.get(name);
    if (target === undefined) continue;
    if (!sameShape(value.shape, target.shape)) {
      incorrectShapes.push({ name, got: value.shape, wanted: target.shape });
      continue;
    }
    const stored =
      value instanceof Variable ? { shape: value.shape, data: value.dataSync() } : value;
    changes.push([target, convert(name, stored, target.dtype)]);
  }
  const incompatible = { missing, unexpected, incorrectShapes };
  if (strict && missing.length + unexpected.length + incorrectShapes.length > 0) {
    throw new StateDictError(incompatible);
  }
  for (const [target, data] of changes) target.set(data);
  return incompatible;
}
