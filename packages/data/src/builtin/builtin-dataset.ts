import type { MetadataFields } from "../catalog/metadata-catalog.ts";
import type { DatasetDict } from "../dataset-dict.ts";

/** A dataset that configs may name without anyone registering it. */
export interface BuiltinDataset {
  readonly name: string;
  /** The files and folders that must be there, relative to the folder of datasets; folders end with a slash. */
  readonly layout: readonly string[];
  /** All that is known about the dataset when the folder of datasets is `root`. */
  metadata(root: string): Partial<MetadataFields>;
  /** Reads the dataset; readers are imported only now. */
  load(root: string): Promise<DatasetDict[]>;
}
