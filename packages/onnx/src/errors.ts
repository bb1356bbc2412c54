/** An operation that has no place in an ONNX model. */
export class LoweringError extends Error {
  override readonly name = "LoweringError";
  constructor(
    /** Operation that was to be lowered. */
    readonly op: string,
    /** Why it cannot be. */
    readonly detail: string,
  ) {
    super(`${op} cannot be written as ONNX: ${detail}`);
  }
}

/** A plan whose parts do not belong together: a bug in whatever cut it out of a graph. */
export class PlanError extends Error {
  override readonly name = "PlanError";
  constructor(
    /** Operation whose tensor is out of place. */
    readonly op: string,
    readonly detail: string,
  ) {
    super(`invalid plan at ${op}: ${detail}`);
  }
}

/** A model larger than protobuf can hold. */
export class ModelSizeError extends Error {
  override readonly name = "ModelSizeError";
  constructor(
    /** Bytes the model would have. */
    readonly bytes: number,
    /** Bytes it may have. */
    readonly limit: number,
  ) {
    super(`the model would have ${bytes} bytes, protobuf allows ${limit}: bake fewer weights in`);
  }
}
