import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { firstTypeScriptBlock } from "@detectron-ts/testing";
import type { PublicPackage } from "./workspace.ts";

/** The program that a package's README shows. */
export interface ReadmeProgram {
  readonly source: string;
  /** Our packages that it imports, by name. */
  readonly imports: readonly string[];
}

/**
 * Reads the first `ts` block of a package's README: what a newcomer pastes into their first file.
 *
 * @throws {Error} When the README has none.
 */
export async function readmeProgram({ folder, manifest }: PublicPackage): Promise<ReadmeProgram> {
  const source = firstTypeScriptBlock(await readFile(join(folder, "README.md"), "utf8"));
  if (source === undefined)
    throw new Error(`The README of ${manifest.name} has no \`\`\`ts block.`);
  return { source, imports: importedPackages(source) };
}

/** The names of our packages that a program imports, each once, in order. */
export function importedPackages(source: string): string[] {
  const specifiers = source.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["'](@detectron-ts\/[\w-]+)/g);
  return [...new Set([...specifiers].map(([, name]) => name))];
}
