import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** Entries per write: one string for everything would not hold the masks of a large dataset. */
const ENTRIES_PER_WRITE = 1000;

/**
 * Writes a list as a JSON file, one entry per line, in a way that the file is complete whenever it is there: under
 * another name first, renamed when it is on the disk. Makes the folder if need be.
 */
export async function writeJsonList(path: string, entries: readonly object[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, "w");
    try {
      await file.write("[");
      for (let start = 0; start < entries.length; start += ENTRIES_PER_WRITE) {
        const lines = entries
          .slice(start, start + ENTRIES_PER_WRITE)
          .map((entry) => JSON.stringify(entry));
        await file.write(`${start > 0 ? ",\n" : ""}${lines.join(",\n")}`);
      }
      await file.write("]\n");
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
