import { type CheckpointDType, itemSize } from "../dtype.ts";
import { InvalidTensorError } from "../errors.ts";
import { type CheckpointLimits } from "../limits.ts";
import { Latin1Storage, MemoryStorage, RangeStorage, type Storage } from "../storage.ts";
import {
  type CheckpointTensor,
  contiguousStrides,
  describeTensor,
  elementCount,
  sizes,
} from "../tensor.ts";
import { LazyBytes, type NumpyArray, type NumpyDType, type TensorView } from "./values.ts";

/** What a file's storages are: the bytes by key, and whether their elements are big-endian. */
export interface StorageLookup {
  get(key: string): Storage | undefined;
  readonly bigEndian: boolean;
}

/** A checked tensor from what torch's pickle says about it. */
export function resolveTorchTensor(
  name: string,
  view: TensorView,
  storages: StorageLookup,
  limits: CheckpointLimits,
): CheckpointTensor {
  const { storage: reference, dtype } = view;
  const storage = storages.get(reference.key);
  if (storage === undefined) {
    throw new InvalidTensorError(name, `its storage "${reference.key}" is not in the file`);
  }
  const unit = reference.dtype === "untyped" ? 1 : itemSize(reference.dtype);
  if (storage.byteLength !== reference.count * unit) {
    throw new InvalidTensorError(
      name,
      `its storage "${reference.key}" has ${storage.byteLength} bytes, but the pickle says ${reference.count * unit}`,
    );
  }
  const [offset] = sizes(name, "offset", [view.offset], limits);
  return describeTensor(
    {
      name,
      dtype,
      shape: view.shape,
      strides: view.strides,
      offset: offset + reference.viewOffset,
      storage,
      bigEndian: storages.bigEndian,
    },
    limits,
  );
}

/** A checked tensor from a numpy array or scalar. */
export function resolveNumpyArray(
  name: string,
  array: NumpyArray,
  limits: CheckpointLimits,
): CheckpointTensor {
  const { state } = array;
  if (state === undefined) throw new InvalidTensorError(name, "the numpy array was never filled");
  const dtype = numpyDType(name, state.dtype);
  const shape = sizes(name, "shape", state.shape, limits);
  const storage = numpyStorage(name, state.data, elementCount(shape) * itemSize(dtype));
  return describeTensor(
    {
      name,
      dtype,
      shape,
      strides: contiguousStrides(shape, state.fortranOrder),
      offset: 0,
      storage,
      bigEndian: state.dtype.byteOrder === ">" || state.dtype.code.startsWith(">"),
    },
    limits,
  );
}

const NUMPY_DTYPES: ReadonlyMap<string, CheckpointDType> = new Map([
  ["f2", "float16"],
  ["f4", "float32"],
  ["f8", "float64"],
  ["i1", "int8"],
  ["i2", "int16"],
  ["i4", "int32"],
  ["i8", "int64"],
  ["u1", "uint8"],
  ["u2", "uint16"],
  ["u4", "uint32"],
  ["u8", "uint64"],
  ["b1", "bool"],
]);

function numpyDType(name: string, dtype: NumpyDType): CheckpointDType {
  const known = NUMPY_DTYPES.get(dtype.code.replace(/^[<>|=]/, ""));
  if (known === undefined) {
    throw new InvalidTensorError(name, `the numpy dtype "${dtype.code}" is not supported`);
  }
  return known;
}

/** The elements' bytes, wherever they are; their number must be `byteLength`. */
function numpyStorage(
  name: string,
  data: string | Uint8Array | LazyBytes,
  byteLength: number,
): Storage {
  if (data instanceof LazyBytes && data.encoding === "utf8") {
    // Each byte takes one or two bytes of text; the exact number shows when it is read.
    if (byteLength > data.byteLength || byteLength < data.byteLength / 2) {
      throw wrongLength(name, `${data.byteLength} bytes of text`, byteLength);
    }
    return new Latin1Storage(data.source, data.position, data.byteLength, byteLength);
  }
  const actual = typeof data === "string" ? data.length : data.byteLength;
  if (actual !== byteLength) throw wrongLength(name, `${actual} bytes`, byteLength);
  if (data instanceof LazyBytes) return new RangeStorage(data.source, data.position, actual);
  if (data instanceof Uint8Array) return new MemoryStorage(data);
  for (let i = 0; i < data.length; i++) {
    if (data.charCodeAt(i) > 0xff) {
      throw new InvalidTensorError(name, "its text is not the latin1 form of bytes");
    }
  }
  return new MemoryStorage(Buffer.from(data, "latin1"));
}

function wrongLength(name: string, actual: string, wanted: number): InvalidTensorError {
  return new InvalidTensorError(name, `it has ${actual}, but shape and dtype want ${wanted}`);
}
