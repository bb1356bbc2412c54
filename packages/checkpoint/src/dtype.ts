/** Element types that checkpoints hold, by PyTorch's names. */
export type CheckpointDType =
  | "float16"
  | "bfloat16"
  | "float32"
  | "float64"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "bool";

/** What holds a tensor's elements. float16 and bfloat16 are held as their raw bits, bool as 0 and 1. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

interface DTypeRule {
  readonly itemSize: number;
  readonly array: new (buffer: ArrayBuffer) => TensorData;
}

const DTYPES: { readonly [D in CheckpointDType]: DTypeRule } = {
  float16: { itemSize: 2, array: Uint16Array },
  bfloat16: { itemSize: 2, array: Uint16Array },
  float32: { itemSize: 4, array: Float32Array },
  float64: { itemSize: 8, array: Float64Array },
  int8: { itemSize: 1, array: Int8Array },
  int16: { itemSize: 2, array: Int16Array },
  int32: { itemSize: 4, array: Int32Array },
  int64: { itemSize: 8, array: BigInt64Array },
  uint8: { itemSize: 1, array: Uint8Array },
  uint16: { itemSize: 2, array: Uint16Array },
  uint32: { itemSize: 4, array: Uint32Array },
  uint64: { itemSize: 8, array: BigUint64Array },
  bool: { itemSize: 1, array: Uint8Array },
};

/** True for the name of a dtype. */
export function isCheckpointDType(value: unknown): value is CheckpointDType {
  return typeof value === "string" && Object.hasOwn(DTYPES, value);
}

/** Bytes of one element. */
export function itemSize(dtype: CheckpointDType): number {
  return DTYPES[dtype].itemSize;
}

/** The typed array of `dtype` over a whole buffer of little-endian elements, without copying. */
export function typedArrayOver(dtype: CheckpointDType, buffer: ArrayBuffer): TensorData {
  return new DTYPES[dtype].array(buffer);
}

/** Reverses the bytes of every element in place. */
export function swapBytes(bytes: Uint8Array, size: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (size === 2) buffer.swap16();
  else if (size === 4) buffer.swap32();
  else if (size === 8) buffer.swap64();
}

const floatBits = new Float32Array(1);
const wordBits = new Uint32Array(floatBits.buffer);

/** Exact float32 value of IEEE half-precision bits: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
export function float16ToFloat32(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  // Subnormals have no hidden bit and the exponent of the smallest normal number.
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * Half-precision bits of a number, rounded to nearest, ties to even, as PyTorch's `.half()` rounds.
 * Values of magnitude 65520 and above become infinite.
 */
export function float32ToFloat16(value: number): number {
  floatBits[0] = value;
  const bits = wordBits[0];
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Below 2^-14 the result counts multiples of 2^-24.
    const scaled = Math.abs(floatBits[0]) * 2 ** 24;
    return sign | roundHalfToEven(scaled);
  }
  // Rebias the exponent from 127 to 15 and round away 13 fraction bits; a carry runs into the exponent, as it should.
  const rebased = magnitude - (112 << 23);
  return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest > 0.5 || (rest === 0.5 && floor % 2 === 1)) return floor + 1;
  return floor;
}

let halfPrecisionValues: Float32Array | undefined;

/** The values of all 65,536 half-precision patterns: looking one up is many times faster than decoding it. */
function halfPrecisionTable(): Float32Array {
  halfPrecisionValues ??= Float32Array.from({ length: 1 << 16 }, (_, bits) =>
    float16ToFloat32(bits),
  );
  return halfPrecisionValues;
}

/**
 * The elements as float32: float16 and bfloat16 exactly, float64 and integers rounded to nearest.
 * A Float32Array of dtype float32 is returned as it is.
 */
export function toFloat32(dtype: CheckpointDType, data: TensorData): Float32Array {
  if (dtype === "float32" && data instanceof Float32Array) return data;
  const result = new Float32Array(data.length);
  if (dtype === "bfloat16") {
    // bfloat16 is the upper half of a float32.
    const words = new Uint32Array(result.buffer);
    for (let i = 0; i < data.length; i++) words[i] = Number(data[i]) << 16;
  } else if (dtype === "float16") {
    const table = halfPrecisionTable();
    for (let i = 0; i < data.length; i++) result[i] = table[Number(data[i])];
  } else {
    for (let i = 0; i < data.length; i++) result[i] = Number(data[i]);
  }
  return result;
}
