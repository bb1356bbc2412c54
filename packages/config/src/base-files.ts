import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";

import { BaseConfigError, ConfigFileError, ConfigLimitError } from "./errors.ts";
import { BASE_KEY } from "./keys.ts";
import { MAX_CONFIG_BYTES, MAX_CONFIG_FILES } from "./limits.ts";
import type { Literal } from "./literal.ts";
import type { Tree } from "./tree.ts";
import { loadYaml } from "./yaml-load.ts";

/**
 * Reads a YAML file and what it inherits from: `_BASE_` names one file or a list of them, of which later ones override
 * earlier ones, and the file overrides them all, section by section. A path is relative to the file that names it;
 * `~/` is the home folder. Mirrors fvcore's `load_yaml_with_base`.
 *
 * @throws ConfigFileError, BaseConfigError, ConfigLimitError, and all that {@link loadYaml} throws.
 */
export function loadYamlWithBase(file: string): Tree {
  return new BaseLoader(file).load(expandHome(file), []);
}

class BaseLoader {
  readonly #root: string;
  #files = 0;

  constructor(root: string) {
    this.#root = root;
  }

  /** @param including The files that lead here, outermost first. */
  load(file: string, including: readonly string[]): Tree {
    if (++this.#files > MAX_CONFIG_FILES) {
      throw new ConfigLimitError(this.#root, "MAX_CONFIG_FILES", MAX_CONFIG_FILES);
    }
    const chain = [...including, file];
    if (including.some((other) => resolve(other) === resolve(file))) {
      throw new BaseConfigError(file, `${BASE_KEY} forms a cycle: ${chain.join(" -> ")}`);
    }
    const tree = loadYaml(readText(file, including.at(-1)), file);
    const bases = basesOf(tree, file);
    tree.delete(BASE_KEY);
    if (bases.length === 0) return tree;
    const merged: Tree = new Map();
    for (const base of bases) override(merged, this.load(basePath(base, file), chain), file);
    override(merged, tree, file);
    return merged;
  }
}

function readText(file: string, includedFrom: string | undefined): string {
  const bytes = readBytes(file, includedFrom);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ConfigFileError(file, "is not UTF-8 text", includedFrom, error);
  }
}

function readBytes(file: string, includedFrom: string | undefined): Uint8Array {
  try {
    const stats = statSync(file);
    if (!stats.isFile()) throw new ConfigFileError(file, "is not a file", includedFrom);
    // Before reading, so that a mistaken path to a checkpoint doesn't fill the memory.
    if (stats.size > MAX_CONFIG_BYTES) {
      throw new ConfigLimitError(file, "MAX_CONFIG_BYTES", MAX_CONFIG_BYTES);
    }
    return readFileSync(file);
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    const reason = error.code === "ENOENT" ? "does not exist" : error.message;
    throw new ConfigFileError(file, reason, includedFrom, error);
  }
}

function basesOf(tree: Tree, file: string): readonly string[] {
  const base = tree.get(BASE_KEY);
  if (base === undefined) return [];
  const literals = base instanceof Map ? [base] : base.kind === "list" ? base.items : [base];
  return literals.map((literal: Literal | Tree) => {
    if (!(literal instanceof Map) && literal.kind === "str") return literal.value;
    throw new BaseConfigError(file, `${BASE_KEY} must be a path or a list of paths`);
  });
}

function basePath(base: string, file: string): string {
  if (/^https?:\/\//.test(base)) {
    throw new BaseConfigError(file, `${BASE_KEY} ${base} is a URL; download it and name the file`);
  }
  const path = expandHome(base);
  return isAbsolute(path) ? path : join(dirname(file), path);
}

function expandHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
}

/** Merges `tree` into `base` in place: sections key by key, anything else replaces what was there. */
function override(base: Tree, tree: Tree, file: string): void {
  for (const [key, value] of tree) {
    const inherited = base.get(key);
    if (!(value instanceof Map) || inherited === undefined) base.set(key, value);
    else if (inherited instanceof Map) override(inherited, value, file);
    else throw new BaseConfigError(file, `${key} is a section here but a value in its base`);
  }
}
