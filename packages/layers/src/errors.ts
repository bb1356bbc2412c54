/** An array handed to a layer has a shape that the layer cannot work on. */
export class LayerShapeError extends Error {
  override readonly name = "LayerShapeError";

  constructor(
    /** The function or module that refused the array. */
    readonly layer: string,
    /** Which of its arguments was wrong. */
    readonly argument: string,
    /** The shape it got. */
    readonly got: readonly number[],
    /** The shape it wanted, in words such as `"N×4"`. */
    readonly wanted: string,
  ) {
    super(`${layer}: ${argument} has shape [${got.join(", ")}], wanted ${wanted}`);
  }
}

/** An option, or the config key it comes from, with a value that cannot be used. */
export class OptionError extends Error {
  override readonly name = "OptionError";

  constructor(
    readonly option: string,
    readonly got: unknown,
    /** What was wanted, in words. */
    readonly wanted: string,
  ) {
    super(`${option} must be ${wanted}, got ${JSON.stringify(got)}.`);
  }
}
