import { existsSync, readFileSync } from "node:fs";
import { extname } from "node:path";

import { applyOverrides, isLazy, loadLazyConfig } from "@detectron-ts/config";
import {
  getConfig,
  isLazyName,
  type LazyConfig,
  registerZooTargets,
  UnknownConfigError,
} from "@detectron-ts/model-zoo";

import { ConfigNotFoundError } from "../errors.ts";
import { LazyConfigError } from "./errors.ts";

/** Options of {@link setupLazyConfig}. */
export interface SetupLazyConfigOptions {
  /** A YAML file, a module (which is run), or the name of a lazy config of the model zoo, which ends in `.py` or `.ts`. */
  readonly configFile: string;
  /** Whether a config of the model zoo is to have its released weights. Files are taken as they are. */
  readonly trained?: boolean;
  /** Overrides as `applyOverrides` of `@detectron-ts/config` takes them: `train.maxIter=100`. */
  readonly opts?: readonly string[] | undefined;
}

/**
 * The lazy config that a command line asks for: that of the file or of the model zoo, then the overrides.
 *
 * @throws ConfigNotFoundError when there is neither a file nor a config of that name; LazyConfigError when the file has no
 *   training in it; ConfigError of `@detectron-ts/config` for the file and the overrides.
 */
export async function setupLazyConfig({
  configFile,
  trained = false,
  opts = [],
}: SetupLazyConfigOptions): Promise<LazyConfig> {
  const config = existsSync(configFile)
    ? await readTree(configFile)
    : await readZoo(configFile, trained);
  return applyOverrides(config, opts);
}

/**
 * Whether a config is a lazy one: a module, a name of the zoo that says so by its end, or YAML with a node for its model, as a
 * lazy training leaves it behind.
 */
export function isLazyConfigFile(configFile: string): boolean {
  if (isLazyName(configFile) || /^\.[cm]?[jt]s$/.test(extname(configFile))) return true;
  if (!/^\.ya?ml$/.test(extname(configFile)) || !existsSync(configFile)) return false;
  return /^model:\s*\n\s+_target_:/m.test(readFileSync(configFile, "utf8"));
}

async function readTree(configFile: string): Promise<LazyConfig> {
  await registerZooTargets();
  const tree = await loadLazyConfig(configFile);
  assertLazyConfig(tree);
  return tree;
}

async function readZoo(name: string, trained: boolean): Promise<LazyConfig> {
  try {
    return await getConfig(isLazyName(name) ? name : `${name}.py`, { trained });
  } catch (error) {
    if (error instanceof UnknownConfigError) throw new ConfigNotFoundError(name, error);
    throw error;
  }
}

/**
 * Checks that a tree has the parts of a training. What they construct only shows when they do.
 *
 * @throws LazyConfigError
 */
function assertLazyConfig(tree: object): asserts tree is LazyConfig {
  for (const path of ["model", "dataloader.train", "optimizer", "lrMultiplier"]) {
    if (!isLazy(valueAt(tree, path))) throw new LazyConfigError(path, "has to be a node");
  }
  for (const path of ["optimizer.params", "train.checkpointer"]) {
    if (!isObject(valueAt(tree, path))) throw new LazyConfigError(path, "has to be a mapping");
  }
  const settings = { outputDir: "", initCheckpoint: "", maxIter: 0, evalPeriod: 0, logPeriod: 0 };
  for (const [name, like] of Object.entries({ ...settings, seed: 0 })) {
    const value = valueAt(tree, `train.${name}`);
    if (typeof value !== typeof like) {
      throw new LazyConfigError(
        `train.${name}`,
        `has to be a ${typeof like}, got ${String(value)}`,
      );
    }
  }
}

function valueAt(tree: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce(
      (value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined),
      tree,
    );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
