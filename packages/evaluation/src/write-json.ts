import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** Entries per write: one string for everything would not hold the masks of a large dataset. */
const ENTRIES_PER_WRITE = 1000;

/**
 * Writes a list as a JSON file, one entry per line, in a way that the file is complete whenever it is there. Makes the folder
 * if need be.
 */
export function writeJsonList(path: string, entries: readonly object[]): Promise<void> {
  return writeWhole(path, async (file) => {
    await file.write("[");
    for (let start = 0; start < entries.length; start += ENTRIES_PER_WRITE) {
      const lines = entries
        .slice(start, start + ENTRIES_PER_WRITE)
        .map((entry) => JSON.stringify(entry));
      await file.write(`${start > 0 ? ",\n" : ""}${lines.join(",\n")}`);
    }
    await file.write("]\n");
  });
}

/** Writes an object as a JSON file that is complete whenever it is there. Makes the folder if need be. */
export function writeJson(path: string, value: object): Promise<void> {
  return writeWhole(path, async (file) => {
    await file.write(`${JSON.stringify(value)}\n`);
  });
}

/** Writes a file under another name first, and renames it when it is on the disk. */
async function writeWhole(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, "w");
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
