import { DTypeError, ShapeError } from "../errors.ts";
import type { OutputSpec } from "../graph/node.ts";
import {
  equalShapes,
  requireDType,
  requireRank,
  requireSameDType,
  shapesOf,
  type ShapeRules,
} from "./shape-rule.ts";

function requireIndices(op: string, indices: OutputSpec): void {
  if (indices.dtype !== "int32" && indices.dtype !== "int64") {
    throw new DTypeError(op, `indices must be int32 or int64, got ${indices.dtype}`);
  }
}

function requireFit(
  op: string,
  inputs: readonly OutputSpec[],
  indices: number,
  axis: number,
): void {
  const data = inputs[0].shape;
  const shape = inputs[indices].shape;
  const fits =
    shape.length === data.length && shape.every((side, i) => i === axis || side <= data[i]);
  if (!fits) {
    throw new ShapeError(
      op,
      `indices must fit into the data except on axis ${axis}`,
      shapesOf(inputs),
    );
  }
}

/** Shape rules of gathering, scattering and region pooling. */
export const indexingShapes: ShapeRules<
  "indexSelect" | "gather" | "scatterAdd" | "indexAdd" | "roiAlign" | "gridSample"
> = {
  indexSelect: (inputs, { axis }) => {
    requireIndices("indexSelect", inputs[1]);
    requireRank("indexSelect", inputs, 1, 1, "[K]");
    const { shape, dtype } = inputs[0];
    const count = inputs[1].shape[0];
    return [{ shape: shape.map((side, i) => (i === axis ? count : side)), dtype }];
  },
  gather: (inputs, { axis }) => {
    requireIndices("gather", inputs[1]);
    requireFit("gather", inputs, 1, axis);
    return [{ shape: inputs[1].shape, dtype: inputs[0].dtype }];
  },
  scatterAdd: (inputs, { axis }) => {
    requireIndices("scatterAdd", inputs[1]);
    requireSameDType("scatterAdd", [inputs[0], inputs[2]]);
    requireFit("scatterAdd", inputs, 1, axis);
    if (!equalShapes(inputs[1].shape, inputs[2].shape)) {
      throw new ShapeError(
        "scatterAdd",
        "indices and source must have one shape",
        shapesOf(inputs),
      );
    }
    return [inputs[0]];
  },
  indexAdd: (inputs, _attrs, { shape }) => {
    const [indices, source] = inputs as [OutputSpec, OutputSpec];
    requireIndices("indexAdd", indices);
    requireRank("indexAdd", inputs, 0, 1, "[K]");
    const rows = [indices.shape[0], ...shape.slice(1)];
    if (!equalShapes(source.shape, rows)) {
      throw new ShapeError("indexAdd", `source must be [${rows.join(", ")}]`, shapesOf(inputs));
    }
    return [{ shape, dtype: source.dtype }];
  },
  roiAlign: (inputs, { outputSize }) => {
    requireDType("roiAlign", inputs, "float32");
    requireRank("roiAlign", inputs, 0, 4, "[N, C, H, W]");
    requireRank("roiAlign", inputs, 1, 2, "[K, 5]");
    const rois = inputs[1].shape;
    if (rois[1] !== 5) {
      throw new ShapeError("roiAlign", "rois must be rows of (batch index, x0, y0, x1, y1)", [
        rois,
      ]);
    }
    return [{ shape: [rois[0], inputs[0].shape[1], ...outputSize], dtype: "float32" }];
  },
  gridSample: (inputs) => {
    requireDType("gridSample", inputs, "float32");
    requireRank("gridSample", inputs, 0, 4, "[N, C, H, W]");
    requireRank("gridSample", inputs, 1, 4, "[N, outH, outW, 2]");
    const [n, c] = inputs[0].shape as [number, number];
    const grid = inputs[1].shape;
    if (grid[0] !== n || grid[3] !== 2) {
      throw new ShapeError("gridSample", `grid must be [${n}, outH, outW, 2]`, shapesOf(inputs));
    }
    return [{ shape: [n, c, grid[1], grid[2]], dtype: "float32" }];
  },
};
