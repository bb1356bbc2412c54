import type { Shape } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import type { PoolAttrs } from "../ops/op-table.ts";
import {
  broadcastShapes,
  requireDType,
  requireRank,
  requireSameDType,
  shapesOf,
  type ShapeRule,
  type ShapeRules,
} from "./shape-rule.ts";

function requireBias(op: string, shapes: Shape[], hasBias: boolean, channels: number): void {
  const bias = shapes[2];
  if (hasBias && (bias?.length !== 1 || bias[0] !== channels)) {
    throw new ShapeError(op, `bias must have shape [${channels}]`, shapes);
  }
}

/** Positions of a window of `extent` that moves by `stride` over a padded side. */
function windowCount(
  op: string,
  padded: number,
  extent: number,
  stride: number,
  shapes: Shape[],
): number {
  const count = Math.floor((padded - extent) / stride) + 1;
  if (count < 1) {
    throw new ShapeError(
      op,
      `a window of ${extent} does not fit into a padded side of ${padded}`,
      shapes,
    );
  }
  return count;
}

function pool(op: "maxPool2d" | "maxPool2dIndices" | "avgPool2d"): ShapeRule<typeof op> {
  return (inputs, { kernelSize, stride, padding }: PoolAttrs) => {
    requireDType(op, inputs, "float32");
    requireRank(op, inputs, 0, 4, "[N, C, H, W]");
    const [n, c, h, w] = inputs[0].shape as [number, number, number, number];
    const shapes = shapesOf(inputs);
    const outputH = windowCount(op, h + padding[0] + padding[2], kernelSize[0], stride[0], shapes);
    const outputW = windowCount(op, w + padding[1] + padding[3], kernelSize[1], stride[1], shapes);
    const dtype = op === "maxPool2dIndices" ? "int64" : "float32";
    return [{ shape: [n, c, outputH, outputW], dtype }];
  };
}

/** Shape rules of linear algebra, convolution, pooling and resizing. */
export const convolutionShapes: ShapeRules<
  | "matmul"
  | "linear"
  | "attention"
  | "conv2d"
  | "convTranspose2d"
  | "maxPool2d"
  | "maxPool2dIndices"
  | "avgPool2d"
  | "interpolate"
> = {
  matmul: (inputs, { transposeA, transposeB }) => {
    const dtype = requireSameDType("matmul", inputs);
    const shapes = shapesOf(inputs);
    const [a, b] = shapes as [Shape, Shape];
    if (a.length < 2 || b.length < 2) {
      throw new ShapeError("matmul", "inputs must have at least two axes", shapes);
    }
    const [aRows, aColumns] = a.slice(-2);
    const [bRows, bColumns] = b.slice(-2);
    const [rows, inner] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
    const [innerB, columns] = transposeB ? [bColumns, bRows] : [bRows, bColumns];
    if (inner !== innerB) {
      throw new ShapeError("matmul", `inner sides ${inner} and ${innerB} differ`, shapes);
    }
    const batch = broadcastShapes("matmul", a.slice(0, -2), b.slice(0, -2));
    return [{ shape: [...batch, rows, columns], dtype }];
  },
  linear: (inputs, { hasBias }) => {
    requireDType("linear", inputs, "float32");
    requireRank("linear", inputs, 0, 2, "[N, inFeatures]");
    requireRank("linear", inputs, 1, 2, "[outFeatures, inFeatures]");
    const shapes = shapesOf(inputs);
    const [x, weight] = shapes as [Shape, Shape];
    if (x[1] !== weight[1]) {
      throw new ShapeError("linear", `wants ${weight[1]} features, got ${x[1]}`, shapes);
    }
    requireBias("linear", shapes, hasBias, weight[0]);
    return [{ shape: [x[0], weight[0]], dtype: "float32" }];
  },
  attention: (inputs) => {
    requireDType("attention", inputs, "float32");
    requireRank("attention", inputs, 0, 3, "[B, queries, channels]");
    requireRank("attention", inputs, 1, 3, "[B, keys, channels]");
    requireRank("attention", inputs, 2, 3, "[B, keys, valueChannels]");
    const shapes = shapesOf(inputs);
    const [[batch, queries, channels], key, value] = shapes;
    if (key[0] !== batch || key[2] !== channels || value[0] !== batch || value[1] !== key[1]) {
      throw new ShapeError("attention", "queries, keys and values do not fit together", shapes);
    }
    return [{ shape: [batch, queries, value[2]], dtype: "float32" }];
  },
  conv2d: (inputs, { stride, padding, dilation, groups, hasBias }) => {
    requireDType("conv2d", inputs, "float32");
    requireRank("conv2d", inputs, 0, 4, "[N, C, H, W]");
    requireRank("conv2d", inputs, 1, 4, "[outChannels, inChannels / groups, kH, kW]");
    const shapes = shapesOf(inputs);
    const [n, c, h, w] = shapes[0] as [number, number, number, number];
    const [outputChannels, groupChannels, kH, kW] = shapes[1] as [number, number, number, number];
    if (c !== groupChannels * groups || outputChannels % groups !== 0) {
      throw new ShapeError(
        "conv2d",
        `weight wants ${groupChannels * groups} input channels in ${groups} groups, got ${c}`,
        shapes,
      );
    }
    requireBias("conv2d", shapes, hasBias, outputChannels);
    const extentH = dilation[0] * (kH - 1) + 1;
    const extentW = dilation[1] * (kW - 1) + 1;
    const outputH = windowCount("conv2d", h + padding[0] + padding[2], extentH, stride[0], shapes);
    const outputW = windowCount("conv2d", w + padding[1] + padding[3], extentW, stride[1], shapes);
    return [{ shape: [n, outputChannels, outputH, outputW], dtype: "float32" }];
  },
  convTranspose2d: (inputs, attrs) => {
    const { stride, padding, dilation, groups, outputPadding, hasBias } = attrs;
    requireDType("convTranspose2d", inputs, "float32");
    requireRank("convTranspose2d", inputs, 0, 4, "[N, C, H, W]");
    requireRank("convTranspose2d", inputs, 1, 4, "[inChannels, outChannels / groups, kH, kW]");
    const shapes = shapesOf(inputs);
    const [n, c, h, w] = shapes[0] as [number, number, number, number];
    const [inputChannels, groupChannels, kH, kW] = shapes[1] as [number, number, number, number];
    if (c !== inputChannels || c % groups !== 0) {
      throw new ShapeError(
        "convTranspose2d",
        `weight wants ${inputChannels} channels, got ${c}`,
        shapes,
      );
    }
    requireBias("convTranspose2d", shapes, hasBias, groupChannels * groups);
    const side = (size: number, axis: 0 | 1, kernel: number): number =>
      (size - 1) * stride[axis] -
      padding[axis] -
      padding[axis === 0 ? 2 : 3] +
      dilation[axis] * (kernel - 1) +
      outputPadding[axis] +
      1;
    const shape = [n, groupChannels * groups, side(h, 0, kH), side(w, 1, kW)];
    if (shape.some((each) => each < 0)) {
      throw new ShapeError("convTranspose2d", `output would be [${shape.join(", ")}]`, shapes);
    }
    return [{ shape, dtype: "float32" }];
  },
  maxPool2d: pool("maxPool2d"),
  maxPool2dIndices: pool("maxPool2dIndices"),
  avgPool2d: pool("avgPool2d"),
  interpolate: (inputs, _attrs, { size }) => {
    requireDType("interpolate", inputs, "float32");
    requireRank("interpolate", inputs, 0, 4, "[N, C, H, W]");
    if (size.length !== 2 || size.some((side) => !Number.isInteger(side) || side < 1)) {
      throw new ShapeError("interpolate", `size must be [height, width], got [${size.join(", ")}]`);
    }
    const [n, c] = inputs[0].shape as [number, number];
    return [{ shape: [n, c, ...size], dtype: "float32" }];
  },
};
