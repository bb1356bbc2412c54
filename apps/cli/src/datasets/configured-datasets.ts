import type { Config } from "@detectron-ts/config";
import { DatasetCatalog } from "@detectron-ts/data";

import { UsageError } from "../errors.ts";
import { DATASET_FORMS } from "./dataset-spec.ts";

/** The keys under DATASETS of a config that name datasets. */
export type DatasetsKey = "TRAIN" | "TEST";

/**
 * The datasets that a config names under a key, all of them registered.
 *
 * @throws UsageError that says how to register one nobody has.
 */
export function configuredDatasets(cfg: Config, key: DatasetsKey): readonly string[] {
  const names = cfg.DATASETS[key];
  const unknown = names.find((name) => !DatasetCatalog.has(name));
  if (unknown === undefined) return names;
  const forms = DATASET_FORMS.map(({ form }) => form.replace("NAME", unknown));
  const [other] = DatasetCatalog.list();
  const instead =
    other === undefined ? "" : `, or use "${other}": --opts DATASETS.${key} "('${other}',)"`;
  const without = key === "TEST" ? `, or do without: --opts DATASETS.TEST "()"` : "";
  throw new UsageError(
    `DATASETS.${key} names "${unknown}", which is not registered: add --dataset with ` +
      `${forms.join(" or ")}${instead}${without}`,
  );
}

/**
 * The datasets that a command is to look at: those given on the command line, else those of the config under some keys.
 *
 * @throws UsageError when there is none, or one of the config is not registered.
 */
export function selectDatasets(
  given: readonly string[],
  cfg: Config | undefined,
  keys: readonly DatasetsKey[],
): readonly string[] {
  if (given.length > 0) return given;
  const names = cfg ? keys.flatMap((key) => configuredDatasets(cfg, key)) : [];
  if (names.length > 0) return [...new Set(names)];
  const [{ form }] = DATASET_FORMS;
  throw new UsageError(`There is no dataset to look at: add --dataset ${form}`);
}
