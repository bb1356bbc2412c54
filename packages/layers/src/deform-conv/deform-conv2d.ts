import { type FeatureShape, type Tensor, gridSample, stack, tensor } from "@detectron-ts/tensor";
import { LayerShapeError } from "../errors.ts";
import { type DeformConvGeometry, checkOffsets } from "./geometry.ts";

/** Options of {@link deformConv2d}. */
export interface DeformConv2dOptions extends Omit<DeformConvGeometry, "kernelSize"> {
  /** N×(deformableGroups·kH·kW)×outH×outW factors of the samples (version 2). */
  readonly mask?: Tensor | undefined;
  /** One value for each output channel. */
  readonly bias?: Tensor | undefined;
  /** Channel groups of the convolution itself. */
  readonly groups: number;
}

/**
 * Convolution whose taps read the input at learned offsets from their places on the grid ("Deformable
 * Convolutional Networks", Dai et al. 2017), optionally weighted by a mask ("Deformable ConvNets v2",
 * Zhu et al. 2019). Zero offsets and no mask give the ordinary convolution.
 *
 * All taps are sampled at once, bilinearly and with zeros beyond the border, which lays the input out as
 * columns; the convolution is one matrix product with them. Both halves run inside the compiled graph and
 * have gradients.
 *
 * @param x - N×C×H×W.
 * @param offset - N×(2·deformableGroups·kH·kW)×outH×outW: per group and tap a Δy, then a Δx, in cells of
 *   the input; taps row by row.
 * @param weight - outC×(C/groups)×kH×kW.
 * @returns N×outC×outH×outW.
 * @throws LayerShapeError when a shape is not as above.
 */
export function deformConv2d(
  x: Tensor,
  offset: Tensor,
  weight: Tensor,
  options: DeformConv2dOptions,
): Tensor {
  const layer = "deformConv2d";
  const [n, channels, height, width] = featureShapeOf(layer, "input", x);
  const [outChannels, channelsPerGroup, ...kernelSize] = featureShapeOf(layer, "weight", weight);
  const { groups, deformableGroups, mask, bias } = options;
  if (channelsPerGroup * groups !== channels) {
    const wanted = `[outC, ${channels / groups}, kH, kW]`;
    throw new LayerShapeError(layer, "weight", weight.shape, wanted);
  }
  const geometry: DeformConvGeometry = { ...options, kernelSize };
  const inputShape: FeatureShape = [n, channels, height, width];
  const [outHeight, outWidth] = checkOffsets(
    layer,
    inputShape,
    offset.shape,
    mask?.shape,
    geometry,
  );

  // The deformable groups of an image are sampled like images of their own, and their taps like rows of
  // one tall output.
  const taps = kernelSize[0] * kernelSize[1];
  const planes = x.reshape([n * deformableGroups, channels / deformableGroups, height, width]);
  let samples = gridSample(planes, samplingGrid(offset, inputShape, geometry));
  if (mask)
    samples = samples.mul(mask.reshape([n * deformableGroups, 1, taps * outHeight, outWidth]));

  const depth = channelsPerGroup * taps;
  const columns = samples.reshape([n, groups, depth, outHeight * outWidth]);
  const kernel = weight.reshape([groups, outChannels / groups, depth]);
  const output = kernel.matmul(columns).reshape([n, outChannels, outHeight, outWidth]);
  return bias ? output.add(bias.reshape([1, outChannels, 1, 1])) : output;
}

/**
 * Where each tap reads, as the grid that `gridSample` wants: (x, y) with -1 and 1 at the borders of the
 * input, so that cell `i` of `length` has its centre at `(2i + 1) / length - 1`.
 *
 * @returns (N·deformableGroups)×(taps·outH)×outW×2.
 */
function samplingGrid(
  offset: Tensor,
  [n, , height, width]: FeatureShape,
  geometry: DeformConvGeometry,
): Tensor {
  const { kernelSize, deformableGroups } = geometry;
  const [outHeight, outWidth] = offset.shape.slice(2);
  const taps = kernelSize[0] * kernelSize[1];
  const pairs = offset.reshape([n * deformableGroups, taps, 2, outHeight, outWidth]);
  const rows = tapPositions(0, outHeight, geometry).reshape([taps, outHeight, 1]);
  const columns = tapPositions(1, outWidth, geometry).reshape([taps, 1, outWidth]);
  const y = normalized(pairs.select(2, 0).add(rows), height);
  const x = normalized(pairs.select(2, 1).add(columns), width);
  return stack([x, y], -1).reshape([n * deformableGroups, taps * outHeight, outWidth, 2]);
}

/** Cells counted from the first one's centre, as coordinates of an axis that is -1 and 1 at its borders. */
function normalized(position: Tensor, length: number): Tensor {
  return position.mul(2 / length).add(1 / length - 1);
}

/** Rows (axis 0) or columns (axis 1) that each tap reads without an offset: taps×outputs. */
function tapPositions(axis: 0 | 1, outputs: number, geometry: DeformConvGeometry): Tensor {
  const { kernelSize, stride, padding, dilation } = geometry;
  const taps = kernelSize[0] * kernelSize[1];
  const positions = new Float32Array(taps * outputs);
  for (let tap = 0; tap < taps; tap++) {
    const along = axis === 0 ? Math.floor(tap / kernelSize[1]) : tap % kernelSize[1];
    for (let i = 0; i < outputs; i++) {
      positions[tap * outputs + i] = i * stride[axis] - padding[axis] + along * dilation[axis];
    }
  }
  return tensor(positions, { shape: [taps, outputs] });
}

function featureShapeOf(layer: string, argument: string, { shape }: Tensor): FeatureShape {
  if (shape.length !== 4) throw new LayerShapeError(layer, argument, shape, "four axes");
  const [n, c, h, w] = shape;
  return [n, c, h, w];
}
