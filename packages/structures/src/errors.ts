/** An array of another shape than the structure is made of. */
export class StructureShapeError extends Error {
  override readonly name = "StructureShapeError";
  /** What the array was to be. */
  readonly what: string;
  readonly got: readonly number[];
  /** The shape wanted, in words. */
  readonly wanted: string;

  constructor(what: string, got: readonly number[], wanted: string) {
    super(`${what} must have shape ${wanted}, got [${got.join(", ")}].`);
    this.what = what;
    this.got = got;
    this.wanted = wanted;
  }
}

/** An empty list to be joined, which does not say what shape the rows of the result have. */
export class EmptyListError extends Error {
  override readonly name = "EmptyListError";

  constructor() {
    super("At least one element is needed: an empty list does not say what shape its rows have.");
  }
}

/** A row number outside of what is there. */
export class RowIndexError extends Error {
  override readonly name = "RowIndexError";
  readonly index: number;
  readonly length: number;

  constructor(index: number, length: number) {
    super(`Index ${index} is not a whole number in [${-length}, ${length}).`);
    this.index = index;
    this.length = length;
  }
}

/** Two things that must have as many rows as each other, and have not. */
export class LengthMismatchError extends Error {
  override readonly name = "LengthMismatchError";
  /** What has the wrong length: a field's name, a mask. */
  readonly what: string;
  readonly got: number;
  readonly wanted: number;

  constructor(what: string, got: number, wanted: number) {
    super(`${what} must have length ${wanted}, got ${got}.`);
    this.what = what;
    this.got = got;
    this.wanted = wanted;
  }
}

/** A field that these instances do not have. */
export class UnknownFieldError extends Error {
  override readonly name = "UnknownFieldError";
  readonly field: string;
  /** The fields there are. */
  readonly fields: readonly string[];

  constructor(field: string, fields: readonly string[]) {
    super(`There is no field ${field}; the fields are ${fields.join(", ") || "none"}.`);
    this.field = field;
    this.fields = fields;
  }
}

/** A field's name that would hide a member of `Instances`. */
export class ReservedFieldError extends Error {
  override readonly name = "ReservedFieldError";
  readonly field: string;

  constructor(field: string) {
    super(`A field cannot be called ${field}: Instances has a member of that name.`);
    this.field = field;
  }
}

/** The number of instances was asked for before any field was set. */
export class NoFieldsError extends Error {
  override readonly name = "NoFieldsError";

  constructor() {
    super("Instances without fields have no length.");
  }
}

/** Instances of images of different sizes, or none at all, where one image size is needed. */
export class ImageSizeMismatchError extends Error {
  override readonly name = "ImageSizeMismatchError";
  readonly imageSizes: readonly (readonly [height: number, width: number])[];

  constructor(imageSizes: readonly (readonly [height: number, width: number])[]) {
    const sizes = imageSizes.map((size) => size.join("×")).join(", ");
    super(`Instances of one image size are needed, got ${sizes || "no instances"}.`);
    this.imageSizes = imageSizes;
  }
}

/** A box with an infinite or undefined coordinate. */
export class NonFiniteBoxError extends Error {
  override readonly name = "NonFiniteBoxError";
  readonly row: number;
  readonly box: readonly number[];

  constructor(row: number, box: readonly number[]) {
    super(`Box ${row} is not finite: [${box.join(", ")}].`);
    this.row = row;
    this.box = box;
  }
}

/** A pair of box modes without a conversion. */
export class BoxModeError extends Error {
  override readonly name = "BoxModeError";
  readonly from: number;
  readonly to: number;

  constructor(from: number, to: number) {
    super(`Boxes cannot be converted from mode ${from} to mode ${to}.`);
    this.from = from;
    this.to = to;
  }
}

/** Upright boxes where rotated ones are needed, or the other way round. */
export class BoxKindError extends Error {
  override readonly name = "BoxKindError";
  /** What was asked to work on them. */
  readonly what: string;
  /** Numbers of a box of those given: 4 if upright, 5 if rotated. */
  readonly got: number;
  readonly wanted: number;

  constructor(what: string, got: number, wanted: number) {
    super(`${what} wants boxes of ${wanted} numbers, got boxes of ${got}.`);
    this.what = what;
    this.got = got;
    this.wanted = wanted;
  }
}
