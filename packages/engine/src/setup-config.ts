import { existsSync } from "node:fs";

import { type Config, getCfg } from "@detectron-ts/config";
import { getConfig, UnknownConfigError } from "@detectron-ts/model-zoo";

import { ConfigNotFoundError, OverridesError } from "./errors.ts";

/**
 * The overrides that stand at the end of a command line, `KEY VALUE …` as detectron2's tools take them or `KEY=VALUE …`,
 * as the flat list that `cfg.mergeFromList` takes. Values stay text: the config reads them as Python literals.
 *
 * @throws OverridesError when a key has no value, or something that can't be a key stands in its place.
 */
export function parseOpts(opts: readonly string[]): string[] {
  const list: string[] = [];
  for (let i = 0; i < opts.length; i++) {
    const [, key, assigned] = /^([A-Za-z_][\w.]*)(?:=(.*))?$/s.exec(opts[i]) ?? [];
    if (key === undefined) throw new OverridesError(opts, i, "is no key such as MODEL.WEIGHTS");
    if (assigned === undefined && i + 1 === opts.length) {
      throw new OverridesError(opts, i, "has no value");
    }
    list.push(key, assigned ?? opts[++i]);
  }
  return list;
}

/** Options of {@link setupConfig}. */
export interface SetupConfigOptions {
  /** A YAML file, or the name of a config of the model zoo; detectron2's defaults when left out. */
  readonly configFile?: string | undefined;
  /**
   * Whether MODEL.WEIGHTS of a config of the model zoo is to be the checkpoint that was released for it, instead of the
   * one its training starts from. Files are taken as they are.
   */
  readonly trained?: boolean;
  /** Overrides as {@link parseOpts} takes them. */
  readonly opts?: readonly string[] | undefined;
  /** MODEL.WEIGHTS, whatever the config and the overrides say. */
  readonly weights?: string | undefined;
}

/**
 * The config that a command line asks for: defaults, then the file, then the overrides, then the checkpoint; frozen.
 *
 * @throws OverridesError; ConfigError of `@detectron-ts/config` for the file and the overrides; ConfigNotFoundError
 *   when there is neither a file nor a config of the model zoo of that name.
 */
export function setupConfig({
  configFile,
  trained = false,
  opts = [],
  weights,
}: SetupConfigOptions): Config {
  const overrides = parseOpts(opts);
  const cfg = readConfig(configFile, trained && weights === undefined);
  cfg.mergeFromList(overrides);
  if (weights !== undefined) cfg.MODEL.WEIGHTS = weights;
  cfg.freeze();
  return cfg;
}

function readConfig(configFile: string | undefined, trained: boolean): Config {
  if (configFile === undefined) return getCfg();
  if (!existsSync(configFile)) return readZooConfig(configFile, trained);
  const cfg = getCfg();
  cfg.mergeFromFile(configFile);
  return cfg;
}

function readZooConfig(name: string, trained: boolean): Config {
  try {
    return getConfig(name, { trained });
  } catch (error) {
    if (error instanceof UnknownConfigError) throw new ConfigNotFoundError(name, error);
    throw error;
  }
}
