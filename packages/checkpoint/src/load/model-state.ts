import { toFloat32 } from "../dtype.ts";
import { InvalidTensorError } from "../errors.ts";
import { type TensorValue } from "../tensor.ts";

/** What a model's tensors are set to. */
export type ModelTensorData = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/** One parameter or buffer of a model, as `Module.stateDict()` of `@detectron-ts/nn` lists it. */
export interface StateDictEntry {
  readonly shape: readonly number[];
  /** float32, int32, int64, bool or uint8; what is loaded is converted to it. */
  readonly dtype: string;
  /** Replaces the values; `data` is row-major, of `dtype`, and belongs to the entry from now on. */
  set(data: ModelTensorData): void;
  /** The values, row-major. Only saving needs it. */
  dataSync?(): ModelTensorData;
}

/** A model, as far as checkpoints are concerned. A `Module` of `@detectron-ts/nn` is one. */
export interface StateDictTarget {
  stateDict(): ReadonlyMap<string, StateDictEntry>;
}

/** The elements in the model's dtype: rounded to nearest for float32, truncated for integers, as torch copies. */
export function convert(name: string, value: TensorValue, dtype: string): ModelTensorData {
  const { data } = value;
  switch (dtype) {
    case "float32":
      return toFloat32(value.dtype, data);
    case "int64":
      if (data instanceof BigInt64Array) return data;
      return BigInt64Array.from(integers(value), BigInt);
    case "int32":
      return data instanceof Int32Array ? data : Int32Array.from(integers(value));
    case "uint8":
      return value.dtype === "uint8" && data instanceof Uint8Array
        ? data
        : Uint8Array.from(integers(value));
    case "bool":
      if (value.dtype === "bool" && data instanceof Uint8Array) return data;
      return Uint8Array.from(numbers(value), (element) => (element === 0 ? 0 : 1));
    default:
      throw new InvalidTensorError(name, `the model's dtype ${dtype} can't be loaded`);
  }
}

function integers(value: TensorValue): number[] {
  return numbers(value).map(Math.trunc);
}

function numbers({ dtype, data }: TensorValue): number[] {
  if (dtype === "float16" || dtype === "bfloat16") return Array.from(toFloat32(dtype, data));
  return Array.from(data as ArrayLike<number | bigint>, Number);
}
