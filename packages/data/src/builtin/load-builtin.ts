import { stat } from "node:fs/promises";
import { join } from "node:path";

import { MetadataCatalog } from "../catalog/metadata-catalog.ts";
import type { DatasetDict } from "../dataset-dict.ts";
import { BuiltinDatasetError } from "../errors.ts";
import type { BuiltinDataset } from "./builtin-dataset.ts";
import { DATASETS_VARIABLE, datasetsRoot } from "./datasets-root.ts";

/**
 * Reads a builtin dataset from a folder of datasets, after a look at whether it is there.
 *
 * @throws BuiltinDatasetError naming what is missing; MetadataError when its files have other classes than is known of the
 *   dataset; the errors of the dataset's reader.
 */
export async function loadBuiltin(
  dataset: BuiltinDataset,
  root: string = datasetsRoot(),
): Promise<DatasetDict[]> {
  await requireBuiltin(dataset, root);
  // From here on it stands: readers that find other classes say so.
  MetadataCatalog.get(dataset.name).set(dataset.metadata(root));
  return dataset.load(root);
}

/**
 * Looks whether the files and folders of a builtin dataset are there.
 *
 * @throws BuiltinDatasetError naming what is missing.
 */
export async function requireBuiltin(
  { name, layout }: BuiltinDataset,
  root: string = datasetsRoot(),
): Promise<void> {
  const there = await Promise.all(layout.map((path) => isThere(join(root, path))));
  const missing = layout.filter((_, i) => !there[i]);
  if (missing.length > 0) {
    throw new BuiltinDatasetError(name, { root, missing, layout, variable: DATASETS_VARIABLE });
  }
}

async function isThere(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats !== undefined && (!path.endsWith("/") || stats.isDirectory());
}
