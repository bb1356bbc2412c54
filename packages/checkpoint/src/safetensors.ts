import {
  type CheckpointDType,
  float32ToFloat16,
  itemSize,
  type TensorData,
  toFloat32,
} from "./dtype.ts";
import { InvalidTensorError, UnrecognizedFormatError } from "./errors.ts";
import { SAFETENSORS_DTYPES } from "./formats/safetensors.ts";
import { readCheckpoint, type ReadCheckpointOptions } from "./read-checkpoint.ts";
import { elementCount, type TensorValue } from "./tensor.ts";
import { writeCheckpointFile } from "./write/checkpoint-file.ts";

/** A safetensors file in memory. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, TensorValue>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Options of {@link writeSafetensors}. */
export interface WriteSafetensorsOptions {
  /** Free strings for the header's `__metadata__`. */
  readonly metadata?: ReadonlyMap<string, string>;
  /** Stores float32 tensors as float16, rounded to nearest even: half the size. Default false. */
  readonly float16?: boolean;
}

/**
 * Reads a whole safetensors file into memory.
 *
 * @throws {CheckpointError} one of its subclasses, when the file is broken or of another format.
 */
export async function readSafetensors(
  path: string,
  options: Pick<ReadCheckpointOptions, "limits"> = {},
): Promise<Safetensors> {
  await using checkpoint = await readCheckpoint(path, options);
  if (checkpoint.format !== "safetensors") {
    throw new UnrecognizedFormatError(path, `it is a ${checkpoint.format} file`);
  }
  const tensors = new Map<string, TensorValue>();
  for (const [name, tensor] of checkpoint.tensors) tensors.set(name, await tensor.read());
  const metadata = new Map<string, string>();
  for (const [key, value] of checkpoint.extra) metadata.set(String(key), String(value));
  return { tensors, metadata };
}

const DTYPE_NAMES: ReadonlyMap<CheckpointDType, string> = new Map(
  [...SAFETENSORS_DTYPES].map(([name, dtype]) => [dtype, name]),
);

/** Data starts at a multiple of this, so that readers can map any dtype in place. */
const ALIGNMENT = 8;

/**
 * Writes tensors to a safetensors file, in the order of the map. The file appears under its name only when it
 * is complete: it is written beside it, synced and renamed.
 *
 * @throws {InvalidTensorError} when a tensor's data does not have as many elements as its shape.
 * @throws {CheckpointWriteError} when the disk is full or the folder not writable.
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, TensorValue>,
  options: WriteSafetensorsOptions = {},
): Promise<void> {
  const header: [string, unknown][] = [];
  const { metadata } = options;
  if (metadata !== undefined && metadata.size > 0) {
    header.push(["__metadata__", Object.fromEntries(metadata)]);
  }
  const stored = new Map<string, CheckpointDType>();
  let position = 0;
  for (const [name, { shape, dtype, data }] of tensors) {
    if (name === "__metadata__") throw new InvalidTensorError(name, "the name is reserved");
    if (data.length !== elementCount(shape)) {
      throw new InvalidTensorError(
        name,
        `it has ${data.length} elements, but its shape [${shape.join(", ")}] wants ${elementCount(shape)}`,
      );
    }
    const storedDType = options.float16 && dtype === "float32" ? "float16" : dtype;
    stored.set(name, storedDType);
    const end = position + data.length * itemSize(storedDType);
    const entry = { dtype: DTYPE_NAMES.get(storedDType), shape, data_offsets: [position, end] };
    header.push([name, entry]);
    position = end;
  }
  // Object.fromEntries defines own properties, so that a tensor may even be called __proto__.
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const padding = (ALIGNMENT - (json.byteLength % ALIGNMENT)) % ALIGNMENT;
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(json.byteLength + padding));

  await writeCheckpointFile(path, async (append) => {
    await append(Buffer.concat([prefix, json, Buffer.alloc(padding, " ")]));
    for (const [name, { dtype, data }] of tensors) {
      const elements = stored.get(name) === dtype ? data : toFloat16(dtype, data);
      await append(new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength));
    }
  });
}

function toFloat16(dtype: CheckpointDType, data: TensorData): Uint16Array {
  return Uint16Array.from(toFloat32(dtype, data), float32ToFloat16);
}
