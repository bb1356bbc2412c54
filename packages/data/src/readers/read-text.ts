import { readFile } from "node:fs/promises";

import { DatasetFileError } from "../errors.ts";

/** @throws DatasetFileError when the file cannot be read. */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new DatasetFileError(file, "cannot be read", { cause });
  }
}

/** @throws DatasetFileError when the file cannot be read or is not JSON. */
export async function readJson(file: string): Promise<unknown> {
  const text = await readText(file);
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DatasetFileError(file, `is not valid JSON: ${reason}`, { cause });
  }
}
