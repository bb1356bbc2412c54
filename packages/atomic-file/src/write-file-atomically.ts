import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

import { temporaryName } from "./temporary-name.ts";

/** Appends text, as UTF-8, or bytes to the file. */
export type Append = (content: string | Uint8Array) => Promise<void>;

/** Writes the content of a file, piece by piece. */
export type Produce = (append: Append) => Promise<void>;

/** Options of {@link writeFileAtomically}. */
export interface WriteFileAtomicallyOptions {
  /** Whether folders of `path` that do not exist are made, false by default. */
  readonly makeFolder?: boolean;
}

/**
 * Writes a file that appears under its name only when it is complete. The content goes to a temporary file of the same
 * folder, is synced to the disk, and the file is renamed: whoever opens `path` at any moment, also after a crash or a
 * power failure, finds either what was there before or all of the new file.
 *
 * @param content All of it, or a function that writes it piece by piece, for what does not fit in memory. When that throws,
 * the temporary file is removed and `path` is as it was.
 * @throws What `content` throws, or an error of the file system, as ENOSPC.
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array | Produce,
  { makeFolder = false }: WriteFileAtomicallyOptions = {},
): Promise<void> {
  const produce: Produce =
    typeof content === "function" ? content : (append: Append) => append(content);
  const folder = dirname(path);
  if (makeFolder) await mkdir(folder, { recursive: true });
  const temporary = temporaryName(path);
  try {
    const file = await open(temporary, "wx");
    try {
      await produce((piece) => file.writeFile(piece));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
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
