import { CheckpointStructureError } from "../errors.ts";
import { checkLimit, type CheckpointLimits } from "../limits.ts";
import { type CheckpointTensor } from "../tensor.ts";
import {
  GlobalReference,
  LazyBytes,
  NumpyArray,
  NumpyDType,
  PickleDict,
  Placeholder,
  StorageReference,
  TensorView,
  type PickleValue,
} from "./values.ts";

/** What a checkpoint holds besides tensors: plain values, with Maps for dicts and arrays for lists and tuples. */
export type CheckpointValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | CheckpointTensor
  | UnknownObject
  | readonly CheckpointValue[]
  | ReadonlyMap<CheckpointKey, CheckpointValue>;

/** A dict's key; keys that are containers are written out as text. */
export type CheckpointKey = string | number | bigint | boolean | null;

/** Stands for an object whose class this package does not know. It has no content. */
export class UnknownObject {
  constructor(
    /** Python's name of the class or function. */
    readonly qualifiedName: string,
  ) {}
}

/** Makes a checked tensor of what the pickle says about one. */
export type TensorResolver = (name: string, tensor: TensorView | NumpyArray) => CheckpointTensor;

/** The plain form of a pickle's value, and every tensor in it by dotted path. */
export interface ExploredPickle {
  readonly value: CheckpointValue;
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
}

/**
 * Walks what a pickle built, within the limits on depth, number of values and tensors, and total size.
 *
 * @throws {CheckpointStructureError} when a container holds itself, or two tensors have the same path.
 */
export function explorePickle(
  root: PickleValue,
  resolve: TensorResolver,
  limits: CheckpointLimits,
): ExploredPickle {
  const tensors = new Map<string, CheckpointTensor>();
  const open = new Set<PickleValue>();
  const texts = new Map<LazyBytes, string | Uint8Array>();
  let values = 0;
  let totalBytes = 0;

  function visit(value: PickleValue, path: string): CheckpointValue {
    values += 1;
    checkLimit(limits, "maxValues", values, "the number of values");
    if (value instanceof TensorView || value instanceof NumpyArray) return addTensor(value, path);
    if (value instanceof PickleDict || Array.isArray(value)) {
      if (open.has(value)) {
        throw new CheckpointStructureError(`${path || "the root"} holds itself`);
      }
      open.add(value);
      checkLimit(limits, "maxNesting", open.size, "the nesting of containers");
      const plain = value instanceof PickleDict ? visitDict(value, path) : visitList(value, path);
      open.delete(value);
      return plain;
    }
    if (value instanceof LazyBytes) return readLazy(value);
    if (value instanceof GlobalReference || value instanceof Placeholder) {
      return new UnknownObject(value.qualifiedName);
    }
    if (value instanceof NumpyDType) return value.code;
    if (value instanceof StorageReference) return new UnknownObject("torch.storage");
    return value;
  }

  function visitDict(dict: PickleDict, path: string): CheckpointValue {
    const map = new Map<CheckpointKey, CheckpointValue>();
    for (const [pickledKey, item] of dict.entries) {
      const key = plainKey(pickledKey);
      map.set(key, visit(item, path === "" ? String(key) : `${path}.${String(key)}`));
    }
    return map;
  }

  function visitList(list: readonly PickleValue[], path: string): CheckpointValue {
    return list.map((item, i) => visit(item, path === "" ? String(i) : `${path}.${i}`));
  }

  function addTensor(value: TensorView | NumpyArray, path: string): CheckpointTensor {
    if (tensors.has(path)) {
      throw new CheckpointStructureError(`two tensors have the same path "${path}"`);
    }
    const tensor = resolve(path, value);
    tensors.set(path, tensor);
    totalBytes += tensor.byteLength;
    checkLimit(limits, "maxTensors", tensors.size, "the number of tensors");
    checkLimit(limits, "maxTotalTensorBytes", totalBytes, "the size of all tensors in bytes");
    return tensor;
  }

  /** A long string or bytes object that turned out to be no tensor's data; read once, however often met. */
  function readLazy(lazy: LazyBytes): string | Uint8Array {
    const known = texts.get(lazy);
    if (known !== undefined) return known;
    checkLimit(limits, "maxStringBytes", lazy.byteLength, "the length of a text in bytes");
    const bytes = Buffer.allocUnsafe(lazy.byteLength);
    lazy.source.readSync(bytes, lazy.position);
    const value = lazy.isBytes
      ? new Uint8Array(bytes)
      : bytes.toString(lazy.encoding === "utf8" ? "utf8" : "latin1");
    texts.set(lazy, value);
    return value;
  }

  return { value: visit(root, ""), tensors };
}

function plainKey(key: PickleValue): CheckpointKey {
  if (key === null || typeof key !== "object") return key;
  if (Array.isArray(key) && key.every((item) => item === null || typeof item !== "object")) {
    return `(${key.map(String).join(", ")})`;
  }
  throw new CheckpointStructureError("a dict has a key that is an object");
}
