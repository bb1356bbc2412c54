import { writeFileAtomically, type Produce } from "@detectron-ts/atomic-file";

import { CheckpointWriteError } from "../errors.ts";

/**
 * Writes a file that appears under its name only when it is complete and on the disk.
 *
 * @throws {CheckpointWriteError} when the file system refuses, as a full disk does. What `content` throws passes.
 */
export async function writeCheckpointFile(path: string, content: string | Produce): Promise<void> {
  try {
    await writeFileAtomically(path, content);
  } catch (error) {
    throw isSystemError(error) ? new CheckpointWriteError(path, error.code, error) : error;
  }
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    "syscall" in error
  );
}
