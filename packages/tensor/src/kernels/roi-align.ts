import { ShapeError } from "../errors.ts";
import type { RoiAlignAttrs } from "../ops/op-table.ts";
import {
  type AxisSamples,
  type FeatureShape,
  batchIndexOf,
  createAxisSamples,
  sampleAxis,
} from "./roi-samples.ts";

/**
 * Pools each region of interest to a fixed size by averaging bilinear samples (ROIAlign, section 3 of
 * "Mask R-CNN", He et al. 2017), on the host. Equals torchvision's CPU `roi_align`.
 *
 * @param input - features, N×C×H×W, row-major.
 * @param inputShape - `[N, C, H, W]`.
 * @param rois - K×5: batch index, x0, y0, x1, y1, in absolute coordinates of the input image.
 * @returns pooled features, K×C×outputSize, row-major.
 * @throws ShapeError when a length does not fit its shape, or a region is of no image or not finite.
 */
export function roiAlignForward(
  input: Float32Array,
  inputShape: FeatureShape,
  rois: Float32Array,
  options: RoiAlignAttrs,
): Float32Array {
  const [batchSize, channels, height, width] = inputShape;
  requireLength("input", input, batchSize * channels * height * width);
  const [binRows, binColumns] = options.outputSize;
  const output = new Float32Array((rois.length / 5) * channels * binRows * binColumns);

  forEachRoi(inputShape, rois, options, (row, image, ys, xs, scale) => {
    let target = row * channels * binRows * binColumns;
    for (let channel = 0; channel < channels; channel++) {
      const plane = (image * channels + channel) * height * width;
      for (let binRow = 0; binRow < binRows; binRow++) {
        const rowEnd = (binRow + 1) * ys.samplesPerBin;
        for (let binColumn = 0; binColumn < binColumns; binColumn++) {
          const columnEnd = (binColumn + 1) * xs.samplesPerBin;
          let sum = 0;
          for (let i = rowEnd - ys.samplesPerBin; i < rowEnd; i++) {
            const above = plane + ys.low[i] * width;
            const below = plane + ys.high[i] * width;
            const aboveWeight = ys.lowWeight[i];
            const belowWeight = ys.highWeight[i];
            for (let j = columnEnd - xs.samplesPerBin; j < columnEnd; j++) {
              const left = xs.low[j];
              const right = xs.high[j];
              sum +=
                xs.lowWeight[j] *
                  (aboveWeight * input[above + left] + belowWeight * input[below + left]) +
                xs.highWeight[j] *
                  (aboveWeight * input[above + right] + belowWeight * input[below + right]);
            }
          }
          output[target++] = sum * scale;
        }
      }
    }
  });
  return output;
}

/**
 * Gradient of {@link roiAlignForward} with respect to its input. The pooling is linear in the features,
 * so each output gradient flows back to the cells its samples read, by the same weights. Regions have
 * no gradient, as in the reference.
 *
 * @param gradOutput - K×C×outputSize, row-major.
 * @param inputShape - `[N, C, H, W]` of the features.
 * @param rois - the K×5 regions of the forward pass.
 * @returns gradient of the features, N×C×H×W.
 * @throws as {@link roiAlignForward}.
 */
export function roiAlignBackward(
  gradOutput: Float32Array,
  inputShape: FeatureShape,
  rois: Float32Array,
  options: RoiAlignAttrs,
): Float32Array {
  const [batchSize, channels, height, width] = inputShape;
  const [binRows, binColumns] = options.outputSize;
  requireLength("gradOutput", gradOutput, (rois.length / 5) * channels * binRows * binColumns);
  const gradInput = new Float32Array(batchSize * channels * height * width);

  forEachRoi(inputShape, rois, options, (row, image, ys, xs, scale) => {
    let source = row * channels * binRows * binColumns;
    for (let channel = 0; channel < channels; channel++) {
      const plane = (image * channels + channel) * height * width;
      for (let binRow = 0; binRow < binRows; binRow++) {
        const rowEnd = (binRow + 1) * ys.samplesPerBin;
        for (let binColumn = 0; binColumn < binColumns; binColumn++) {
          const columnEnd = (binColumn + 1) * xs.samplesPerBin;
          const gradient = gradOutput[source++] * scale;
          for (let i = rowEnd - ys.samplesPerBin; i < rowEnd; i++) {
            const above = plane + ys.low[i] * width;
            const below = plane + ys.high[i] * width;
            const aboveGradient = gradient * ys.lowWeight[i];
            const belowGradient = gradient * ys.highWeight[i];
            for (let j = columnEnd - xs.samplesPerBin; j < columnEnd; j++) {
              const left = xs.low[j];
              const right = xs.high[j];
              gradInput[above + left] += aboveGradient * xs.lowWeight[j];
              gradInput[above + right] += aboveGradient * xs.highWeight[j];
              gradInput[below + left] += belowGradient * xs.lowWeight[j];
              gradInput[below + right] += belowGradient * xs.highWeight[j];
            }
          }
        }
      }
    }
  });
  return gradInput;
}

type RoiVisitor = (
  row: number,
  image: number,
  ys: AxisSamples,
  xs: AxisSamples,
  /** One over the samples of a bin: each bin is their mean. */
  scale: number,
) => void;

function forEachRoi(
  [batchSize, , height, width]: FeatureShape,
  rois: Float32Array,
  options: RoiAlignAttrs,
  visit: RoiVisitor,
): void {
  if (rois.length % 5 !== 0)
    throw new ShapeError("roiAlign", `rois must be K×5, got ${rois.length} values`);
  const [binRows, binColumns] = options.outputSize;
  const ys = createAxisSamples();
  const xs = createAxisSamples();
  for (let row = 0; row < rois.length / 5; row++) {
    const image = batchIndexOf(rois, row, batchSize);
    const at = row * 5;
    sampleAxis(ys, rois[at + 2], rois[at + 4], binRows, height, options);
    sampleAxis(xs, rois[at + 1], rois[at + 3], binColumns, width, options);
    visit(row, image, ys, xs, 1 / Math.max(ys.samplesPerBin * xs.samplesPerBin, 1));
  }
}

function requireLength(argument: string, array: Float32Array, wanted: number): void {
  if (array.length !== wanted) {
    throw new ShapeError("roiAlign", `${argument} must have ${wanted} values, got ${array.length}`);
  }
}
