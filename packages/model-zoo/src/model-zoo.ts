import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, sep } from "node:path";

import { type Config, getCfg, nearest } from "@detectron-ts/config";

import { CHECKPOINT_PREFIX, CHECKPOINTS } from "./checkpoints.ts";
import { NoCheckpointError, UnknownConfigError } from "./errors.ts";
import { isLazyConfigName, LAZY_CONFIG_NAMES } from "./lazy-config-names.ts";
import type { LazyConfig } from "./lazy-configs/lazy-config.ts";

const EXTENSION = ".yaml";
const LAZY_EXTENSION = /\.(?:py|ts)$/;

/** The folder of the YAML files, wherever the package that holds them is installed. */
function configsFolder(): string {
  const require = createRequire(import.meta.url);
  return dirname(require.resolve("@detectron-ts/configs/package.json"));
}

/** The names of all configs, such as `COCO-Detection/faster_rcnn_R_50_FPN_1x.yaml`, sorted. */
export function listConfigs(): string[] {
  return readdirSync(configsFolder(), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(EXTENSION))
    .map((path) => path.replaceAll(sep, "/"))
    .sort();
}

/**
 * The path of a config file.
 *
 * @param name Relative to detectron2's `configs/`: `COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml`, with or without
 *   the extension.
 * @throws UnknownConfigError with the nearest names.
 */
export function getConfigFile(name: string): string {
  const file = name.endsWith(EXTENSION) ? name : name + EXTENSION;
  const names = listConfigs();
  // Only listed names: a name is no path, and can't lead out of the folder.
  if (!names.includes(file)) throw new UnknownConfigError(name, suggest(file, names));
  return join(configsFolder(), file);
}

/** Options of {@link getConfig}. */
export interface GetConfigOptions {
  /** Whether the weights are those of the released checkpoint, instead of what the config trains from. */
  readonly trained?: boolean;
}

/** A name that says by its ending that the config is lazy: a tree of constructors instead of YAML. */
export type LazyConfigName = `${string}.py` | `${string}.ts`;

/**
 * A config of the model zoo: merged into the defaults, or, of a name that ends in `.py` as detectron2's Python configs do, or
 * in `.ts`, a lazy config of one's own to change, with its classes registered.
 *
 * A lazy config is loaded with every package that it stands on, hence the promise.
 *
 * @param name As for {@link getConfigFile}.
 * @throws UnknownConfigError; NoCheckpointError when `trained` is asked for and there is none.
 */
export function getConfig(name: LazyConfigName, options?: GetConfigOptions): Promise<LazyConfig>;
export function getConfig(name: string, options?: GetConfigOptions): Config;
export function getConfig(
  name: string,
  { trained = false }: GetConfigOptions = {},
): Config | Promise<LazyConfig> {
  if (isLazyName(name)) return getLazyConfig(name, trained);
  const cfg = getCfg();
  cfg.mergeFromFile(getConfigFile(name));
  if (trained) cfg.MODEL.WEIGHTS = getCheckpointUrl(name);
  return cfg;
}

/** Whether a name is that of a lazy config, by its ending. */
export function isLazyName(name: string): name is LazyConfigName {
  return LAZY_EXTENSION.test(name);
}

async function getLazyConfig(name: LazyConfigName, trained: boolean): Promise<LazyConfig> {
  const base = name.replace(LAZY_EXTENSION, "");
  if (!isLazyConfigName(base)) {
    const names = suggest(base, LAZY_CONFIG_NAMES).map((known) => `${known}.py`);
    throw new UnknownConfigError(name, names);
  }
  const url = trained ? getCheckpointUrl(base) : undefined;
  const { makeLazyConfig } = await import("./lazy-configs/index.ts");
  const config = makeLazyConfig(base);
  if (url !== undefined) config.train.initCheckpoint = url;
  return config;
}

/**
 * Lets YAML files name the classes and functions of the zoo's lazy configs; {@link getConfig} does so too. See
 * `registerTarget` of `@detectron-ts/config`.
 */
export async function registerZooTargets(): Promise<void> {
  const targets = await import("./lazy-configs/targets.ts");
  targets.registerZooTargets();
}

/** The names of all lazy configs, such as `new_baselines/mask_rcnn_R_50_FPN_100ep_LSJ.py`. */
export function listLazyConfigs(): LazyConfigName[] {
  return LAZY_CONFIG_NAMES.map((name): LazyConfigName => `${name}.py`);
}

/**
 * The URL of the checkpoint that detectron2's authors released for a config.
 *
 * @param name As for {@link getConfigFile}; those of lazy configs too.
 * @throws NoCheckpointError with the nearest names that have one.
 */
export function getCheckpointUrl(name: string): string {
  const base = name.replace(/\.(?:yaml|py|ts)$/, "");
  const file = CHECKPOINTS.get(base);
  if (file === undefined) throw new NoCheckpointError(name, suggest(base, CHECKPOINTS.keys()));
  return `${CHECKPOINT_PREFIX}${base}/${file}`;
}

/** Nearest among names, where a file of the same name in another folder is near too. */
function suggest(name: string, names: Iterable<string>): string[] {
  const all = [...names];
  const elsewhere = all.filter((other) => basename(other) === basename(name));
  return elsewhere.length > 0 ? elsewhere : nearest(name, all);
}
