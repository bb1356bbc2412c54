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

/** An option of a layer has a value outside of what the layer can do. */
export class LayerOptionError extends Error {
  override readonly name = "LayerOptionError";

  constructor(
    /** The function or module that refused the option. */
    readonly layer: string,
    /** The option's name. */
    readonly option: string,
    /** The value it got. */
    readonly got: unknown,
    /** What it wanted, in words. */
    readonly wanted: string,
  ) {
    super(`${layer}: ${option} is ${String(got)}, wanted ${wanted}`);
  }
}
