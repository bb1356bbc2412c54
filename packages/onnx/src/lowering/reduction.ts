import type { Node } from "@detectron-ts/tensor";
import { flag, type LoweringContext, type Lowerings } from "./lowering.ts";
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

/** ONNX operators of the operations that combine values along axes. */
export const reductionLowerings: Lowerings<
  Reduction | "argmax" | "topk" | "sumTo" | Normalisation
> = {
  sum: reduction("ReduceSum"),
  mean: reduction("ReduceMean"),
  max: reduction("ReduceMax"),
  min: reduction("ReduceMin"),
  argmax: (context, { attrs: { axis, keepDims } }) => {
    const positions = context.emit("ArgMax", context.inputs(), {
      attributes: {
        axis: { int: axis },
        keepdims: flag(keepDims),
        select_last_index: flag(false),
      },
    });
    context.cast(positions, "int32", context.output(0));
  },
  topk: (context, { attrs: { axis, largest } }) => {
    const positions = context.temporary();
    context.emit("TopK", [context.input(0), context.lifted("k", 1)], {
      attributes: { axis: { int: axis }, largest: flag(largest), sorted: flag(true) },
      outputs: [context.output(0), positions],
    });
    context.cast(positions, "int32", context.output(1));
  },
  sumTo: (context, { outputs }) => {
    const summed = context.emit("ReduceSum", [context.input(0), context.lifted("axes")], {
      attributes: { keepdims: flag(true), noop_with_empty_axes: flag(true) },
    });
    // Axes that the broadcast added in front are sides of 1 now.
    reshapeTo(context, summed, outputs[0]!.shape.length);
  },
  softmax: normalisation("Softmax"),
  logSoftmax: normalisation("LogSoftmax"),
};
