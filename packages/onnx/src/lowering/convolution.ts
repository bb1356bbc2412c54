import type { ConvAttrs, Node, PoolAttrs } from "@detectron-ts/tensor";
import type { Attributes } from "../model-proto/model.ts";
import {
  arithmeticDType,
  flag,
  inputAs,
  outputAs,
  type LoweringContext,
  type Lowerings,
  type ValueName,
} from "./lowering.ts";

type ConvolutionOp =
  | "matmul"
  | "linear"
  | "attention"
  | "conv2d"
  | "convTranspose2d"
  | "maxPool2d"
  | "maxPool2dIndices"
  | "avgPool2d"
  | "interpolate";

/** ONNX reads the kernel's size off the weight, so that it is not part of the structure. */
function convAttributes({ stride, padding, dilation, groups }: ConvAttrs): Attributes {
  return {
    strides: { ints: stride },
    pads: { ints: padding },
    dilations: { ints: dilation },
    group: { int: groups },
  };
}

function poolAttributes({ kernelSize, stride, padding }: PoolAttrs): Attributes {
  return {
    kernel_shape: { ints: kernelSize },
    strides: { ints: stride },
    pads: { ints: padding },
  };
}

function matmul(context: LoweringContext, node: Node<"matmul">): void {
  const { transposeA, transposeB } = node.attrs;
  const { dtype } = node.outputs[0]!;
  if (dtype === "float32" && (transposeA || transposeB)) {
    context.emit("FusedMatMul", context.inputs(), {
      domain: "com.microsoft",
      attributes: { transA: flag(transposeA), transB: flag(transposeB) },
      outputs: [context.output(0)],
    });
    return;
  }
  const kernelDType = arithmeticDType(dtype);
  const operands = [transposeA, transposeB].map((transpose, index) => {
    const input = inputAs(context, node, index, kernelDType);
    return transpose ? swapLastAxes(context, input, node.inputs[index]!.rank) : input;
  });
  outputAs(context, node, 0, kernelDType, (output) => {
    context.emit("MatMul", operands, { outputs: [output] });
  });
}

function swapLastAxes(context: LoweringContext, input: ValueName, rank: number): ValueName {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const perm = axes.with(rank - 1, rank - 2).with(rank - 2, rank - 1);
  return context.emit("Transpose", [input], { attributes: { perm: { ints: perm } } });
}

function bilinear(context: LoweringContext): void {
  const batchAndChannels = context.emit("Shape", [context.input(0)], {
    attributes: { start: { int: 0 }, end: { int: 2 } },
  });
  const sizes = context.emit("Concat", [batchAndChannels, context.lifted("size", 2)], {
    attributes: { axis: { int: 0 } },
  });
  // Inputs one and two are the region and the scales that other uses of Resize want.
  context.emit("Resize", [context.input(0), "", "", sizes], {
    attributes: {
      mode: { string: "linear" },
      coordinate_transformation_mode: { string: "half_pixel" },
    },
    outputs: [context.output(0)],
  });
}

/**
 * Picks row `⌊i · in / out⌋` for row `i`, then columns likewise. In integers: Resize divides by a rounded
 * `out / in` and lands one pixel lower where the quotient should have been whole (25 to 145, row 87).
 */
function nearest(context: LoweringContext): void {
  const size = context.lifted("size", 2);
  const pick = (input: ValueName, axis: 2 | 3, output: ValueName): void => {
    const outputSide = context.emit("Gather", [size, context.int64Scalar(axis - 2)]);
    const inputSide = context.emit("Shape", [context.input(0)], {
      attributes: { start: { int: axis }, end: { int: axis + 1 } },
    });
    const range = [context.int64Scalar(0), outputSide, context.int64Scalar(1)];
    const positions = context.emit("Range", range);
    const scaled = context.emit("Mul", [positions, inputSide]);
    const indices = context.emit("Div", [scaled, outputSide]);
    context.emit("Gather", [input, indices], {
      attributes: { axis: { int: axis } },
      outputs: [output],
    });
  };
  const rows = context.temporary();
  pick(context.input(0), 2, rows);
  pick(rows, 3, context.output(0));
}

/** ONNX operators of linear algebra, convolution, pooling and resizing. */
export const convolutionLowerings: Lowerings<ConvolutionOp> = {
  matmul,
  linear: (context) => {
    context.emit("Gemm", context.inputs(), {
      attributes: { transB: flag(true) },
      outputs: [context.output(0)],
    });
  },
  // ONNX Runtime's works through the scores block by block and never writes them out.
  attention: (context) => {
    context.emit("MultiHeadAttention", context.inputs(), {
      domain: "com.microsoft",
      attributes: { num_heads: { int: 1 }, scale: { float: 1 } },
      outputs: [context.output(0)],
    });
  },
  conv2d: (context, { attrs }) => {
    context.emit("Conv", context.inputs(), {
      attributes: convAttributes(attrs),
      outputs: [context.output(0)],
    });
  },
  convTranspose2d: (context, { attrs }) => {
    context.emit("ConvTranspose", context.inputs(), {
      attributes: { ...convAttributes(attrs), output_padding: { ints: attrs.outputPadding } },
      outputs: [context.output(0)],
    });
  },
  maxPool2d: (context, { attrs }) => {
    context.emit("MaxPool", context.inputs(), {
      attributes: poolAttributes(attrs),
      outputs: [context.output(0)],
    });
  },
  maxPool2dIndices: (context, { attrs }) => {
    context.emit("MaxPool", context.inputs(), {
      attributes: { ...poolAttributes(attrs), storage_order: { int: 0 } },
      outputs: [context.temporary(), context.output(0)],
    });
  },
  avgPool2d: (context, { attrs }) => {
    context.emit("AveragePool", context.inputs(), {
      attributes: { ...poolAttributes(attrs), count_include_pad: flag(true) },
      outputs: [context.output(0)],
    });
  },
  interpolate: (context, { attrs: { mode } }) => {
    if (mode === "nearest") nearest(context);
    else bilinear(context);
  },
};
