import { sizeOf } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import {
  broadcastShapes,
  equalShapes,
  requireSameDType,
  shapesOf,
  type ShapeRules,
} from "./shape-rule.ts";

/** Number of elements that ONNX's slice of one axis yields. */
function sliceLength(side: number, start: number, end: number, step: number): number {
  const clampTo = (index: number, low: number, high: number): number =>
    Math.min(Math.max(index < 0 ? index + side : index, low), high);
  const from = step > 0 ? clampTo(start, 0, side) : clampTo(start, 0, side - 1);
  const to = step > 0 ? clampTo(end, 0, side) : clampTo(end, -1, side - 1);
  return Math.max(0, Math.ceil((to - from) / step));
}

/** Shape rules of the operations that only move values. */
export const movementShapes: ShapeRules<
  "reshape" | "expand" | "permute" | "slice" | "pad" | "cat" | "split"
> = {
  reshape: (inputs, _attrs, { shape }) => {
    const [input] = inputs;
    if (sizeOf(shape) !== sizeOf(input.shape)) {
      throw new ShapeError("reshape", `cannot become [${shape.join(", ")}]`, shapesOf(inputs));
    }
    return [{ shape, dtype: input.dtype }];
  },
  expand: (inputs, _attrs, { shape }) => {
    const [input] = inputs;
    if (!equalShapes(broadcastShapes("expand", input.shape, shape), shape)) {
      throw new ShapeError("expand", `cannot become [${shape.join(", ")}]`, shapesOf(inputs));
    }
    return [{ shape, dtype: input.dtype }];
  },
  permute: (inputs, { axes }) => {
    const { shape, dtype } = inputs[0];
    if (
      !equalShapes(
        axes.toSorted((a, b) => a - b),
        [...shape.keys()],
      )
    ) {
      throw new ShapeError(
        "permute",
        `wants each of the ${shape.length} axes once, got [${axes.join(", ")}]`,
        shapesOf(inputs),
      );
    }
    return [{ shape: axes.map((axis) => shape[axis]), dtype }];
  },
  slice: (inputs, { axes, steps }, { starts, ends }) => {
    const { shape, dtype } = inputs[0];
    const result = [...shape];
    for (const [i, axis] of axes.entries()) {
      result[axis] = sliceLength(shape[axis], starts[i], ends[i], steps[i]);
    }
    return [{ shape: result, dtype }];
  },
  pad: (inputs, _attrs, { pads }) => {
    const { shape, dtype } = inputs[0];
    const rank = shape.length;
    const result = shape.map((side, axis) => side + pads[axis] + pads[axis + rank]);
    if (pads.length !== 2 * rank || result.some((side) => side < 0)) {
      throw new ShapeError(
        "pad",
        `wants ${rank} begins and ${rank} ends that leave sides of at least 0, got [${pads.join(", ")}]`,
        shapesOf(inputs),
      );
    }
    return [{ shape: result, dtype }];
  },
  cat: (inputs, { axis }) => {
    const dtype = requireSameDType("cat", inputs);
    const first = inputs[0].shape;
    let side = 0;
    for (const { shape } of inputs) {
      const fits =
        shape.length === first.length && shape.every((s, i) => i === axis || s === first[i]);
      if (!fits) {
        throw new ShapeError("cat", `inputs must match except on axis ${axis}`, shapesOf(inputs));
      }
      side += shape[axis];
    }
    return [{ shape: first.map((s, i) => (i === axis ? side : s)), dtype }];
  },
  split: (inputs, { axis, count }, { sizes }) => {
    const { shape, dtype } = inputs[0];
    const total = sizes.reduce((sum, size) => sum + size, 0);
    if (sizes.length !== count || total !== shape[axis] || sizes.some((size) => size < 0)) {
      throw new ShapeError(
        "split",
        `sizes [${sizes.join(", ")}] must add up to side ${shape[axis]} of axis ${axis}`,
        shapesOf(inputs),
      );
    }
    return sizes.map((size) => ({ shape: shape.map((s, i) => (i === axis ? size : s)), dtype }));
  },
};
