import {
  type ModelTensorData,
  type StateDictEntry,
  type StateDictTarget,
} from "../../src/index.ts";

/** A parameter that remembers what it was set to. */
export class FakeEntry implements StateDictEntry {
  data: ModelTensorData | undefined;
  constructor(
    readonly shape: readonly number[],
    readonly dtype = "float32",
  ) {}

  set(data: ModelTensorData): void {
    this.data = data;
  }
}

/** A model of nothing but names and shapes. */
export class FakeModel implements StateDictTarget {
  readonly entries: Map<string, FakeEntry>;

  constructor(entries: Iterable<readonly [string, FakeEntry]>) {
    this.entries = new Map(entries);
  }

  /** float32 entries of the given shapes. */
  static of(shapes: Readonly<Record<string, readonly number[]>>): FakeModel {
    return new FakeModel(
      Object.entries(shapes).map(([name, shape]) => [name, new FakeEntry(shape)]),
    );
  }

  stateDict(): ReadonlyMap<string, FakeEntry> {
    return this.entries;
  }

  values(name: string): number[] | undefined {
    const data = this.entries.get(name)?.data;
    return data === undefined ? undefined : Array.from(data as ArrayLike<number | bigint>, Number);
  }

  get touched(): string[] {
    return [...this.entries].filter(([, entry]) => entry.data !== undefined).map(([name]) => name);
  }
}
