import type { DatasetDict } from "../dataset-dict.ts";
import { CatalogError } from "../errors.ts";

/** Loads a dataset; called anew whenever the dataset is asked for. */
export type DatasetLoader = () => readonly DatasetDict[] | Promise<readonly DatasetDict[]>;

/** Names of datasets and how to load them. Use the one there is, {@link DatasetCatalog}. */
class DatasetCatalogMap {
  readonly #loaders = new Map<string, DatasetLoader>();

  /** @throws CatalogError when the name is taken. */
  register(name: string, loader: DatasetLoader): void {
    if (this.#loaders.has(name)) {
      throw new CatalogError(name, `Dataset "${name}" is already registered`);
    }
    this.#loaders.set(name, loader);
  }

  /** @throws CatalogError when there is no dataset of this name, and whatever the loader throws. */
  async get(name: string): Promise<readonly DatasetDict[]> {
    const loader = this.#loaders.get(name);
    if (!loader) {
      const names = this.list().join(", ") || "none";
      throw new CatalogError(name, `Dataset "${name}" is not registered; registered are ${names}`);
    }
    return loader();
  }

  has(name: string): boolean {
    return this.#loaders.has(name);
  }

  list(): string[] {
    return [...this.#loaders.keys()];
  }

  /** @throws CatalogError when there is no dataset of this name. */
  remove(name: string): void {
    if (!this.#loaders.delete(name)) {
      throw new CatalogError(name, `Dataset "${name}" is not registered`);
    }
  }
}

/** The datasets that configs name in DATASETS.TRAIN and DATASETS.TEST. Mirrors detectron2's `DatasetCatalog`. */
export const DatasetCatalog: DatasetCatalogMap = new DatasetCatalogMap();
