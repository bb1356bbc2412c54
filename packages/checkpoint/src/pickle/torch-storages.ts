import { PickleArgumentError } from "./allow-list.ts";
import { GlobalReference, Placeholder, StorageReference, type PickleValue } from "./values.ts";

/** The storages that a torch pickle refers to, by key. */
export class TorchStorageTable {
  /** Storage by key, without views. */
  readonly storages = new Map<string, StorageReference>();

  /**
   * What a persistent id stands for: `("storage", class, key, device, count)`, in legacy files with a sixth
   * entry `null` or `(view key, view offset, view size)`; or `("module", class, file, source)`, which carries
   * a class's source code and is never looked into.
   */
  readonly load = (id: PickleValue): PickleValue => {
    if (!Array.isArray(id)) throw new PickleArgumentError("the persistent id is no tuple");
    const [kind, type, key, , count, view] = id;
    if (kind === "module" && type instanceof GlobalReference)
      return new Placeholder(type.qualifiedName);
    if (kind === "module" && type instanceof Placeholder) return type;
    if (kind !== "storage") throw new PickleArgumentError("the persistent id names no storage");
    if (!(type instanceof GlobalReference) || type.dtype === undefined) {
      // The class is unknown and has been noted as such; a reference to it can stay inert.
      if (type instanceof Placeholder) return type;
      throw new PickleArgumentError("the storage's class is none");
    }
    if (typeof key !== "string") throw new PickleArgumentError("the storage's key is no string");
    const storage = new StorageReference(key, type.dtype, asCount(count), 0);
    this.#register(storage);
    if (view === undefined || view === null) return storage;
    if (!Array.isArray(view)) throw new PickleArgumentError("the storage view is no tuple");
    return new StorageReference(key, type.dtype, storage.count, asCount(view[1]));
  };

  /** One storage is described once for each tensor; all descriptions must agree. */
  #register(storage: StorageReference): void {
    const known = this.storages.get(storage.key);
    if (known === undefined) this.storages.set(storage.key, storage);
    else if (known.count !== storage.count || known.dtype !== storage.dtype) {
      throw new PickleArgumentError(
        `storage "${storage.key}" is described as ${known.count} ${known.dtype} and as ${storage.count} ${storage.dtype}`,
      );
    }
  }
}

function asCount(value: PickleValue): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new PickleArgumentError(`${String(value)} is no storage size`);
  }
  return value;
}
