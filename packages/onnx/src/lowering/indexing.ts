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
    const rows =
      inputs[0]!.dtype === "int64" ? context.input(0) : context.cast(context.input(0), "int64");
    const indices = context.emit("Unsqueeze", [rows, context.int64([1])]);
    context.emit("ScatterND", [zeros, indices, context.input(1)], {
      attributes: { reduction: { string: "add" } },
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
