/** A Python `float`, also where the value is whole: a plain JavaScript number 1 is written as the `int` 1. */
export class PythonFloat {
  constructor(readonly value: number) {}
}

/** A Python `tuple`: plain arrays are written as lists. */
export class PythonTuple {
  constructor(readonly items: readonly unknown[]) {}
}

/** A Python `OrderedDict`, which is what PyTorch's state dicts are: plain Maps are written as dicts. */
export class OrderedDict {
  constructor(
    readonly entries: ReadonlyMap<string | number, unknown>,
    /** Attributes of the object, as PyTorch's `_metadata` of module versions. */
    readonly attributes: ReadonlyMap<string, unknown> = new Map(),
  ) {}
}
