import type { Config } from "@detectron-ts/config";
import { setupConfig } from "@detectron-ts/engine";

/** What says how a training goes. */
export interface TrainingConfigOptions {
  /** A YAML file, or the name of a config of the model zoo, whose training starts from a pretrained backbone. */
  readonly configFile: string;
  /** DATALOADER.NUM_WORKERS; that of the config when left out. */
  readonly numWorkers?: number | undefined;
  /** OUTPUT_DIR; that of the config when left out. */
  readonly output?: string | undefined;
  /** Overrides of the config. */
  readonly opts?: readonly string[] | undefined;
}

/**
 * The config of a training, frozen.
 *
 * @throws as `setupConfig` of `@detectron-ts/engine`.
 */
export function trainingConfig(options: TrainingConfigOptions): Config {
  const { configFile, numWorkers, output, opts } = options;
  const cfg = setupConfig({ configFile, opts });
  cfg.defrost();
  if (numWorkers !== undefined) cfg.DATALOADER.NUM_WORKERS = numWorkers;
  if (output !== undefined) cfg.OUTPUT_DIR = output;
  cfg.freeze();
  return cfg;
}
