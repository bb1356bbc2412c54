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
