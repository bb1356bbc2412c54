import type { FeatureShape } from "../roi-align/sampling.ts";
import { type DeformConvGeometry, outputSizeOf } from "./geometry.ts";
import { type TapSamples, createTapSamples, sampleTap } from "./tap-samples.ts";

/** The arrays that a deformable convolution samples, all row-major. */
export interface DeformableInput {
  /** Features, N×C×H×W. */
  readonly input: Float32Array;
  readonly inputShape: FeatureShape;
  /** N×(2·deformableGroups·kH·kW)×outH×outW: per group and tap a Δy, then a Δx, in input cells. */
  readonly offset: Float32Array;
  /** N×(deformableGroups·kH·kW)×outH×outW factors of the samples (version 2), or null for none. */
  readonly mask: Float32Array | null;
}

/** Gradients with respect to the arrays of {@link DeformableInput}. */
export interface DeformableGradients {
  readonly input: Float32Array;
  readonly offset: Float32Array;
  readonly mask: Float32Array | null;
}

/**
 * Samples the input where each tap of a deformable kernel reads it ("Deformable Convolutional Networks",
 * Dai et al. 2017; with masks, "Deformable ConvNets v2", Zhu et al. 2019). A convolution is then one
 * matrix product of its weights with these columns.
 *
 * @returns N×(C·kH·kW)×(outH·outW), row-major; the channel is outermost, as in a kernel's weights.
 */
export function deformableColumns(
  sampled: DeformableInput,
  geometry: DeformConvGeometry,
): Float32Array {
  const { input, mask } = sampled;
  const [n, c, h, w] = sampled.inputShape;
  const [outHeight, outWidth] = outputSizeOf(h, w, geometry);
  const [kernelHeight, kernelWidth] = geometry.kernelSize;
  const columns = new Float32Array(n * c * kernelHeight * kernelWidth * outHeight * outWidth);

  forEachPlane(sampled, geometry, (samples, plane, column, _offset, maskStart) => {
    const { top, bottom, left, right } = samples;
    const { topWeight, bottomWeight, leftWeight, rightWeight } = samples;
    for (let cell = 0; cell < top.length; cell++) {
      const above = plane + top[cell];
      const below = plane + bottom[cell];
      const value =
        topWeight[cell] *
          (leftWeight[cell] * input[above + left[cell]] +
            rightWeight[cell] * input[above + right[cell]]) +
        bottomWeight[cell] *
          (leftWeight[cell] * input[below + left[cell]] +
            rightWeight[cell] * input[below + right[cell]]);
      columns[column + cell] = mask ? value * mask[maskStart + cell] : value;
    }
  });
  return columns;
}

/**
 * Gradient of {@link deformableColumns}. With `v = m · Σ_rows Σ_cols r(y) c(x) I[row, col]`:
 *
 * - ∂v/∂I[row, col] = m · r(y) · c(x)
 * - ∂v/∂Δy = m · Σ r′(y) c(x) I, where r′ is -1 for the upper row and +1 for the lower; Δx likewise
 * - ∂v/∂m = v / m, computed as the bare sample
 *
 * @param gradColumns - gradient of the columns, N×(C·kH·kW)×(outH·outW).
 */
export function deformableColumnsBackward(
  gradColumns: Float32Array,
  sampled: DeformableInput,
  geometry: DeformConvGeometry,
): DeformableGradients {
  const { input, mask } = sampled;
  const gradInput = new Float32Array(input.length);
  const gradOffset = new Float32Array(sampled.offset.length);
  const gradMask = mask ? new Float32Array(mask.length) : null;

  forEachPlane(sampled, geometry, (samples, plane, column, offsetStart, maskStart) => {
    const { top, bottom, left, right } = samples;
    const { topWeight, bottomWeight, leftWeight, rightWeight } = samples;
    const { topSlope, bottomSlope, leftSlope, rightSlope } = samples;
    const cells = top.length;
    for (let cell = 0; cell < cells; cell++) {
      const gradColumn = gradColumns[column + cell];
      const gradSample = mask ? gradColumn * mask[maskStart + cell] : gradColumn;
      const topLeft = plane + top[cell] + left[cell];
      const topRight = plane + top[cell] + right[cell];
      const bottomLeft = plane + bottom[cell] + left[cell];
      const bottomRight = plane + bottom[cell] + right[cell];

      gradInput[topLeft] += gradSample * topWeight[cell] * leftWeight[cell];
      gradInput[topRight] += gradSample * topWeight[cell] * rightWeight[cell];
      gradInput[bottomLeft] += gradSample * bottomWeight[cell] * leftWeight[cell];
      gradInput[bottomRight] += gradSample * bottomWeight[cell] * rightWeight[cell];

      const topValue = leftWeight[cell] * input[topLeft] + rightWeight[cell] * input[topRight];
      const bottomValue =
        leftWeight[cell] * input[bottomLeft] + rightWeight[cell] * input[bottomRight];
      gradOffset[offsetStart + cell] +=
        gradSample * (topSlope[cell] * topValue + bottomSlope[cell] * bottomValue);
      gradOffset[offsetStart + cells + cell] +=
        gradSample *
        (leftSlope[cell] *
          (topWeight[cell] * input[topLeft] + bottomWeight[cell] * input[bottomLeft]) +
          rightSlope[cell] *
            (topWeight[cell] * input[topRight] + bottomWeight[cell] * input[bottomRight]));
      if (gradMask) {
        gradMask[maskStart + cell] +=
          gradColumn * (topWeight[cell] * topValue + bottomWeight[cell] * bottomValue);
      }
    }
  });
  return { input: gradInput, offset: gradOffset, mask: gradMask };
}

type PlaneVisitor = (
  samples: TapSamples,
  /** First element of the channel's plane in the input. */
  plane: number,
  /** First element of the channel's and tap's row in the columns. */
  column: number,
  /** First Δy of the group and tap in the offsets; its Δx follow directly. */
  offsetStart: number,
  /** First factor of the group and tap in the mask. */
  maskStart: number,
) => void;

/** Visits each image, group, tap and channel; samples are computed once for all channels of a group. */
function forEachPlane(
  { inputShape, offset }: DeformableInput,
  geometry: DeformConvGeometry,
  visit: PlaneVisitor,
): void {
  const [n, channels, height, width] = inputShape;
  const [outHeight, outWidth] = outputSizeOf(height, width, geometry);
  const [kernelHeight, kernelWidth] = geometry.kernelSize;
  const groups = geometry.deformableGroups;
  const taps = kernelHeight * kernelWidth;
  const cells = outHeight * outWidth;
  const channelsPerGroup = channels / groups;
  const samples = createTapSamples(cells);

  for (let image = 0; image < n; image++) {
    for (let group = 0; group < groups; group++) {
      for (let tap = 0; tap < taps; tap++) {
        const maskStart = ((image * groups + group) * taps + tap) * cells;
        const offsetStart = 2 * maskStart;
        sampleTap(
          samples,
          Math.floor(tap / kernelWidth),
          tap % kernelWidth,
          offset.subarray(offsetStart, offsetStart + cells),
          offset.subarray(offsetStart + cells, offsetStart + 2 * cells),
          [height, width],
          outWidth,
          geometry,
        );
        for (let k = 0; k < channelsPerGroup; k++) {
          const channel = image * channels + group * channelsPerGroup + k;
          const column = (channel * taps + tap) * cells;
          visit(samples, channel * height * width, column, offsetStart, maskStart);
        }
      }
    }
  }
}
