import { stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";

import { InputNotFoundError } from "../errors.ts";

/** What a folder is searched for. */
const IMAGE_EXTENSIONS = "{jpg,jpeg,png,webp,gif,tif,tiff,avif}";

/**
 * The image files that inputs stand for, in their order: files as they are, of folders all images directly in them, of
 * patterns such as `photos/*.jpg` what fits them (shells that don't expand patterns leave that to us). Files named twice
 * are taken once.
 *
 * @throws InputNotFoundError when an input stands for nothing, so that a slip is found before any work is done.
 */
export async function expandInputs(inputs: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const input of inputs) files.push(...(await expandInput(input)));
  return [...new Set(files)];
}

async function expandInput(input: string): Promise<string[]> {
  // A file's name may look like a pattern, so files come first.
  const stats = await stat(input).catch(() => undefined);
  if (stats?.isDirectory()) {
    const names = await search(`*.${IMAGE_EXTENSIONS}`, input);
    if (names.length === 0)
      throw new InputNotFoundError(input, "there are no images in this folder");
    return names.map((name) => join(input, name));
  }
  if (stats !== undefined) return [input];
  if (!/[*?[{]/.test(input)) throw new InputNotFoundError(input, "no such file or folder");
  const files = await search(input);
  if (files.length === 0) throw new InputNotFoundError(input, "no file fits this pattern");
  return files;
}

/** Files that fit a pattern, in the order of a file manager: 2.jpg before 10.jpg. */
async function search(pattern: string, cwd?: string): Promise<string[]> {
  const { glob } = await import("tinyglobby");
  const found = await glob(pattern, {
    cwd,
    absolute: isAbsolute(pattern),
    caseSensitiveMatch: false,
    expandDirectories: false,
  });
  return found.sort(new Intl.Collator("en", { numeric: true }).compare);
}
