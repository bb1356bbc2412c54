import type { Config } from "@detectron-ts/config";
import { MetadataCatalog, type MetadataFields } from "@detectron-ts/data";

/** What is known of the dataset that a config is tested on; nothing where it names none. */
export function datasetMetadata({ DATASETS }: Config): Partial<MetadataFields> {
  const [name] = DATASETS.TEST;
  return name === undefined ? {} : MetadataCatalog.get(name).asDict();
}
