import { sizeOf, type Shape } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { apply, applyOp } from "../graph/apply.ts";
import { equalShapes } from "../shapes/shape-rule.ts";
import type { Tensor } from "../tensor.ts";
import { normalizeAxis } from "./axes.ts";
import { constant } from "./creation.ts";
import { indexSelect } from "./indexing.ts";

/** The same values in another shape; one side may be -1 and is then inferred. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const unknown = shape.indexOf(-1);
  let full = shape;
  if (unknown >= 0) {
    const known = -sizeOf(shape);
    const side = known === 0 ? 0 : x.size / known;
    if (!Number.isInteger(side) || shape.lastIndexOf(-1) !== unknown) {
      throw new ShapeError("reshape", `cannot become [${shape.join(", ")}]`, [x.shape]);
    }
    full = shape.with(unknown, side);
  }
  return apply("reshape", [x], {}, { shape: full });
}

/** Repeats sides of 1 to fill `shape` (NumPy's broadcast_to). */
export function expand(x: Tensor, shape: Shape): Tensor {
  return apply("expand", [x], {}, { shape });
}

/** Reorders axes: axis `i` of the result is axis `axes[i]` of `x`. */
export function permute(x: Tensor, axes: readonly number[]): Tensor {
  const normalized = axes.map((axis) => normalizeAxis("permute", axis, x.rank));
  return apply("permute", [x], { axes: normalized }, {});
}

/** Swaps two axes. */
export function transpose(x: Tensor, axisA: number, axisB: number): Tensor {
  const axes = [...x.shape.keys()];
  const a = normalizeAxis("transpose", axisA, x.rank);
  const b = normalizeAxis("transpose", axisB, x.rank);
  return permute(x, axes.with(a, b).with(b, a));
}

/** Joins all axes from `startAxis` on into one. */
export function flatten(x: Tensor, startAxis = 0): Tensor {
  const start = x.rank === 0 ? 0 : normalizeAxis("flatten", startAxis, x.rank);
  return reshape(x, [...x.shape.slice(0, start), sizeOf(x.shape.slice(start))]);
}

/** Removes an axis of side 1. */
export function squeeze(x: Tensor, axis: number): Tensor {
  const removed = normalizeAxis("squeeze", axis, x.rank);
  if (x.shape[removed] !== 1) {
    throw new ShapeError("squeeze", `axis ${axis} must have side 1`, [x.shape]);
  }
  return reshape(x, x.shape.toSpliced(removed, 1));
}

/** Inserts an axis of side 1 before `axis`; -1 appends one. */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  return reshape(x, x.shape.toSpliced(normalizeAxis("unsqueeze", axis, x.rank + 1), 0, 1));
}

/**
 * Values `start`, `start + step`, … before `end` of one axis. Negative positions count from the end, a
 * negative step walks back, positions out of range are clamped as Python's are.
 */
export function slice(x: Tensor, axis: number, start: number, end?: number, step = 1): Tensor {
  const normalized = normalizeAxis("slice", axis, x.rank);
  if (!Number.isInteger(step) || step === 0)
    throw new ShapeError("slice", `step cannot be ${step}`);
  const side = x.shape[normalized];
  const last = end ?? (step > 0 ? side : -side - 1);
  return sliceAxes(x, [normalized], [start], [last], [step]);
}

/** {@link slice} of several axes at once, all positions given. */
export function sliceAxes(
  x: Tensor,
  axes: readonly number[],
  starts: readonly number[],
  ends: readonly number[],
  steps: readonly number[] = axes.map(() => 1),
): Tensor {
  return apply("slice", [x], { axes, steps }, { starts, ends });
}

/** The value at one position of an axis, which disappears. */
export function select(x: Tensor, axis: number, index: number): Tensor {
  const normalized = normalizeAxis("select", axis, x.rank);
  const side = x.shape[normalized];
  const position = index < 0 ? index + side : index;
  if (!Number.isInteger(index) || position < 0 || position >= side) {
    throw new ShapeError("select", `index ${index} is outside of side ${side}`, [x.shape]);
  }
  const one = slice(x, normalized, position, position + 1);
  return reshape(one, x.shape.toSpliced(normalized, 1));
}

/** Reverses axes. */
export function flip(x: Tensor, axes: number | readonly number[]): Tensor {
  const list = typeof axes === "number" ? [axes] : axes;
  const normalized = list.map((axis) => normalizeAxis("flip", axis, x.rank));
  return sliceAxes(
    x,
    normalized,
    normalized.map((axis) => x.shape[axis] - 1),
    normalized.map((axis) => -x.shape[axis] - 1),
    normalized.map(() => -1),
  );
}

/**
 * Moves values along axes, those that fall off one end coming in at the other: what stood at position `i` stands at
 * `i + shift` (torch.roll).
 */
export function roll(x: Tensor, shifts: readonly number[], axes: readonly number[]): Tensor {
  if (shifts.length !== axes.length) {
    throw new ShapeError("roll", `${shifts.length} shifts are not for ${axes.length} axes`);
  }
  return axes.reduce((rolled, axis, i) => {
    const normalized = normalizeAxis("roll", axis, x.rank);
    const side = x.shape[normalized];
    const from = (position: number): number => (((position - shifts[i]) % side) + side) % side;
    const positions = Int32Array.from({ length: side }, (_, position) => from(position));
    return indexSelect(rolled, normalized, constant(positions, [side], "int32"));
  }, x);
}

/**
 * Adds `value` around `x`, or takes sides away where a number is negative.
 *
 * @param pads `[before, after]` for each axis, first axis first.
 */
export function pad(x: Tensor, pads: readonly (readonly [number, number])[], value = 0): Tensor {
  const flat = [...pads.map(([before]) => before), ...pads.map(([, after]) => after)];
  return apply("pad", [x], {}, { pads: flat, value });
}

/** Joins tensors along an existing axis. One tensor is returned as it is. */
export function cat(tensors: readonly Tensor[], axis = 0): Tensor {
  const [first] = tensors;
  if (first === undefined) throw new ShapeError("cat", "wants at least one tensor, got none");
  if (tensors.length === 1) return first;
  return apply("cat", tensors, { axis: normalizeAxis("cat", axis, first.rank) }, {});
}

/** Joins tensors of one shape along a new axis. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  const [first] = tensors;
  if (first === undefined) throw new ShapeError("stack", "wants at least one tensor, got none");
  if (!tensors.every((each) => equalShapes(each.shape, first.shape))) {
    throw new ShapeError(
      "stack",
      "inputs must have one shape",
      tensors.map((each) => each.shape),
    );
  }
  return cat(
    tensors.map((each) => unsqueeze(each, axis)),
    axis,
  );
}

/** Cuts an axis into pieces of the given sizes. */
export function split(x: Tensor, sizes: readonly number[], axis = 0): Tensor[] {
  const attrs = { axis: normalizeAxis("split", axis, x.rank), count: sizes.length };
  return applyOp("split", [x], attrs, { sizes });
}
