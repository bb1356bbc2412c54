import { LimitExceededError } from "./errors.ts";

/**
 * What an untrusted file may ask for. Every limit is checked before anything is allocated, stands far above
 * what detectron2's own files need, and can be overridden by the option `limits`.
 */
export const DEFAULT_LIMITS = {
  /** Bytes of a zip's `data.pkl`, which is read as a whole. A full training checkpoint has about 0.3 MB. */
  maxPickleBytes: 256 * 2 ** 20,
  /** Opcodes of one pickle. A 160 MB zoo file has about 20 000; ten million take a second or two. */
  maxPickleOpcodes: 10_000_000,
  /** Objects on the machine's stack, and open MARKs. Python's pickler batches containers by 1000. */
  maxPickleStack: 1_000_000,
  /** Objects remembered for later GETs. The pickler remembers about five for each tensor. */
  maxPickleMemo: 5_000_000,
  /** Bytes of one text that is decoded to a string. The longest known is a whole config, about 20 kB. */
  maxStringBytes: 16 * 2 ** 20,
  /** Bytes of one arbitrary-precision integer, whose conversion costs more than linear time. */
  maxIntegerBytes: 256,
  /** Depth of containers within containers. Python's own recursion limit stops the pickler near 300. */
  maxNesting: 300,
  /** Values met while walking the object graph, where shared containers count each time they are met. */
  maxValues: 5_000_000,
  /** Tensors in one file. The largest detectron2 training checkpoints have about 3000. */
  maxTensors: 200_000,
  /** Dimensions of one tensor: numpy's own maximum. */
  maxTensorRank: 64,
  /** Bytes of one tensor: beyond 8 GiB no typed array can be allocated. */
  maxTensorBytes: 8 * 2 ** 30,
  /** Bytes of all tensors together, views of one storage counted each: more than a host's memory for weights. */
  maxTotalTensorBytes: 64 * 2 ** 30,
  /** Bytes of one view that is larger than its storage (stride 0): a few stored bytes could stand for gigabytes. */
  maxExpandedBytes: 64 * 2 ** 20,
  /** Entries of a zip. torch writes one for each storage. */
  maxZipEntries: 200_000,
  /** Uncompressed over compressed size of a zip. Trained weights shrink by less than 2, constants by up to 1000. */
  maxZipRatio: 100,
  /** Bytes of a safetensors header: the maximum of the reference implementation. */
  maxHeaderBytes: 100_000_000,
  /** Bytes of one download. */
  maxDownloadBytes: 64 * 2 ** 30,
} as const satisfies Record<string, number>;

/** The name of one limit. */
export type LimitName = keyof typeof DEFAULT_LIMITS;

/** A value for each limit; see {@link DEFAULT_LIMITS} for what they mean. */
export type CheckpointLimits = { readonly [Name in LimitName]: number };

/** The defaults, with what the caller overrides. */
export function resolveLimits(overrides: Partial<CheckpointLimits> = {}): CheckpointLimits {
  return { ...DEFAULT_LIMITS, ...overrides };
}

/** @throws {LimitExceededError} when `value` is above the limit `name`; `what` names the value in the message. */
export function checkLimit(
  limits: CheckpointLimits,
  name: LimitName,
  value: number,
  what: string,
): void {
  if (!(value <= limits[name])) throw new LimitExceededError(name, value, limits[name], what);
}
