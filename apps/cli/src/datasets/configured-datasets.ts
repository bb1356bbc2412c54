import type { Config } from "@detectron-ts/config";
import { BuiltinDatasetError, DatasetCatalog, requireBuiltin } from "@detectron-ts/data";

import { UsageError } from "../errors.ts";
import { DATASET_FORMS } from "./dataset-spec.ts";

/** The keys under DATASETS of a config that name datasets. */
export type DatasetsKey = "TRAIN" | "TEST";

/**
 * The datasets that a config names under a key, all of them registered, or builtin and in the folder of datasets.
 *
 * @throws UsageError that says how to register one nobody has, and where a builtin one was looked for.
 */
export async function configuredDatasets(
  cfg: Config,
  key: DatasetsKey,
): Promise<readonly string[]> {
  const names = cfg.DATASETS[key];
  for (const name of names) {
    const builtin = DatasetCatalog.builtin(name);
    if (builtin) await requireBuiltin(builtin).catch((error: unknown) => refuseMissing(error, key));
    else if (!DatasetCatalog.has(name)) refuseUnknown(name, key);
  }
  return names;
}

function refuseMissing(error: unknown, key: DatasetsKey): never {
  if (!(error instanceof BuiltinDatasetError)) throw error;
  throw new UsageError(`${error.message}. Or ${remedies(error.dataset, key)}`, { cause: error });
}

function refuseUnknown(name: string, key: DatasetsKey): never {
  throw new UsageError(
    `DATASETS.${key} names "${name}", which is not registered: ${remedies(name, key)}`,
  );
}

/** What to do about a dataset that isn't there. */
function remedies(name: string, key: DatasetsKey): string {
  const forms = DATASET_FORMS.map(({ form }) => form.replace("NAME", name));
  const other = DatasetCatalog.list().find((each) => !DatasetCatalog.builtin(each));
  const instead =
    other === undefined ? "" : `, or use "${other}": --opts DATASETS.${key} "('${other}',)"`;
  const without = key === "TEST" ? `, or do without: --opts DATASETS.TEST "()"` : "";
  return `add --dataset with ${forms.join(" or ")}${instead}${without}`;
}

/**
 * The datasets that a command is to look at: those given on the command line, else those of the config under some keys.
 *
 * @throws UsageError when there is none, or one of the config is not registered.
 */
export async function selectDatasets(
  given: readonly string[],
  cfg: Config | undefined,
  keys: readonly DatasetsKey[],
): Promise<readonly string[]> {
  if (given.length > 0) return given;
  const names: string[] = [];
  if (cfg) for (const key of keys) names.push(...(await configuredDatasets(cfg, key)));
  if (names.length > 0) return [...new Set(names)];
  const [{ form }] = DATASET_FORMS;
  throw new UsageError(`There is no dataset to look at: add --dataset ${form}`);
}
