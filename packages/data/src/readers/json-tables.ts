import { DatasetFileError } from "../errors.ts";
import { readJson } from "./read-text.ts";

/** The lists of a JSON object. */
export interface JsonTables {
  /** @throws DatasetFileError when there is no list of this name. */
  readonly list: (key: string) => unknown[];
  /** Undefined when there is nothing of this name. */
  readonly optionalList: (key: string) => unknown[] | undefined;
}

/**
 * Reads a file that is one object of lists, as COCO's are and those of its kind.
 *
 * @throws DatasetFileError when it is something else.
 */
export async function readJsonTables(file: string): Promise<JsonTables> {
  const content = await readJson(file);
  if (!isRecord(content)) throw new DatasetFileError(file, "is not a JSON object");
  const list = (key: string): unknown[] => {
    const value = content[key];
    if (!Array.isArray(value)) throw new DatasetFileError(file, `has no list "${key}"`);
    return value;
  };
  return {
    list,
    optionalList: (key) => (content[key] === undefined ? undefined : list(key)),
  };
}

/**
 * The entries, all of whose ids differ: of two entries of one id, annotations could mean either.
 *
 * @throws DatasetFileError
 */
export function unique<Entry extends { readonly id: number | string }>(
  file: string,
  what: string,
  entries: Entry[],
): Entry[] {
  const ids = new Set<number | string>();
  for (const { id } of entries) {
    if (ids.has(id)) throw new DatasetFileError(file, `${what} ${id} is there twice`);
    ids.add(id);
  }
  return entries;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isId(value: unknown): value is number | string {
  return typeof value === "number" || typeof value === "string";
}

export function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((entry) => Number.isFinite(entry));
}
