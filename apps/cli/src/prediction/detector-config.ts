import type { Config } from "@detectron-ts/config";
import { parseOpts, setupConfig } from "@detectron-ts/engine";

/** What says how a detector is built. */
export interface DetectorConfigOptions {
  /** A YAML file, or the name of a config of the model zoo, which then brings its released checkpoint. */
  readonly configFile: string;
  /** A checkpoint, a path or an address; MODEL.WEIGHTS of the config when left out. */
  readonly weights?: string | undefined;
  /** Overrides of the config. */
  readonly opts?: readonly string[] | undefined;
}

/**
 * The config of a detector. A name of the zoo brings the checkpoint that was released for it, unless `weights` or an
 * override of MODEL.WEIGHTS, be it empty, says otherwise.
 *
 * @throws as `setupConfig` of `@detectron-ts/engine`.
 */
export function detectorConfig({ configFile, weights, opts = [] }: DetectorConfigOptions): Config {
  return setupConfig({ configFile, weights, opts, trained: !overrides(opts, "MODEL.WEIGHTS") });
}

/** Whether a key is among the overrides; a value may read the same. */
function overrides(opts: readonly string[], key: string): boolean {
  return parseOpts(opts).some((entry, i) => i % 2 === 0 && entry === key);
}
