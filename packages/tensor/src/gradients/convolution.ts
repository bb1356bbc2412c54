import { conv2d, convTranspose2d, matmul } from "../functions/convolution.ts";
import { full, zeros } from "../functions/creation.ts";
import { mul, sub } from "../functions/elementwise.ts";
import { scatterAdd } from "../functions/indexing.ts";
import { interpolationMatrix, sharedMatrix } from "../functions/interpolation-matrix.ts";
import { cat, flip, pad, permute, reshape, sliceAxes, transpose } from "../functions/movement.ts";
import { softmax, sum, sumTo } from "../functions/reduction.ts";
import { apply } from "../graph/apply.ts";
import type { ConvAttrs } from "../ops/op-table.ts";
import type { Tensor } from "../tensor.ts";
import type { VjpRules } from "./vjp-rule.ts";

type Shape4 = readonly [number, number, number, number];

/** Whether a convolution is one matrix product per image: a 1×1 kernel on every pixel. */
function isPointwise(
  [, , kH, kW]: readonly number[],
  { stride, padding, groups }: ConvAttrs,
): boolean {
  const everyPixel = stride[0] === 1 && stride[1] === 1 && padding.every((each) => each === 0);
  return kH === 1 && kW === 1 && everyPixel && groups === 1;
}

/** Swaps input and output channels within each group of a convolution's weight, and flips it in space. */
function mirroredWeight(weight: Tensor, groups: number): Tensor {
  const [outputChannels, inputs, kH, kW] = weight.shape as Shape4;
  const outputs = outputChannels / groups;
  const grouped = reshape(weight, [groups, outputs, inputs, kH, kW]);
  const swapped = permute(grouped, [0, 2, 1, 3, 4]);
  return flip(reshape(swapped, [groups * inputs, outputs, kH, kW]), [2, 3]);
}

/**
 * Gradient of a convolution with respect to its input.
 *
 * A 1×1 kernel: `dX = Wᵀ·dY`, with channels×pixels for each image.
 *
 * Stride 1: input pixel `p` reaches output `o = p + padding - dilation·k` through tap `k`, so the gradient
 * is itself a convolution of the output's gradient with the mirrored kernel, padded by
 * `dilation·(K - 1) - padding`. This is faster than a transposed convolution.
 *
 * Larger strides: a transposed convolution, cropped by the padding at the top and left only. Its size
 * misses that of the input by something that depends on sizes at run time, so what is missing or too much
 * at the bottom and right is padded or cut off by an operation that takes the difference as an input.
 */
function conv2dInputGradient(
  grad: Tensor,
  weight: Tensor,
  inputShape: readonly number[],
  attrs: ConvAttrs,
): Tensor {
  const { stride, padding, dilation, groups } = attrs;
  const [n, channels, height, width] = inputShape as Shape4;
  const [outputChannels, , kH, kW] = weight.shape as Shape4;
  if (isPointwise(weight.shape, attrs)) {
    const gradRows = reshape(grad, [n, outputChannels, height * width]);
    const kernel = sharedMatrix(reshape(weight, [outputChannels, channels]), n);
    return reshape(matmul(kernel, gradRows, { transposeA: true }), inputShape);
  }
  const reachH = dilation[0] * (kH - 1);
  const reachW = dilation[1] * (kW - 1);
  const mirrored = [
    reachH - padding[0],
    reachW - padding[1],
    reachH - padding[2],
    reachW - padding[3],
  ] as const;
  if (stride[0] === 1 && stride[1] === 1 && mirrored.every((each) => each >= 0)) {
    return conv2d(grad, mirroredWeight(weight, groups), { padding: mirrored, dilation, groups });
  }
  const spread = convTranspose2d(grad, weight, {
    stride,
    dilation,
    groups,
    padding: [padding[0], padding[1], 0, 0],
  });
  const [, , gotH, gotW] = spread.shape as Shape4;
  return pad(spread, [
    [0, 0],
    [0, 0],
    [0, height - gotH],
    [0, width - gotW],
  ]);
}

/** Whether windows lie side by side, as the patches of a vision transformer do. */
function isPatchwise([, , kH, kW]: readonly number[], attrs: ConvAttrs): boolean {
  const { stride, padding, dilation, groups } = attrs;
  const sideBySide = stride[0] === kH && stride[1] === kW && dilation[0] === 1 && dilation[1] === 1;
  return sideBySide && groups === 1 && padding.every((each) => each === 0);
}

/**
 * Gradient of the weight where every pixel is in one window at most: one product with all windows, which only have to be
 * brought in order. There may be hundreds of taps, each of which would be a pass over the image.
 */
function patchWeightGradient(grad: Tensor, input: Tensor, weightShape: readonly number[]): Tensor {
  const [outputChannels, channels, kH, kW] = weightShape as Shape4;
  const [n, , height, width] = input.shape as Shape4;
  const [, , rows, columns] = grad.shape as Shape4;
  const patches = n * rows * columns;
  const whole = pad(input, [
    [0, 0],
    [0, 0],
    [0, rows * kH - height],
    [0, columns * kW - width],
  ]);
  const windows = permute(reshape(whole, [n, channels, rows, kH, columns, kW]), [1, 3, 5, 0, 2, 4]);
  const windowColumns = reshape(windows, [channels * kH * kW, patches]);
  const gradRows = reshape(transpose(grad, 0, 1), [outputChannels, patches]);
  return reshape(matmul(gradRows, windowColumns, { transposeB: true }), weightShape);
}

/**
 * Gradient of the weight of a convolution of each channel by itself, which is the convolution of the input with the gradient:
 * steps of one are dilations of the other. Images are channels of a group, so that their gradients are summed.
 */
function depthwiseWeightGradient(
  grad: Tensor,
  input: Tensor,
  weightShape: readonly number[],
  { stride, padding, dilation, groups }: ConvAttrs,
): Tensor {
  const [, , kH, kW] = weightShape as Shape4;
  const [n, channels, height, width] = input.shape as Shape4;
  const images = reshape(transpose(input, 0, 1), [1, channels * n, height, width]);
  const kernel = transpose(grad, 0, 1);
  const options = { padding, stride: dilation, dilation: stride, groups };
  // Where the last windows did not reach the border there is more than the taps.
  const taps = sliceAxes(conv2d(images, kernel, options), [2, 3], [0, 0], [kH, kW]);
  return reshape(taps, weightShape);
}

/** Columns from which on a product of matrices is worth its while: fewer take as long. */
const PRODUCT_COLUMNS = 64;

/**
 * Gradient of a convolution with respect to its weight: for each kernel tap, the input shifted by that tap
 * (every `stride`-th pixel) times the output's gradient, summed over pixels and images. As matrices, for
 * each group: `dW[tap] = dY · X[tap]ᵀ`, with `dY` outputs×pixels and `X[tap]` inputs×pixels. Where inputs are few, such
 * as the colours of an image, several taps make one product.
 */
function conv2dWeightGradient(
  grad: Tensor,
  input: Tensor,
  weightShape: readonly number[],
  attrs: ConvAttrs,
): Tensor {
  const { stride, padding, dilation, groups } = attrs;
  const [outputChannels, groupInputs, kH, kW] = weightShape as Shape4;
  const [n, channels] = input.shape as Shape4;
  const [, , gradH, gradW] = grad.shape as Shape4;
  if (isPatchwise(weightShape, attrs) && kH * kW > 1) {
    return patchWeightGradient(grad, input, weightShape);
  }
  if (groups > 1 && groups === channels && groups === outputChannels) {
    return depthwiseWeightGradient(grad, input, weightShape, attrs);
  }
  const pixels = n * gradH * gradW;
  // Channels before images, so that the pixels of all images stand in one row.
  const gradRows = reshape(transpose(grad, 0, 1), [groups, outputChannels / groups, pixels]);
  const channelsFirst = transpose(input, 0, 1);
  const padded = padding.some((each) => each > 0)
    ? pad(channelsFirst, [
        [0, 0],
        [0, 0],
        [padding[0], padding[2]],
        [padding[1], padding[3]],
      ])
    : channelsFirst;
  const inputRows = (shifted: Tensor): Tensor =>
    reshape(shifted, [groups, channels / groups, pixels]);
  if (isPointwise(weightShape, attrs)) {
    return reshape(matmul(gradRows, inputRows(padded), { transposeB: true }), weightShape);
  }
  const taps: Tensor[] = [];
  for (let row = 0; row < kH; row++) {
    for (let column = 0; column < kW; column++) {
      const top = row * dilation[0];
      const left = column * dilation[1];
      const shifted = sliceAxes(
        padded,
        [2, 3],
        [top, left],
        [top + (gradH - 1) * stride[0] + 1, left + (gradW - 1) * stride[1] + 1],
        stride,
      );
      taps.push(inputRows(shifted));
    }
  }
  const products: Tensor[] = [];
  const tapsPerProduct = Math.ceil(PRODUCT_COLUMNS / groupInputs);
  for (let first = 0; first < taps.length; first += tapsPerProduct) {
    const some = taps.slice(first, first + tapsPerProduct);
    const product = matmul(gradRows, cat(some, 1), { transposeB: true });
    products.push(reshape(product, [outputChannels, some.length, groupInputs]));
  }
  return reshape(permute(cat(products, 1), [0, 2, 1]), weightShape);
}

const biasGradient = (grad: Tensor): Tensor => sum(grad, [0, 2, 3]);

/** Gradients of linear algebra, convolution, pooling and resizing. */
export const convolutionGradients: VjpRules<
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
  // C = A·B: dA = dC·Bᵀ, dB = Aᵀ·dC; where a factor entered transposed, its gradient leaves transposed.
  matmul: ({ inputs: [a, b], attrs: { transposeA, transposeB }, grad, wanted }) => {
    const gradA = (): Tensor =>
      transposeA
        ? matmul(b, grad, { transposeA: transposeB, transposeB: true })
        : matmul(grad, b, { transposeB: !transposeB });
    const gradB = (): Tensor =>
      transposeB
        ? matmul(grad, a, { transposeA: true, transposeB: transposeA })
        : matmul(a, grad, { transposeA: !transposeA });
    return [wanted[0] ? sumTo(gradA(), a.shape) : null, wanted[1] ? sumTo(gradB(), b.shape) : null];
  },
  linear: ({ inputs: [x, weight], grad, wanted }) => [
    wanted[0] ? matmul(grad, weight) : null,
    wanted[1] ? matmul(grad, x, { transposeA: true }) : null,
    wanted[2] ? sum(grad, 0) : null,
  ],
  // P = softmax(Q·Kᵀ), O = P·V. P is computed again: there may be gigabytes of it. Then
  //   dV = Pᵀ·dO,  dS = P∘(dO·Vᵀ - D),  dQ = dS·K,  dK = dSᵀ·Q,
  // D the sums over rows of P∘(dO·Vᵀ), which are also those of dO∘O ("FlashAttention-2", Dao 2023, eq. 4).
  attention: ({ inputs: [query, key, value], outputs: [output], grad, wanted }) => {
    const probabilities = softmax(matmul(query, key, { transposeB: true }), -1);
    const rowSums = sum(mul(grad, output), -1, { keepDims: true });
    const products = matmul(grad, value, { transposeB: true });
    const logitGradient = mul(probabilities, sub(products, rowSums));
    return [
      wanted[0] ? matmul(logitGradient, key) : null,
      wanted[1] ? matmul(logitGradient, query, { transposeA: true }) : null,
      wanted[2] ? matmul(probabilities, grad, { transposeA: true }) : null,
    ];
  },
  conv2d: ({ inputs: [x, weight], attrs, grad, wanted }) => [
    wanted[0] ? conv2dInputGradient(grad, weight, x.shape, attrs) : null,
    wanted[1] ? conv2dWeightGradient(grad, x, weight.shape, attrs) : null,
    wanted[2] ? biasGradient(grad) : null,
  ],
  // A transposed convolution is the input gradient of a convolution with the same weight, so its own
  // gradients are that convolution and that convolution's weight gradient.
  convTranspose2d: ({ inputs: [x, weight], attrs, grad, wanted }) => {
    const { stride, padding, dilation, groups } = attrs;
    return [
      wanted[0] ? conv2d(grad, weight, { stride, padding, dilation, groups }) : null,
      wanted[1] ? conv2dWeightGradient(x, grad, weight.shape, attrs) : null,
      wanted[2] ? biasGradient(grad) : null,
    ];
  },
  maxPool2d: ({ inputs: [x], attrs, grad }) => {
    const positions = reshape(apply("maxPool2dIndices", [x], attrs, {}), [grad.size]);
    const flat = scatterAdd(zeros([x.size]), 0, positions, reshape(grad, [grad.size]));
    return [reshape(flat, x.shape)];
  },
  maxPool2dIndices: null,
  // Each channel by itself is a convolution with a kernel of 1 / area.
  avgPool2d: ({ inputs: [x], attrs: { kernelSize, stride, padding }, grad }) => {
    const [n, c, h, w] = x.shape as Shape4;
    const [, , gradH, gradW] = grad.shape as Shape4;
    const kernel = full([1, 1, ...kernelSize], 1 / (kernelSize[0] * kernelSize[1]));
    const channelGrad = reshape(grad, [n * c, 1, gradH, gradW]);
    const attrs = { stride, padding, dilation: [1, 1] as const, groups: 1 };
    return [reshape(conv2dInputGradient(channelGrad, kernel, [n * c, 1, h, w], attrs), x.shape)];
  },
  // Resizing is linear and separable, y = A·x·Bᵀ, so dx = Aᵀ·dy·B.
  interpolate: ({ inputs: [x], attrs: { mode }, lifted: { size }, grad }) => {
    const [height, width] = size as readonly [number, number];
    const [n, channels, inputHeight, inputWidth] = x.shape as Shape4;
    const planes = reshape(grad, [n * channels, height, width]);
    const rows = sharedMatrix(interpolationMatrix(mode, inputHeight, height), n * channels);
    const columns = interpolationMatrix(mode, inputWidth, width);
    return [reshape(matmul(matmul(rows, planes, { transposeA: true }), columns), x.shape)];
  },
};
