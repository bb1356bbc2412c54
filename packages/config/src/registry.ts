import { AlreadyRegisteredError, NotRegisteredError } from "./errors.ts";
import { nearest } from "./nearest.ts";

/**
 * Named objects, by which a config selects a class or function: `ROI_BOX_HEAD.NAME: "FastRCNNConvFCHead"`. Mirrors fvcore's
 * `Registry`; the names are detectron2's.
 *
 * ```ts
 * export const ROI_BOX_HEAD_REGISTRY = new Registry<typeof FastRCNNConvFCHead>("ROI_BOX_HEAD");
 * ROI_BOX_HEAD_REGISTRY.register("FastRCNNConvFCHead", FastRCNNConvFCHead);
 * ```
 */
export class Registry<Entry> implements Iterable<[name: string, entry: Entry]> {
  /** What the registry is of, for messages. */
  readonly name: string;
  readonly #entries = new Map<string, Entry>();

  constructor(name: string) {
    this.name = name;
  }

  /**
   * Registers an object and returns it.
   *
   * @throws AlreadyRegisteredError when the name is taken.
   */
  register<Registered extends Entry>(name: string, entry: Registered): Registered {
    if (this.#entries.has(name)) throw new AlreadyRegisteredError(this.name, name);
    this.#entries.set(name, entry);
    return entry;
  }

  /** @throws NotRegisteredError, which tells the nearest names and all that there are. */
  get(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      const available = [...this.#entries.keys()].sort();
      throw new NotRegisteredError(this.name, name, nearest(name, available), available);
    }
    return entry;
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  [Symbol.iterator](): IterableIterator<[name: string, entry: Entry]> {
    return this.#entries.entries();
  }
}
