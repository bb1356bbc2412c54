import { type ByteSource } from "../byte-source.ts";
import { type CheckpointDType, itemSize } from "../dtype.ts";
import { MalformedHeaderError, TruncatedFileError } from "../errors.ts";
import { checkLimit, type CheckpointLimits } from "../limits.ts";
import { RangeStorage } from "../storage.ts";
import {
  type CheckpointTensor,
  contiguousStrides,
  describeTensor,
  elementCount,
  sizes,
} from "../tensor.ts";

/** safetensors' dtype names. */
export const SAFETENSORS_DTYPES: ReadonlyMap<string, CheckpointDType> = new Map([
  ["F16", "float16"],
  ["BF16", "bfloat16"],
  ["F32", "float32"],
  ["F64", "float64"],
  ["I8", "int8"],
  ["I16", "int16"],
  ["I32", "int32"],
  ["I64", "int64"],
  ["U8", "uint8"],
  ["U16", "uint16"],
  ["U32", "uint32"],
  ["U64", "uint64"],
  ["BOOL", "bool"],
]);

const LENGTH_BYTES = 8;

/** A safetensors file's header. */
export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  /** The `__metadata__` of the header: free strings. */
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Reads the header: eight bytes of length, then JSON. As the format demands, the tensors must cover the rest
 * of the file without gaps or overlaps; this also uncovers a name that the JSON holds twice.
 *
 * @throws {MalformedHeaderError} when the header breaks these rules.
 */
export function readSafetensorsHeader(
  file: ByteSource,
  limits: CheckpointLimits,
): SafetensorsHeader {
  const prefix = Buffer.alloc(LENGTH_BYTES);
  file.readSync(prefix, 0);
  const headerLength = Number(prefix.readBigUInt64LE());
  checkLimit(limits, "maxHeaderBytes", headerLength, "the length of the header in bytes");
  const dataStart = LENGTH_BYTES + headerLength;
  if (dataStart > file.size) {
    throw new TruncatedFileError("header", LENGTH_BYTES, headerLength, file.size - LENGTH_BYTES);
  }
  const text = Buffer.alloc(headerLength);
  file.readSync(text, LENGTH_BYTES);

  const tensors = new Map<string, CheckpointTensor>();
  const metadata = new Map<string, string>();
  const ranges: (readonly [number, number])[] = [];
  for (const [name, entry] of Object.entries(parseObject(text))) {
    if (name === "__metadata__") {
      readMetadata(entry, metadata);
      continue;
    }
    const { dtype, shape, begin, end } = readEntry(name, entry, limits);
    if (dataStart + end > file.size) {
      const start = dataStart + begin;
      throw new TruncatedFileError(`tensor ${name}`, start, end - begin, file.size - start);
    }
    const storage = new RangeStorage(file, dataStart + begin, end - begin);
    const strides = contiguousStrides(shape);
    const description = { name, dtype, shape, strides, offset: 0, storage };
    tensors.set(name, describeTensor(description, limits));
    checkLimit(limits, "maxTensors", tensors.size, "the number of tensors");
    ranges.push([begin, end]);
  }
  checkCoverage(ranges, file.size - dataStart);
  return { tensors, metadata };
}

function parseObject(text: Buffer): object {
  let header: unknown;
  try {
    header = JSON.parse(text.toString("utf8"));
  } catch {
    throw new MalformedHeaderError(`its ${text.byteLength} bytes are no JSON`);
  }
  if (!isObject(header)) throw new MalformedHeaderError("the JSON is no object");
  return header;
}

function readMetadata(entry: unknown, metadata: Map<string, string>): void {
  if (!isObject(entry)) throw new MalformedHeaderError("__metadata__ is no object");
  for (const [key, value] of Object.entries(entry)) {
    if (typeof value !== "string") {
      throw new MalformedHeaderError(`__metadata__ "${key}" is no string`);
    }
    metadata.set(key, value);
  }
}

function readEntry(name: string, entry: unknown, limits: CheckpointLimits) {
  const has = isObject(entry) && "dtype" in entry && "shape" in entry && "data_offsets" in entry;
  if (!has) throw new MalformedHeaderError(`"${name}" lacks dtype, shape or data_offsets`);
  const dtype = SAFETENSORS_DTYPES.get(String(entry.dtype));
  if (dtype === undefined) {
    throw new MalformedHeaderError(`"${name}" has the unknown dtype ${String(entry.dtype)}`);
  }
  const shape = sizes(name, "shape", entry.shape, limits);
  const [begin, end, ...rest] = sizes(name, "data_offsets", entry.data_offsets, limits);
  if (begin === undefined || end === undefined || rest.length > 0) {
    throw new MalformedHeaderError(`"${name}" wants two data_offsets`);
  }
  const wanted = elementCount(shape) * itemSize(dtype);
  if (end - begin !== wanted) {
    throw new MalformedHeaderError(
      `"${name}" has ${end - begin} bytes, but shape and dtype want ${wanted}`,
    );
  }
  return { dtype, shape, begin, end };
}

function checkCoverage(ranges: (readonly [number, number])[], size: number): void {
  let position = 0;
  for (const [begin, end] of ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    if (begin !== position) {
      throw new MalformedHeaderError(
        `the data has a ${begin > position ? "gap" : "doubly used part"} at byte ${Math.min(begin, position)}`,
      );
    }
    position = end;
  }
  if (position !== size) {
    throw new MalformedHeaderError(
      `the tensors take ${position} bytes, but ${size} follow the header`,
    );
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
