import type { Node } from "@detectron-ts/tensor";
import {
  arithmeticDType,
  byteDType,
  flag,
  inputAs,
  outputAs,
  type LoweringContext,
  type Lowerings,
  type ValueName,
} from "./lowering.ts";
import { reshapeTo } from "./movement.ts";

type Reduction = "sum" | "mean" | "max" | "min";
type Normalisation = "softmax" | "logSoftmax";

function reduction(opType: string) {
  return (context: LoweringContext, { attrs: { axes, keepDims } }: Node<Reduction>): void => {
    context.emit(opType, [context.input(0), context.int64(axes)], {
      // Without it, no axes would mean all of them.
      attributes: { keepdims: flag(keepDims), noop_with_empty_axes: flag(true) },
      outputs: [context.output(0)],
    });
  };
}

function normalisation(opType: string) {
  return (context: LoweringContext, { attrs: { axis } }: Node<Normalisation>): void => {
    context.emit(opType, context.inputs(), {
      attributes: { axis: { int: axis } },
      outputs: [context.output(0)],
    });
  };
}

/**
 * ONNX Runtime's TopK divides by the number of rows it sorts: a matrix without rows ends the process with
 * a floating-point exception. So every side of 0 is padded to 1 first and the result cut back to what it
 * should have been. The number of rows is read at run time; where no side is 0, this only copies.
 */
function topk(context: LoweringContext, node: Node<"topk">): void {
  const { axis, largest } = node.attrs;
  const { dtype, rank } = node.inputs[0]!;
  const kernelDType = byteDType(dtype) === "uint8" ? "int32" : dtype;
  const attributes = { axis: { int: axis }, largest: flag(largest), sorted: flag(true) };
  const k = context.lifted("k", 1);
  const input = inputAs(context, node, 0, kernelDType);
  const positions = context.temporary();
  const convertPositions = (from: ValueName): void => {
    context.cast(from, "int32", context.output(1));
  };
  if (rank === 1) {
    outputAs(context, node, 0, kernelDType, (values) => {
      context.emit("TopK", [input, k], { attributes, outputs: [values, positions] });
    });
    convertPositions(positions);
    return;
  }
  const zeros = context.int64(new Array<number>(rank).fill(0));
  const shape = context.emit("Shape", [input]);
  const missing = context.cast(context.emit("Equal", [shape, zeros]), "int64");
  const pads = context.emit("Concat", [zeros, missing], { attributes: { axis: { int: 0 } } });
  const padded = context.emit("Pad", [input, pads]);
  const values = context.temporary();
  context.emit("TopK", [padded, k], { attributes, outputs: [values, positions] });
  outputAs(context, node, 0, kernelDType, (output) => {
    context.emit("Slice", [values, zeros, shape], { outputs: [output] });
  });
  convertPositions(context.emit("Slice", [positions, zeros, shape]));
}

/** ONNX operators of the operations that combine values along axes. */
export const reductionLowerings: Lowerings<
  Reduction | "argmax" | "topk" | "sumTo" | Normalisation | "layerNorm"
> = {
  sum: reduction("ReduceSum"),
  mean: reduction("ReduceMean"),
  max: reduction("ReduceMax"),
  min: reduction("ReduceMin"),
  argmax: (context, node) => {
    const { axis, keepDims } = node.attrs;
    const input = inputAs(context, node, 0, byteDType(node.inputs[0]!.dtype));
    const positions = context.emit("ArgMax", [input], {
      attributes: {
        axis: { int: axis },
        keepdims: flag(keepDims),
        select_last_index: flag(false),
      },
    });
    context.cast(positions, "int32", context.output(0));
  },
  topk,
  sumTo: (context, node) => {
    const { shape, dtype } = node.outputs[0]!;
    const kernelDType = arithmeticDType(dtype);
    const input = inputAs(context, node, 0, kernelDType);
    const summed = context.emit("ReduceSum", [input, context.lifted("axes")], {
      attributes: { keepdims: flag(true), noop_with_empty_axes: flag(true) },
    });
    // Axes that the broadcast added in front are sides of 1 now.
    outputAs(context, node, 0, kernelDType, (output) => {
      reshapeTo(context, summed, shape.length, output);
    });
  },
  softmax: normalisation("Softmax"),
  logSoftmax: normalisation("LogSoftmax"),
  layerNorm: (context, { attrs: { epsilon } }) => {
    context.emit("LayerNormalization", context.inputs(), {
      attributes: { axis: { int: -1 }, epsilon: { float: epsilon } },
      outputs: [context.output(0), context.output(1), context.output(2)],
    });
  },
};
