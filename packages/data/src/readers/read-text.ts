import { readFile } from "node:fs/promises";

import { DatasetFileError } from "../errors.ts";

/**
 * Reads a file of text, without the byte-order mark that editors on Windows put before it.
 *
 * @throws DatasetFileError when the file cannot be read.
 */
export async function readText(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).replace(/^\uFEFF/, "");
  } catch (cause) {
    throw new DatasetFileError(file, "cannot be read", { cause });
  }
}

/**
 * Reads JSON. Python's `json.dump` writes `NaN` and `Infinity`, which JSON does not have: they become text here, so that
 * whoever checks the values can say where they are.
 *
 * @throws DatasetFileError when the file cannot be read or is not JSON.
 */
export async function readJson(file: string): Promise<unknown> {
  const text = await readText(file);
  try {
    return JSON.parse(text);
  } catch (cause) {
    const quoted = text.replaceAll(STRINGS_AND_NON_FINITE, (token) =>
      token.startsWith('"') ? token : `"${token}"`,
    );
    try {
      if (quoted !== text) return JSON.parse(quoted);
    } catch {
      // The first fault is the one to tell of.
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DatasetFileError(file, `is not valid JSON: ${reason}`, { cause });
  }
}

/** Strings are matched so that a word within one is left alone. */
const STRINGS_AND_NON_FINITE = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g;
