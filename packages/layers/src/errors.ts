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
