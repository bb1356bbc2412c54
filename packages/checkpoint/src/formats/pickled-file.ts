import { type ByteSource } from "../byte-source.ts";
import { type CheckpointLimits } from "../limits.ts";
import { type StorageLookup } from "../pickle/resolve.ts";
import { unpickle, type UnpickleResult } from "../pickle/unpickler.ts";

/** What a pickle-based file holds: its main pickle, and torch's storages where it has any. */
export interface PickledFile {
  readonly result: UnpickleResult;
  readonly storages: StorageLookup;
}

const NO_STORAGES: StorageLookup = { get: () => undefined, bigEndian: false };

/** A plain pickle, as in detectron2's and Detectron's model zoos: its arrays are numpy's and lie within it. */
export function readPlainPickle(file: ByteSource, limits: CheckpointLimits): PickledFile {
  return { result: unpickle(file, { limits }), storages: NO_STORAGES };
}
