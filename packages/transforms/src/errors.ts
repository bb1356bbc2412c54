/** An image or array handed to a transform has a shape that it cannot work on. */
export class ImageShapeError extends Error {
  override readonly name = "ImageShapeError";
  /** The shape that was got. */
  readonly shape: readonly number[];
  /** What was wanted, in words. */
  readonly wanted: string;

  constructor(shape: readonly number[], wanted: string) {
    super(`Got an array of shape [${shape.join(", ")}], wanted ${wanted}`);
    this.shape = shape;
    this.wanted = wanted;
  }
}

/** A size to resize to, or an option of a transform, lies outside what is possible. */
export class TransformOptionError extends Error {
  override readonly name = "TransformOptionError";
  readonly option: string;
  readonly value: unknown;

  constructor(option: string, value: unknown, wanted: string) {
    super(`Got ${JSON.stringify(value)} for ${option}, wanted ${wanted}`);
    this.option = option;
    this.value = value;
  }
}

/** A transform loses something that no inverse could bring back. */
export class NotInvertibleError extends Error {
  override readonly name = "NotInvertibleError";
  /** Name of the transform's class. */
  readonly transform: string;

  constructor(transform: string, reason: string) {
    super(`${transform} has no inverse: ${reason}`);
    this.transform = transform;
  }
}

/** An augmentation looks at something that its input does not have. */
export class MissingLabelsError extends Error {
  override readonly name = "MissingLabelsError";
  /** Name of the augmentation's class. */
  readonly augmentation: string;
  /** The labels that are missing. */
  readonly labels: "boxes" | "semSeg";

  constructor(augmentation: string, labels: "boxes" | "semSeg") {
    super(`${augmentation} needs ${labels}, which the input does not have`);
    this.augmentation = augmentation;
    this.labels = labels;
  }
}
