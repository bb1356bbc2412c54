import { readFileSync, writeFileSync } from "node:fs";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { ConfigFileError, ConfigLimitError } from "../errors.ts";
import { MAX_CONFIG_BYTES } from "../limits.ts";
import { cloneLazy, isBranch } from "./node.ts";
import { dumpLazyYaml, parseLazyYaml } from "./yaml.ts";

/**
 * Saves a tree as YAML, from which {@link loadLazyConfig} makes the same tree. Mirrors `LazyConfig.save`.
 *
 * @throws InvalidValueError for a value that YAML can't say, or a class or function that nobody registered.
 */
export function saveLazyConfig(tree: object, file: string): void {
  writeFileSync(file, dumpLazyYaml(tree));
}

/**
 * Loads a tree from a file. Mirrors `LazyConfig.load`.
 *
 * - `.yaml`, `.yml`: as {@link saveLazyConfig} writes it. It can only name registered targets, so a file from anywhere will
 *   do.
 * - `.ts`, `.js` and their kin: a module of one's own, **which is run**. Its tree is what a function `config` returns if
 *   it exports one, else its exported nodes and objects by their names. A module in TypeScript needs a Node that runs
 *   TypeScript, or a loader such as tsx.
 *
 * A module's nodes are copied: changes of one loaded tree don't show in another.
 *
 * @throws ConfigFileError when there is no such file or it exports no tree; NotRegisteredError, LazyTargetError and
 *   YamlError for what a YAML file says.
 */
export async function loadLazyConfig(file: string): Promise<Record<string, unknown>> {
  const extension = extname(file);
  if (extension === ".yaml" || extension === ".yml") return parseLazyYaml(read(file), file);
  if (/^\.[cm]?[jt]s$/.test(extension)) return fromModule(file, await importModule(file));
  throw new ConfigFileError(file, "has to be a YAML file, or a module in TypeScript or JavaScript");
}

function read(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new ConfigFileError(file, reasonOf(cause), undefined, cause);
  }
  if (text.length > MAX_CONFIG_BYTES) {
    throw new ConfigLimitError(file, "MAX_CONFIG_BYTES", MAX_CONFIG_BYTES);
  }
  return text;
}

async function importModule(file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(resolve(file)).href)) as Record<string, unknown>;
  } catch (cause) {
    throw new ConfigFileError(file, reasonOf(cause), undefined, cause);
  }
}

async function fromModule(
  file: string,
  { config, ...exported }: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const tree: unknown =
    typeof config === "function"
      ? await config()
      : Object.fromEntries(Object.entries(exported).filter(([, value]) => isBranch(value)));
  if (isBranch(tree) && Object.keys(tree).length > 0) return cloneLazy(tree);
  throw new ConfigFileError(file, "exports no function config, and no nodes or objects");
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
