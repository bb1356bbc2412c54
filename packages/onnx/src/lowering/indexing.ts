import { allocate } from "@detectron-ts/tensor";
import { bytesOf } from "../model-proto/bytes-of.ts";
import type { Lowerings } from "./lowering.ts";

type IndexingOp = "indexSelect" | "gather" | "scatterAdd" | "indexAdd" | "roiAlign" | "gridSample";

/** ONNX operators of gathering, scattering and region pooling. */
export const indexingLowerings: Lowerings<IndexingOp> = {
  indexSelect: (context, { attrs: { axis } }) => {
    context.emit("Gather", context.inputs(), {
      attributes: { axis: { int: axis } },
      outputs: [context.output(0)],
    });
  },
  gather: (context, { attrs: { axis } }) => {
    context.emit("GatherElements", context.inputs(), {
      attributes: { axis: { int: axis } },
      outputs: [context.output(0)],
    });
  },
  scatterAdd: (context, { attrs: { axis } }) => {
    context.emit("ScatterElements", context.inputs(), {
      attributes: { axis: { int: axis }, reduction: { string: "add" } },
      outputs: [context.output(0)],
    });
  },
  indexAdd: (context, { inputs, outputs }) => {
    const { shape, dtype } = outputs[0]!;
    const zero = { dtype, shape: [1], bytes: bytesOf(allocate(dtype, 1)) };
    const zeros = context.emit("ConstantOfShape", [context.lifted("shape", shape.length)], {
      attributes: { value: { tensor: zero } },
    });
    // ScatterND would take the row numbers as they are, but ONNX Runtime's adds in parallel without a
    // lock, and rows that are named twice lose additions. ScatterElements wants one index per element.
    const { rank } = inputs[1]!;
    const otherAxes = Array.from({ length: rank - 1 }, (_, i) => i + 1);
    const column = context.emit("Unsqueeze", [context.input(0), context.int64(otherAxes)]);
    const sourceShape = context.emit("Shape", [context.input(1)]);
    const indices = context.emit("Expand", [column, sourceShape]);
    context.emit("ScatterElements", [zeros, indices, context.input(1)], {
      attributes: { axis: { int: 0 }, reduction: { string: "add" } },
      outputs: [context.output(0)],
    });
  },
  roiAlign: (context, { attrs }) => {
    const { outputSize, spatialScale, samplingRatio, aligned } = attrs;
    const rois = context.input(1);
    const batchColumn = context.emit("Gather", [rois, context.int64Scalar(0)], {
      attributes: { axis: { int: 1 } },
    });
    const boxes = context.emit("Slice", [
      rois,
      context.int64([1]),
      context.int64([5]),
      context.int64([1]),
    ]);
    context.emit("RoiAlign", [context.input(0), boxes, context.cast(batchColumn, "int64")], {
      attributes: {
        mode: { string: "avg" },
        output_height: { int: outputSize[0] },
        output_width: { int: outputSize[1] },
        sampling_ratio: { int: samplingRatio },
        spatial_scale: { float: spatialScale },
        coordinate_transformation_mode: { string: aligned ? "half_pixel" : "output_half_pixel" },
      },
      outputs: [context.output(0)],
    });
  },
  gridSample: (context) => {
    context.emit("GridSample", context.inputs(), {
      attributes: {
        mode: { string: "linear" },
        padding_mode: { string: "zeros" },
        align_corners: { int: 0 },
      },
      outputs: [context.output(0)],
    });
  },
};
