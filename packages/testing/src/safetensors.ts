import { readFileSync } from "node:fs";

/** The element types this reader knows, in safetensors' spelling. */
export type GoldenDType = "F64" | "F32" | "F16" | "BF16" | "I64" | "I32" | "U8" | "BOOL";

/** The array a golden tensor's values come in: halves are widened to float32, booleans are 0 and 1. */
export type GoldenData = Float64Array | Float32Array | BigInt64Array | Int32Array | Uint8Array;

/** A recorded tensor, row-major. */
export interface GoldenTensor<Data extends GoldenData = GoldenData> {
  readonly dtype: GoldenDType;
  readonly shape: readonly number[];
  readonly data: Data;
}

/**
 * Reads a whole safetensors file. For trusted test data only; the checkpoint package has the reader that trusts nothing.
 *
 * Layout: u64 little-endian length of a JSON header, the header, then the tensors' bytes, whose `data_offsets` count
 * from the header's end.
 */
export function readSafetensors(path: string | URL): Map<string, GoldenTensor> {
  const file = readFileSync(path);
  const headerLength = Number(file.readBigUInt64LE(0));
  const header: Record<string, HeaderEntry> = JSON.parse(
    file.toString("utf8", 8, 8 + headerLength),
  );
  const tensors = new Map<string, GoldenTensor>();
  for (const [name, { dtype, shape, data_offsets: range }] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const start = 8 + headerLength;
    // A copy, because typed arrays need their bytes aligned and the file's need not be.
    const bytes = new Uint8Array(file.subarray(start + range[0], start + range[1]));
    tensors.set(name, { dtype, shape, data: decode[dtype](bytes.buffer) });
  }
  return tensors;
}

interface HeaderEntry {
  readonly dtype: GoldenDType;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const decode: { readonly [D in GoldenDType]: (buffer: ArrayBuffer) => GoldenData } = {
  F64: (buffer) => new Float64Array(buffer),
  F32: (buffer) => new Float32Array(buffer),
  F16: (buffer) => Float32Array.from(new Uint16Array(buffer), halfToFloat),
  BF16: (buffer) => bfloat16ToFloat32(new Uint16Array(buffer)),
  I64: (buffer) => new BigInt64Array(buffer),
  I32: (buffer) => new Int32Array(buffer),
  U8: (buffer) => new Uint8Array(buffer),
  BOOL: (buffer) => new Uint8Array(buffer),
};

/** IEEE binary16: sign, 5 exponent bits with bias 15, 10 mantissa bits. */
function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa ? NaN : sign * Infinity;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

/** bfloat16 is the upper half of a float32. */
function bfloat16ToFloat32(halves: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
}
