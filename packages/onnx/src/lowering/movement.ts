import { flag, type LoweringContext, type Lowerings, type ValueName } from "./lowering.ts";

type MovementOp = "reshape" | "expand" | "permute" | "slice" | "pad" | "cat" | "split";

/** ONNX operators of the operations that only move values. */
export const movementLowerings: Lowerings<MovementOp> = {
  reshape: (context, { outputs }) => {
    reshapeTo(context, context.input(0), outputs[0]!.shape.length, context.output(0));
  },
  expand: (context, { outputs }) => {
    const shape = context.lifted("shape", outputs[0]!.shape.length);
    context.emit("Expand", [context.input(0), shape], { outputs: [context.output(0)] });
  },
  permute: (context, { attrs: { axes } }) => {
    context.emit("Transpose", context.inputs(), {
      attributes: { perm: { ints: axes } },
      outputs: [context.output(0)],
    });
  },
  slice: (context, { attrs: { axes, steps } }) => {
    const starts = context.lifted("starts", axes.length);
    const ends = context.lifted("ends", axes.length);
    const inputs = [context.input(0), starts, ends, context.int64(axes), context.int64(steps)];
    context.emit("Slice", inputs, { outputs: [context.output(0)] });
  },
  pad: (context, { outputs }) => {
    const { shape, dtype } = outputs[0]!;
    const pads = context.lifted("pads", 2 * shape.length);
    const lifted = context.lifted("value");
    const value = dtype === "float32" ? lifted : context.cast(lifted, dtype);
    context.emit("Pad", [context.input(0), pads, value], {
      attributes: { mode: { string: "constant" } },
      outputs: [context.output(0)],
    });
  },
  cat: (context, { attrs: { axis } }) => {
    context.emit("Concat", context.inputs(), {
      attributes: { axis: { int: axis } },
      outputs: [context.output(0)],
    });
  },
  split: (context, { attrs: { axis, count } }) => {
    const outputs = Array.from({ length: count }, (_, index) => context.output(index));
    context.emit("Split", [context.input(0), context.lifted("sizes", count)], {
      attributes: { axis: { int: axis } },
      outputs,
    });
  },
};

/** Gives `value` the node's lifted shape of `rank` sides. */
export function reshapeTo(
  context: LoweringContext,
  value: ValueName,
  rank: number,
  output: ValueName,
): void {
  // Without allowzero, a side of 0 would mean "as in the input".
  context.emit("Reshape", [value, context.lifted("shape", rank)], {
    attributes: { allowzero: flag(true) },
    outputs: [output],
  });
}
