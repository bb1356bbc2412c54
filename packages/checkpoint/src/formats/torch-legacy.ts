import { type ByteSource } from "../byte-source.ts";
import { itemSize } from "../dtype.ts";
import { CheckpointStructureError, TruncatedFileError } from "../errors.ts";
import { type CheckpointLimits } from "../limits.ts";
import { TorchStorageTable } from "../pickle/torch-storages.ts";
import { unpickle } from "../pickle/unpickler.ts";
import { RangeStorage } from "../storage.ts";
import { type PickledFile } from "./pickled-file.ts";

/** The first pickle of every legacy file: torch's magic number as a LONG1. */
export const LEGACY_MAGIC = Buffer.from("80028a0a6cfc9c46f9206aa850192e", "hex");

const PROTOCOL_VERSION = 1001;
/** Each storage starts with its number of elements, as an int64. */
const COUNT_BYTES = 8;

/**
 * A `.pth` as torch wrote it before 1.6: five pickles (magic number, protocol version, sizes of C types, the
 * object, the list of storage keys), then the storages in the list's order. Elements are little-endian
 * whatever the machine was.
 */
export function readTorchLegacy(file: ByteSource, limits: CheckpointLimits): PickledFile {
  const magic = unpickle(file, { limits });
  const version = unpickle(file, { limits, position: magic.end });
  if (version.value !== PROTOCOL_VERSION) {
    throw new CheckpointStructureError(
      `legacy protocol version ${String(version.value)}, expected ${PROTOCOL_VERSION}`,
    );
  }
  const systemInfo = unpickle(file, { limits, position: version.end });
  const table = new TorchStorageTable();
  const result = unpickle(file, {
    limits,
    position: systemInfo.end,
    persistentLoad: table.load,
  });
  const keys = unpickle(file, { limits, position: result.end });
  if (!Array.isArray(keys.value)) {
    throw new CheckpointStructureError("the legacy file has no list of storage keys");
  }

  const storages = new Map<string, RangeStorage>();
  const header = Buffer.alloc(COUNT_BYTES);
  let position = keys.end;
  for (const key of keys.value) {
    const reference = typeof key === "string" ? table.storages.get(key) : undefined;
    // A storage of an unknown class has no known element size, so that nothing behind it can be located.
    if (reference === undefined && result.unknownImports.length > 0) break;
    if (reference === undefined || reference.dtype === "untyped" || storages.has(reference.key)) {
      throw new CheckpointStructureError(
        `the list of storage keys holds ${JSON.stringify(String(key))}, which is no storage of the pickle or is there twice`,
      );
    }
    file.readSync(header, position);
    const count = header.readBigInt64LE();
    if (count !== BigInt(reference.count)) {
      throw new CheckpointStructureError(
        `storage "${reference.key}" has ${count} elements, but the pickle says ${reference.count}`,
      );
    }
    const byteLength = reference.count * itemSize(reference.dtype);
    const start = position + COUNT_BYTES;
    if (start + byteLength > file.size) {
      const available = file.size - start;
      throw new TruncatedFileError(`storage "${reference.key}"`, start, byteLength, available);
    }
    storages.set(reference.key, new RangeStorage(file, start, byteLength));
    position = start + byteLength;
  }
  return { result, storages: { get: (key) => storages.get(key), bigEndian: false } };
}
