import { randomUUID } from "node:crypto";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CheckpointWriteError } from "../errors.ts";

/** Appends bytes to a file. */
export type Write = (bytes: Uint8Array) => Promise<void>;

/** What the unfinished form of a file is called: its name, a UUID, and `.tmp`. */
const TEMPORARY = /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/** An unfinished file that nothing was written to for so long was left by a process that died. */
const ABANDONED_AFTER_MS = 10 * 60 * 1000;

/**
 * Writes a file that appears under its name only when it is complete. The bytes go to a temporary file of the
 * same folder, are synced to the disk, and the file is renamed: whoever opens `path` at any moment, also
 * after a crash or a power failure, finds either what was there before or all of the new file.
 *
 * @param produce Writes the content. When it throws, the temporary file is removed and `path` is as it was.
 * @throws {CheckpointWriteError} when the file system refuses, as a full disk does.
 */
export async function writeFileAtomically(
  path: string,
  produce: (write: Write) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, "wx");
    try {
      await produce((bytes) => file.writeFile(bytes));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw isSystemError(error) ? new CheckpointWriteError(path, error.code, error) : error;
  }
}

/** A rename is part of the folder; it survives a power failure only when that is on the disk, too. */
async function syncFolder(path: string): Promise<void> {
  // Windows has no handles of folders to sync.
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Removes the unfinished files that killed processes have left in a folder. */
export async function removeAbandonedFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!TEMPORARY.test(name)) continue;
    const path = join(folder, name);
    // Whoever is still writing may rename the file at any moment; then it is gone, and that is as well.
    const status = await stat(path).catch(() => undefined);
    if (status !== undefined && Date.now() - status.mtimeMs > ABANDONED_AFTER_MS) {
      await rm(path, { force: true });
    }
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
