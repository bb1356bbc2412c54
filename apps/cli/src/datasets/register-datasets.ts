import {
  DatasetCatalog,
  MetadataCatalog,
  registerCocoInstances,
  registerPascalVoc,
  registerPennFudan,
} from "@detectron-ts/data";

import { UsageError } from "../errors.ts";
import { checkDatasetPaths } from "./dataset-paths.ts";
import type { DatasetSource, DatasetSpec } from "./dataset-spec.ts";

/** Datasets that are registered until this is disposed of. */
export interface RegisteredDatasets extends Disposable {
  /** In the order in which they were given. */
  readonly names: readonly string[];
}

/**
 * Registers datasets under their names, after a look at whether their files are there. Disposing takes them out of the
 * catalogs again, so that commands can follow one another in a process.
 *
 * @throws DatasetPathError for a file or folder that isn't there; UsageError for a name that is given twice.
 */
export async function registerDatasets(
  specs: readonly DatasetSpec[] = [],
): Promise<RegisteredDatasets> {
  const names = specs.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new UsageError(`--dataset ${twice}=… is given twice`);
  for (const spec of specs) await checkDatasetPaths(spec);
  for (const { name, source } of specs) register(name, source);
  return {
    names,
    [Symbol.dispose]() {
      for (const name of names) {
        DatasetCatalog.remove(name);
        MetadataCatalog.remove(name);
      }
    },
  };
}

function register(name: string, source: DatasetSource): void {
  switch (source.format) {
    case "coco":
      registerCocoInstances(name, {}, source.annotations, source.images ?? "");
      return;
    case "voc": {
      // As in detectron2, the year in the name decides how AP is computed.
      const year = name.includes("2007") ? 2007 : 2012;
      registerPascalVoc(name, source.root, source.split, year, source.classes);
      return;
    }
    case "penn-fudan":
      registerPennFudan(name, source.root, source.className);
  }
}
