import { type CheckpointDType } from "../dtype.ts";
import { type ByteSource } from "../byte-source.ts";

/**
 * What the pickle machine builds. Python dicts are Maps, so no key can reach a prototype; lists, tuples and
 * sets are arrays; anything that is not on the allow-list is an inert {@link Placeholder}.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | PickleDict
  | LazyBytes
  | GlobalReference
  | Placeholder
  | StorageReference
  | TensorView
  | NumpyDType
  | NumpyArray;

/** A Python dict, OrderedDict, defaultdict or Counter. Keys that are containers are compared by identity. */
export class PickleDict {
  readonly entries = new Map<PickleValue, PickleValue>();
  /** Attributes of the object itself, which BUILD sets: PyTorch's state dicts have `_metadata`. */
  attributes: PickleDict | undefined;

  get(key: string): PickleValue | undefined {
    return this.entries.get(key);
  }

  has(key: string): boolean {
    return this.entries.has(key);
  }
}

/** How the bytes in the file stand for the value: as they are, or as UTF-8 text of one code point per byte. */
export type LazyEncoding = "raw" | "utf8";

/** A long string or bytes object that stays in the file. */
export class LazyBytes {
  constructor(
    readonly source: ByteSource,
    readonly position: number,
    readonly byteLength: number,
    readonly encoding: LazyEncoding,
    /** True for Python 3 `bytes`; false for text (and Python 2 `str`, which may mean either). */
    readonly isBytes: boolean,
  ) {}
}

/** Runs a constructor of the allow-list. `spend` charges the values that it copies against a limit. */
export type Construct = (
  args: readonly PickleValue[],
  spend: (values: number) => void,
) => PickleValue;

/** An import that the allow-list knows. It is a name and nothing else: no code stands behind it. */
export class GlobalReference {
  constructor(
    readonly module: string,
    readonly name: string,
    /** What REDUCE and NEWOBJ do with the arguments; undefined when the name is only ever referred to. */
    readonly construct: Construct | undefined,
    /** Set for torch storage classes and torch dtypes; "untyped" for the untyped storage. */
    readonly dtype?: CheckpointDType | "untyped",
  ) {}

  get qualifiedName(): string {
    return `${this.module}.${this.name}`;
  }
}

/** What stands in for an object of an unknown class: it remembers the name and takes whatever is put in. */
export class Placeholder {
  constructor(readonly qualifiedName: string) {}
}

/** A torch storage named by a persistent id. */
export class StorageReference {
  constructor(
    readonly key: string,
    /** "untyped" counts in bytes and leaves the dtype to the tensor. */
    readonly dtype: CheckpointDType | "untyped",
    /** Elements (or bytes) of the storage that the file holds. */
    readonly count: number,
    /** Element of that storage where this one starts (legacy storage views; else 0). */
    readonly viewOffset: number,
  ) {}
}

/**
 * A torch tensor as the pickle describes it, unchecked: its lists can still change while the pickle is read,
 * so offset, shape and strides (in elements) are checked when the tensor is resolved.
 */
export class TensorView {
  constructor(
    readonly storage: StorageReference,
    readonly dtype: CheckpointDType,
    readonly offset: PickleValue,
    readonly shape: PickleValue,
    readonly strides: PickleValue,
  ) {}
}

/** A numpy dtype; its byte order comes with BUILD. */
export class NumpyDType {
  /** ">" for big endian. */
  byteOrder = "<";
  constructor(
    /** Kind and size, as "f4". */
    readonly code: string,
  ) {}
}

/** What a numpy array's pickle says about it, unchecked as in {@link TensorView}. */
export interface NumpyArrayState {
  readonly shape: PickleValue;
  readonly dtype: NumpyDType;
  readonly fortranOrder: boolean;
  /** The elements: bytes, a string of one character per byte, or either left in the file. */
  readonly data: string | Uint8Array | LazyBytes;
}

/** A numpy array; everything about it comes with BUILD. */
export class NumpyArray {
  state: NumpyArrayState | undefined;
}
