import { CfgNode, configure, type Config } from "@detectron-ts/config";

import { MetadataCatalog, type MetadataFields } from "../catalog/metadata-catalog.ts";
import { DatasetMapper } from "./dataset-mapper.ts";
import type { MapperSource } from "./mapper-source.ts";

/** All that a thread needs to make the mapper of a config. */
interface ConfigMapperArgument {
  /** The config as plain objects. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly isTrain: boolean;
  /** What is known of the datasets that the config names; catalogs of other threads are empty. */
  readonly metadata: readonly (readonly [name: string, fields: Partial<MetadataFields>])[];
}

/** How threads make the {@link DatasetMapper} that a config describes. */
export function configMapperSource(cfg: Config, isTrain: boolean): MapperSource {
  const names = new Set([...cfg.DATASETS.TRAIN, ...cfg.DATASETS.TEST]);
  const argument: ConfigMapperArgument = {
    config: cfg.toJSON(),
    isTrain,
    metadata: [...names].map((name) => [name, MetadataCatalog.get(name).asDict()]),
  };
  return { module: import.meta.url, exportName: "createConfigMapper", argument };
}

/**
 * The function that {@link configMapperSource} names.
 *
 * @public threads call it
 */
export function createConfigMapper({
  config,
  isTrain,
  metadata,
}: ConfigMapperArgument): DatasetMapper {
  for (const [name, fields] of metadata) MetadataCatalog.get(name).set(fields);
  // These are the plain objects of a config.
  const cfg = new CfgNode(config) as CfgNode as Config;
  return configure(DatasetMapper, [cfg, isTrain]);
}
