import type { BuiltinDataset } from "../builtin/builtin-dataset.ts";
import { BUILTIN_DATASETS } from "../builtin/builtin-datasets.ts";
import type { DatasetDict } from "../dataset-dict.ts";
import { CatalogError } from "../errors.ts";

/** Loads a dataset; called anew whenever the dataset is asked for. */
export type DatasetLoader = () => readonly DatasetDict[] | Promise<readonly DatasetDict[]>;

/** Names of datasets and how to load them. Use the one there is, {@link DatasetCatalog}. */
class DatasetCatalogMap {
  readonly #loaders = new Map<string, DatasetLoader>();
  readonly #builtin = new Map(BUILTIN_DATASETS);

  /**
   * Registers a dataset; in the place of a builtin one, if it has its name.
   *
   * @throws CatalogError when the name is taken.
   */
  register(name: string, loader: DatasetLoader): void {
    if (this.#loaders.has(name)) {
      throw new CatalogError(name, `Dataset "${name}" is already registered`);
    }
    this.#loaders.set(name, loader);
  }

  /**
   * @throws CatalogError when there is no dataset of this name; BuiltinDatasetError when a builtin one is not in the folder of
   *   datasets; and whatever the loader throws.
   */
  async get(name: string): Promise<readonly DatasetDict[]> {
    const loader = this.#loaders.get(name);
    if (loader) return loader();
    const builtin = this.#builtin.get(name);
    if (builtin) {
      const { loadBuiltin } = await import("../builtin/load-builtin.ts");
      return loadBuiltin(builtin);
    }
    const names = [...this.#loaders.keys()].join(", ") || "none";
    throw new CatalogError(
      name,
      `Dataset "${name}" is not registered; registered are ${names} (and ${this.#builtin.size} builtin ones)`,
    );
  }

  has(name: string): boolean {
    return this.#loaders.has(name) || this.#builtin.has(name);
  }

  /** The builtin dataset of this name, unless another was registered in its place. */
  builtin(name: string): BuiltinDataset | undefined {
    return this.#loaders.has(name) ? undefined : this.#builtin.get(name);
  }

  /** All names, those of builtin datasets last. */
  list(): string[] {
    return [...new Set([...this.#loaders.keys(), ...this.#builtin.keys()])];
  }

  /**
   * Forgets a dataset; a builtin one that it stood in the place of is there again.
   *
   * @throws CatalogError when there is no dataset of this name.
   */
  remove(name: string): void {
    if (!this.#loaders.delete(name) && !this.#builtin.delete(name)) {
      throw new CatalogError(name, `Dataset "${name}" is not registered`);
    }
  }
}

/**
 * The datasets that configs name in DATASETS.TRAIN and DATASETS.TEST. Mirrors detectron2's `DatasetCatalog`; detectron2's
 * builtin names (`coco_2017_train`, …) are there from the beginning.
 */
export const DatasetCatalog: DatasetCatalogMap = new DatasetCatalogMap();
