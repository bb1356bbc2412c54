import { FileSource } from "./byte-source.ts";
import { CheckpointStructureError, UnsupportedGlobalError } from "./errors.ts";
import { readPlainPickle } from "./formats/pickled-file.ts";
import { resolveLimits } from "./limits.ts";
import { type LoadedValue, readValue } from "./load/loaded-value.ts";
import { explorePickle } from "./pickle/explore.ts";
import { resolveNumpyArray } from "./pickle/resolve.ts";
import { TensorView } from "./pickle/values.ts";
import { type ReadCheckpointOptions } from "./read-checkpoint.ts";

/**
 * Reads a Python pickle that is no checkpoint, such as a file of precomputed proposals: dicts are Maps, lists and tuples
 * arrays, NumPy arrays `{ shape, dtype, data }`. It runs nothing, as little as `readCheckpoint` does, and keeps to the same
 * limits.
 *
 * @throws {CheckpointError} one of its subclasses, for every kind of broken file.
 */
export async function readPickle(
  path: string,
  options: Pick<ReadCheckpointOptions, "limits"> = {},
): Promise<LoadedValue> {
  const limits = resolveLimits(options.limits);
  const file = new FileSource(path);
  try {
    const { result } = readPlainPickle(file, limits);
    if (result.unknownImports.length > 0) throw new UnsupportedGlobalError(result.unknownImports);
    const { value } = explorePickle(
      result.value,
      (name, array) => {
        if (array instanceof TensorView) {
          throw new CheckpointStructureError(
            `${name} is a tensor of PyTorch's without its storage`,
          );
        }
        return resolveNumpyArray(name, array, limits);
      },
      limits,
    );
    return await readValue(value);
  } finally {
    file.close();
  }
}
