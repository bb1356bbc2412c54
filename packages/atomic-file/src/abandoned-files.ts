import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

import { isTemporaryName } from "./temporary-name.ts";

/** An unfinished file that nothing was written to for so long was left by a process that died. */
const ABANDONED_AFTER_MS = 10 * 60 * 1000;

/**
 * Removes the unfinished files that killed processes have left in a folder: those that nothing was written to for ten
 * minutes. Other files, and unfinished ones that somebody may still be writing, stay.
 *
 * @throws An error of the file system, as when there is no such folder.
 */
export async function removeAbandonedFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!isTemporaryName(name)) continue;
    const path = join(folder, name);
    // Whoever is still writing may rename the file at any moment; then it is gone, and that is as well.
    const status = await stat(path).catch(() => undefined);
    if (status !== undefined && Date.now() - status.mtimeMs > ABANDONED_AFTER_MS) {
      await rm(path, { force: true });
    }
  }
}
