import { writeFileAtomically, type Append } from "@detectron-ts/atomic-file";

/** Entries per write: one string for everything would not hold the masks of a large dataset. */
const ENTRIES_PER_WRITE = 1000;

/**
 * Writes a list as a JSON file, one entry per line, in a way that the file is complete whenever it is there. Makes the folder
 * if need be.
 */
export function writeJsonList(path: string, entries: readonly object[]): Promise<void> {
  const produce = async (append: Append): Promise<void> => {
    await append("[");
    for (let start = 0; start < entries.length; start += ENTRIES_PER_WRITE) {
      const lines = entries
        .slice(start, start + ENTRIES_PER_WRITE)
        .map((entry) => JSON.stringify(entry));
      await append(`${start > 0 ? ",\n" : ""}${lines.join(",\n")}`);
    }
    await append("]\n");
  };
  return writeFileAtomically(path, produce, { makeFolder: true });
}

/** Writes an object as a JSON file that is complete whenever it is there. Makes the folder if need be. */
export function writeJson(path: string, value: object): Promise<void> {
  return writeFileAtomically(path, `${JSON.stringify(value)}\n`, { makeFolder: true });
}
