import { stat } from "node:fs/promises";
import { writeFileAtomically } from "@detectron-ts/atomic-file";

import { UsageError } from "../errors.ts";

/**
 * Writes a value as a JSON file, in one piece: it is written beside its place and then renamed, so that readers never
 * find half a file and an older file stays until the new one is complete.
 */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomically(path, `${JSON.stringify(value)}\n`, { makeFolder: true });
}

/**
 * Finds out before any work is done that `--json` names a folder.
 *
 * @throws UsageError
 */
export async function refuseFolder(path: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory()) throw new UsageError(`--json ${path} is a folder; wanted a file`);
}
