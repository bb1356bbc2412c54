import { ShapeError } from "../errors.ts";
import type { Tensor } from "../tensor.ts";

/** One axis, several, or (left out) all of them. Negative axes count from the last. */
export type Axes = number | readonly number[] | undefined;

/**
 * An axis as an index from 0.
 *
 * @throws ShapeError when the tensor has no such axis.
 */
export function normalizeAxis(op: string, axis: number, rank: number): number {
  const result = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || result < 0 || result >= rank) {
    throw new ShapeError(op, `there is no axis ${axis} among ${rank}`);
  }
  return result;
}

/** Axes as ascending indices from 0. */
export function normalizeAxes(op: string, axes: Axes, x: Tensor): number[] {
  if (axes === undefined) return [...x.shape.keys()];
  const list = typeof axes === "number" ? [axes] : axes;
  return list.map((axis) => normalizeAxis(op, axis, x.rank)).sort((a, b) => a - b);
}
