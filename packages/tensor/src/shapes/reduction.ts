import { sizeOf, type Shape } from "../dtype.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import type { OutputSpec } from "../graph/node.ts";
import {
  broadcastShapes,
  equalShapes,
  requireDType,
  shapesOf,
  type ShapeRule,
  type ShapeRules,
} from "./shape-rule.ts";

type Reduction = "sum" | "mean" | "max" | "min";

function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): number[] {
  const result: number[] = [];
  for (const [axis, side] of shape.entries()) {
    if (!axes.includes(axis)) result.push(side);
    else if (keepDims) result.push(1);
  }
  return result;
}

function requireElements(op: string, inputs: readonly OutputSpec[], axes: readonly number[]): void {
  if (axes.some((axis) => inputs[0].shape[axis] === 0)) {
    throw new ShapeError(
      op,
      `has no value over an empty axis [${axes.join(", ")}]`,
      shapesOf(inputs),
    );
  }
}

function reduction(op: Reduction): ShapeRule<Reduction> {
  return (inputs, { axes, keepDims }) => {
    const { shape, dtype } = inputs[0];
    if (dtype === "bool" || dtype === "uint8" || (op === "mean" && dtype !== "float32")) {
      throw new DTypeError(op, `cannot reduce ${dtype}`);
    }
    if (op === "max" || op === "min") requireElements(op, inputs, axes);
    return [{ shape: reducedShape(shape, axes, keepDims), dtype }];
  };
}

function normalisation(op: "softmax" | "logSoftmax"): ShapeRule<"softmax" | "logSoftmax"> {
  return (inputs) => {
    requireDType(op, inputs, "float32");
    return [inputs[0]];
  };
}

/** Shape rules of the operations that combine values along axes. */
export const reductionShapes: ShapeRules<
  Reduction | "argmax" | "topk" | "sumTo" | "softmax" | "logSoftmax" | "layerNorm"
> = {
  sum: reduction("sum"),
  mean: reduction("mean"),
  max: reduction("max"),
  min: reduction("min"),
  argmax: (inputs, { axis, keepDims }) => {
    requireElements("argmax", inputs, [axis]);
    return [{ shape: reducedShape(inputs[0].shape, [axis], keepDims), dtype: "int32" }];
  },
  topk: (inputs, { axis }, { k: [k] }) => {
    const { shape, dtype } = inputs[0];
    if (k === undefined || !Number.isInteger(k) || k < 0 || k > shape[axis]) {
      throw new ShapeError("topk", `cannot take ${k} of ${shape[axis]} on axis ${axis}`, [shape]);
    }
    const result = shape.map((side, i) => (i === axis ? k : side));
    return [
      { shape: result, dtype },
      { shape: result, dtype: "int32" },
    ];
  },
  sumTo: (inputs, _attrs, { axes, shape }) => {
    const { shape: from, dtype } = inputs[0];
    const broadcast = equalShapes(broadcastShapes("sumTo", from, shape), from);
    if (!broadcast || sizeOf(reducedShape(from, axes, false)) !== sizeOf(shape)) {
      throw new ShapeError("sumTo", `cannot be summed to [${shape.join(", ")}]`, shapesOf(inputs));
    }
    return [{ shape, dtype }];
  },
  softmax: normalisation("softmax"),
  logSoftmax: normalisation("logSoftmax"),
  layerNorm: (inputs) => {
    requireDType("layerNorm", inputs, "float32");
    const [{ shape }, ...vectors] = inputs;
    const features = shape.at(-1);
    if (vectors.some((vector) => vector.shape.length !== 1 || vector.shape[0] !== features)) {
      const wanted = `weight and bias must have one value for each of ${features} features`;
      throw new ShapeError("layerNorm", wanted, shapesOf(inputs));
    }
    const perRow = { shape: [...shape.slice(0, -1), 1], dtype: "float32" } as const;
    return [inputs[0], perRow, perRow];
  },
};
