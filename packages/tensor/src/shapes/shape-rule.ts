import type { DType, Shape } from "../dtype.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import type { OutputSpec } from "../graph/node.ts";
import type { OpAttrs, OpLifted, OpName } from "../ops/op-table.ts";

/**
 * Infers the outputs of an operation from its inputs, or throws a {@link ShapeError} or
 * {@link DTypeError} that names the operation and the values that do not fit.
 */
export type ShapeRule<O extends OpName> = (
  inputs: readonly OutputSpec[],
  attrs: OpAttrs<O>,
  lifted: OpLifted<O>,
) => OutputSpec[];

/** The entries of a shape table for some of the operations. */
export type ShapeRules<O extends OpName> = { readonly [P in O]: ShapeRule<P> };

/** Shapes of a rule's inputs, for error messages. */
export function shapesOf(inputs: readonly OutputSpec[]): Shape[] {
  return inputs.map((input) => input.shape);
}

/** Requires every input to be of `dtype`. */
export function requireDType(op: string, inputs: readonly OutputSpec[], dtype: DType): void {
  for (const [index, input] of inputs.entries()) {
    if (input.dtype !== dtype) {
      throw new DTypeError(op, `input ${index} must be ${dtype}, got ${input.dtype}`);
    }
  }
}

/** Requires all inputs to share one dtype, and returns it. */
export function requireSameDType(op: string, inputs: readonly OutputSpec[]): DType {
  const dtype = inputs[0].dtype;
  for (const input of inputs) {
    if (input.dtype !== dtype) {
      const got = inputs.map((each) => each.dtype).join(", ");
      throw new DTypeError(op, `inputs must have one dtype, got ${got}`);
    }
  }
  return dtype;
}

/** Requires an input of a given rank. */
export function requireRank(
  op: string,
  inputs: readonly OutputSpec[],
  index: number,
  rank: number,
  layout: string,
): void {
  if (inputs[index].shape.length !== rank) {
    throw new ShapeError(op, `input ${index} must have shape ${layout}`, shapesOf(inputs));
  }
}

/**
 * Shape of broadcasting `a` with `b` by NumPy's rule: aligned at the last axis, sides equal or 1.
 *
 * @throws ShapeError when a pair of sides does not fit.
 */
export function broadcastShapes(op: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  const result = new Array<number>(rank);
  for (let axis = 0; axis < rank; axis++) {
    const sideA = a[axis - rank + a.length] ?? 1;
    const sideB = b[axis - rank + b.length] ?? 1;
    if (sideA !== sideB && sideA !== 1 && sideB !== 1) {
      throw new ShapeError(op, `sides ${sideA} and ${sideB} do not broadcast`, [a, b]);
    }
    result[axis] = sideA === 1 ? sideB : sideA;
  }
  return result;
}

/** Whether two shapes are equal. */
export function equalShapes(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((side, axis) => side === b[axis]);
}
