import { type CheckpointDType } from "./dtype.ts";
import { type CheckpointKey, type CheckpointValue, UnknownObject } from "./pickle/explore.ts";
import {
  type CheckpointFormat,
  isTensor,
  readCheckpoint,
  type ReadCheckpointOptions,
} from "./read-checkpoint.ts";

/** One tensor of an inspected file. */
export interface TensorSummary {
  /** Dotted path within the file. */
  readonly name: string;
  readonly dtype: CheckpointDType;
  readonly shape: readonly number[];
  /** Bytes of its elements. */
  readonly byteLength: number;
}

/** What a file holds, without its elements. */
export interface CheckpointSummary {
  readonly path: string;
  readonly format: CheckpointFormat;
  /** Size of the file in bytes. */
  readonly byteLength: number;
  readonly tensors: readonly TensorSummary[];
  /** What the pickle imports, as `module.name`. */
  readonly imports: readonly string[];
  /** Those imports that are outside the allow-list; `readCheckpoint` refuses a file that has any. */
  readonly unknownImports: readonly string[];
  readonly author: string | undefined;
  readonly matchingHeuristics: boolean;
  /** What stands beside the model, by dotted path, tensors left out. */
  readonly metadata: ReadonlyMap<string, string | number | bigint | boolean | null>;
}

/**
 * Lists a checkpoint's tensors, imports and metadata without reading any tensor's elements. Files with
 * imports outside the allow-list can be inspected, too: nothing is run.
 *
 * @throws {CheckpointError} when the file is broken.
 */
export async function inspectCheckpoint(
  path: string,
  options: Pick<ReadCheckpointOptions, "limits"> = {},
): Promise<CheckpointSummary> {
  await using checkpoint = await readCheckpoint(path, {
    ...options,
    unknownImports: "placeholder",
  });
  const metadata = new Map<string, string | number | bigint | boolean | null>();
  for (const [key, value] of checkpoint.extra) addLeaves(metadata, String(key), value);
  return {
    path,
    format: checkpoint.format,
    byteLength: checkpoint.byteLength,
    tensors: [...checkpoint.tensors.values()].map(({ name, dtype, shape, byteLength }) => ({
      name,
      dtype,
      shape,
      byteLength,
    })),
    imports: checkpoint.imports,
    unknownImports: checkpoint.unknownImports,
    author: checkpoint.author,
    matchingHeuristics: checkpoint.matchingHeuristics,
    metadata,
  };
}

function addLeaves(
  leaves: Map<string, string | number | bigint | boolean | null>,
  path: string,
  value: CheckpointValue,
): void {
  if (value === null || typeof value !== "object") leaves.set(path, value);
  else if (value instanceof UnknownObject) leaves.set(path, `<${value.qualifiedName}>`);
  else if (value instanceof Uint8Array) leaves.set(path, `<${value.byteLength} bytes>`);
  else if (isTensor(value)) return;
  else {
    const entries: Iterable<readonly [CheckpointKey, CheckpointValue]> =
      value instanceof Map ? value : isList(value) ? value.entries() : [];
    for (const [key, item] of entries) addLeaves(leaves, `${path}.${String(key)}`, item);
  }
}

function isList(value: CheckpointValue): value is readonly CheckpointValue[] {
  return Array.isArray(value);
}
