import type { Config } from "@detectron-ts/config";

import type { DatasetsKey } from "./configured-datasets.ts";

/** A copy of a config with other datasets under a key, frozen. */
export function withDatasets(cfg: Config, key: DatasetsKey, names: readonly string[]): Config {
  const copy = cfg.clone();
  copy.defrost();
  copy.DATASETS[key] = [...names];
  copy.freeze();
  return copy;
}
