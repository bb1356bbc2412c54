import type { Config } from "@detectron-ts/config";
import { parseOpts, setupConfig, setupLazyConfig } from "@detectron-ts/engine";
import type { LazyConfig } from "@detectron-ts/model-zoo";

/** What says how a detector is built. */
export interface DetectorConfigOptions {
  /** A YAML file or module, or the name of a config of the model zoo, which then brings its released checkpoint. */
  readonly configFile: string;
  /** A checkpoint, a path or an address; that of the config when left out. */
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

/**
 * The same of a lazy config, which names its checkpoint in `train.initCheckpoint`.
 *
 * @throws as `setupLazyConfig` of `@detectron-ts/engine`.
 */
export async function lazyDetectorConfig({
  configFile,
  weights,
  opts = [],
}: DetectorConfigOptions): Promise<LazyConfig> {
  const named = opts.some((override) => override.startsWith("train.initCheckpoint="));
  const trained = weights === undefined && !named;
  const config = await setupLazyConfig({ configFile, opts, trained });
  if (weights !== undefined) config.train.initCheckpoint = weights;
  return config;
}

/** Whether a key is among the overrides; a value may read the same. */
function overrides(opts: readonly string[], key: string): boolean {
  return parseOpts(opts).some((entry, i) => i % 2 === 0 && entry === key);
}
