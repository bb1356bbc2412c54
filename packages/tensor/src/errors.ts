import type { Shape } from "./dtype.ts";

const list = (shapes: readonly Shape[]): string =>
  shapes.map((shape) => `[${shape.join(", ")}]`).join(", ");

/** Shapes or shape arguments that an operation cannot work with. Thrown at the call, never at run time. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
  constructor(
    /** Operation that was called. */
    readonly op: string,
    /** What was wrong, with the values got and wanted. */
    readonly detail: string,
    /** Shapes of the tensors the operation was given. */
    readonly shapes: readonly Shape[] = [],
  ) {
    super(`${op}: ${detail}${shapes.length > 0 ? ` (inputs ${list(shapes)})` : ""}`);
  }
}

/** Element types, or element values, that an operation cannot work with. */
export class DTypeError extends Error {
  override readonly name = "DTypeError";
  constructor(
    /** Operation that was called. */
    readonly op: string,
    /** What was wrong, with the dtypes got and wanted. */
    readonly detail: string,
  ) {
    super(`${op}: ${detail}`);
  }
}

/** A gradient was asked for that does not exist. */
export class NotDifferentiableError extends Error {
  override readonly name = "NotDifferentiableError";
  constructor(
    /** Operation, or tensor, without a gradient. */
    readonly op: string,
    readonly detail: string,
  ) {
    super(`${op}: ${detail}`);
  }
}

/** Values were read synchronously from a tensor that has not been computed yet. */
export class NotRealizedError extends Error {
  override readonly name = "NotRealizedError";
  constructor(
    readonly op: string,
    readonly shape: Shape,
  ) {
    super(
      `the value of ${op} [${shape.join(", ")}] has not been computed: ` +
        "await realize(tensor) or tensor.toNdarray() first",
    );
  }
}

/** A value was asked for, but no package that can compute it is there. */
export class RuntimeMissingError extends Error {
  override readonly name = "RuntimeMissingError";
  constructor(cause: unknown) {
    super(
      "computing a tensor's value needs a runtime: npm install @detectron-ts/runtime " +
        '(or import it once: import "@detectron-ts/runtime")',
      { cause },
    );
  }
}

/** A graph breaks one of the rules {@link verifyGraph} checks: a bug in an operation's rules. */
export class GraphError extends Error {
  override readonly name = "GraphError";
  constructor(
    readonly op: string,
    readonly detail: string,
  ) {
    super(`invalid graph at ${op}: ${detail}`);
  }
}
