import { sizeOf } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { gradMode } from "../autograd/grad-mode.ts";
import { apply } from "../graph/apply.ts";
import type { Tensor } from "../tensor.ts";
import {
  interpolationMatrix,
  sharedMatrix,
  type InterpolationMode,
} from "./interpolation-matrix.ts";
import { cat, reshape, sliceAxes } from "./movement.ts";

/** A value for both spatial axes, or one for rows and one for columns. */
export type PairOption = number | readonly [number, number];
/** Padding of all sides, of rows and columns, or of top, left, bottom and right. */
export type PaddingOption = PairOption | readonly [number, number, number, number];

export interface Conv2dOptions {
  /** One value for each output channel. */
  readonly bias?: Tensor | undefined;
  readonly stride?: PairOption;
  readonly padding?: PaddingOption;
  readonly dilation?: PairOption;
  readonly groups?: number;
}

export interface ConvTranspose2dOptions extends Conv2dOptions {
  /** Rows and columns added at the bottom and right, to tell apart sizes a stride makes equal. */
  readonly outputPadding?: PairOption;
}

export interface Pool2dOptions {
  readonly kernelSize: PairOption;
  /** Defaults to the kernel size. */
  readonly stride?: PairOption;
  readonly padding?: PaddingOption;
}

/** Both spatial values of an option. */
export function pair(option: PairOption): readonly [number, number] {
  return typeof option === "number" ? [option, option] : option;
}

function paddingOf(option: PaddingOption): readonly [number, number, number, number] {
  if (typeof option === "number") return [option, option, option, option];
  return option.length === 4 ? option : [option[0], option[1], option[0], option[1]];
}

/** Every `stride`-th row and column of N×C×H×W. */
function subsample(x: Tensor, [strideH, strideW]: readonly [number, number]): Tensor {
  const [, , h, w] = x.shape as [number, number, number, number];
  return sliceAxes(x, [2, 3], [0, 0], [h, w], [strideH, strideW]);
}

/**
 * 2-D convolution (cross-correlation, as everywhere in deep learning).
 *
 * @param x `[N, inChannels, H, W]`
 * @param weight `[outChannels, inChannels / groups, kH, kW]`
 * @returns `[N, outChannels, outH, outW]`, `outH = ⌊(H + padding - dilation·(kH-1) - 1) / stride⌋ + 1`
 */
export function conv2d(x: Tensor, weight: Tensor, options: Conv2dOptions = {}): Tensor {
  const { bias, groups = 1 } = options;
  let stride = pair(options.stride ?? 1);
  const padding = paddingOf(options.padding ?? 0);
  const dilation = pair(options.dilation ?? 1);
  let input = x;
  // A strided 1×1 convolution reads a subsampled input. When gradients will be taken, subsample once here
  // instead of once more in each gradient.
  const pointwise = weight.shape[2] === 1 && weight.shape[3] === 1 && padding.every((p) => p === 0);
  if (pointwise && (stride[0] > 1 || stride[1] > 1) && weight.records(gradMode()) && x.rank === 4) {
    input = subsample(x, stride);
    stride = [1, 1];
  }
  const attrs = { stride, padding, dilation, groups, hasBias: bias !== undefined };
  return apply("conv2d", bias ? [input, weight, bias] : [input, weight], attrs, {});
}

/**
 * Transposed 2-D convolution.
 *
 * @param x `[N, inChannels, H, W]`
 * @param weight `[inChannels, outChannels / groups, kH, kW]`
 */
export function convTranspose2d(
  x: Tensor,
  weight: Tensor,
  options: ConvTranspose2dOptions = {},
): Tensor {
  const { bias, groups = 1 } = options;
  const attrs = {
    stride: pair(options.stride ?? 1),
    padding: paddingOf(options.padding ?? 0),
    dilation: pair(options.dilation ?? 1),
    outputPadding: pair(options.outputPadding ?? 0),
    groups,
    hasBias: bias !== undefined,
  };
  return apply("convTranspose2d", bias ? [x, weight, bias] : [x, weight], attrs, {});
}

function poolAttrs({ kernelSize, stride, padding = 0 }: Pool2dOptions) {
  return {
    kernelSize: pair(kernelSize),
    stride: pair(stride ?? kernelSize),
    padding: paddingOf(padding),
  };
}

/** Largest value of each window; padding never wins. */
export function maxPool2d(x: Tensor, options: Pool2dOptions): Tensor {
  const attrs = poolAttrs(options);
  if (
    attrs.kernelSize[0] === 1 &&
    attrs.kernelSize[1] === 1 &&
    attrs.padding.every((p) => p === 0)
  ) {
    return subsample(x, attrs.stride);
  }
  return apply("maxPool2d", [x], attrs, {});
}

/** Mean of each window; padding counts as zeros. */
export function avgPool2d(x: Tensor, options: Pool2dOptions): Tensor {
  return apply("avgPool2d", [x], poolAttrs(options), {});
}

/** `a · b` over the last two axes, broadcasting the ones before. */
export function matmul(
  a: Tensor,
  b: Tensor,
  { transposeA = false, transposeB = false }: { transposeA?: boolean; transposeB?: boolean } = {},
): Tensor {
  return apply("matmul", [a, b], { transposeA, transposeB }, {});
}

/**
 * `x · weightᵀ + bias`.
 *
 * @param x `[…, inFeatures]`
 * @param weight `[outFeatures, inFeatures]`
 * @returns `[…, outFeatures]`
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const hasBias = bias !== undefined;
  const apply2d = (rows: Tensor): Tensor =>
    apply("linear", hasBias ? [rows, weight, bias] : [rows, weight], { hasBias }, {});
  if (x.rank <= 2) return apply2d(x);
  const leading = x.shape.slice(0, -1);
  const rows = reshape(x, [sizeOf(leading), x.shape[x.rank - 1]]);
  return reshape(apply2d(rows), [...leading, weight.shape[0]]);
}

/**
 * Scaled dot-product attention without the scale: `softmax(query · keyᵀ) · value` ("Attention Is All You Need", Vaswani
 * et al. 2017, eq. 1). The queries×keys scores are never held as a whole.
 *
 * @param query `[B, queries, channels]`, multiplied by the scale already; heads are part of B.
 * @param key `[B, keys, channels]`
 * @param value `[B, keys, valueChannels]`
 * @returns `[B, queries, valueChannels]`
 */
export function attention(query: Tensor, key: Tensor, value: Tensor): Tensor {
  return apply("attention", [query, key, value], {}, {});
}

/** Size to resize to: given, or as a factor of the input's. */
export type InterpolateOptions = (
  { readonly size: readonly [number, number] } | { readonly scaleFactor: number }
) & { readonly mode: InterpolationMode };

/**
 * Resizes the last two axes of N×C×H×W. `bilinear` and `bicubic` sample between pixel centres
 * (align_corners = false) without antialiasing; `nearest` takes pixel `⌊i · in / out⌋`. `bicubic` is made of products with
 * small matrices: meant for small maps, such as position embeddings, not for photographs.
 */
export function interpolate(x: Tensor, options: InterpolateOptions): Tensor {
  const { mode } = options;
  const [n, c, h, w] = x.shape as [number, number, number, number];
  if (x.rank !== 4) throw new ShapeError("interpolate", "input must be [N, C, H, W]", [x.shape]);
  if ("size" in options) return resize(x, options.size, mode);
  const { scaleFactor } = options;
  if (mode === "nearest" && Number.isInteger(scaleFactor)) {
    // Joining copies is many times faster than ONNX Runtime's Resize and Expand, and its gradient is a sum.
    const copies = (each: Tensor): Tensor[] => new Array<Tensor>(scaleFactor).fill(each);
    const pixels = cat(copies(reshape(x, [n, c, h, w, 1])), 4);
    const rows = cat(copies(reshape(pixels, [n, c, h, 1, w * scaleFactor])), 3);
    return reshape(rows, [n, c, h * scaleFactor, w * scaleFactor]);
  }
  return resize(x, [Math.floor(h * scaleFactor), Math.floor(w * scaleFactor)], mode);
}

function resize(x: Tensor, size: readonly [number, number], mode: InterpolationMode): Tensor {
  if (mode !== "bicubic") return apply("interpolate", [x], { mode }, { size });
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const rows = sharedMatrix(interpolationMatrix(mode, h, size[0]), n * c);
  const columns = interpolationMatrix(mode, w, size[1]);
  const resized = matmul(matmul(rows, reshape(x, [n * c, h, w])), columns, { transposeB: true });
  return reshape(resized, [n, c, ...size]);
}
