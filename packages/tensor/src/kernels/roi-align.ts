import { ShapeError } from "../errors.ts";
import type { RoiAlignAttrs } from "../ops/op-table.ts";
import {
  type AxisBands,
  type AxisSamples,
  type FeatureShape,
  batchIndexOf,
  createAxisSamples,
  gatherBands,
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
 * A sample's weights are products of one for its row and one for its column. So the samples of a bin are summed up on
 * each axis first; then a row of bins is spread over the columns once, and that line added to all rows it belongs to.
 * Planes are summed up one by one, in double precision and where the cache holds them.
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
  const regionsOfImages = Array.from({ length: batchSize }, (): RoiBands[] => []);
  forEachRoi(inputShape, rois, options, (row, image, ys, xs, scale) => {
    const rows = gatherBands(ys, binRows, scale);
    regionsOfImages[image].push({ row, rows, columns: gatherBands(xs, binColumns, 1) });
  });
  const gradInput = new Float32Array(batchSize * channels * height * width);
  const plane = new Float64Array(height * width);
  const line = new Float64Array(width);
  for (const [image, regions] of regionsOfImages.entries()) {
    if (regions.length === 0) continue;
    for (let channel = 0; channel < channels; channel++) {
      plane.fill(0);
      for (const { row, rows, columns } of regions) {
        const source = (row * channels + channel) * binRows * binColumns;
        for (let binRow = 0; binRow < binRows; binRow++) {
          spreadLine(line, columns, gradOutput, source + binRow * binColumns);
          addLine(plane, width, line, columns, rows, binRow);
        }
      }
      gradInput.set(plane, (image * channels + channel) * height * width);
    }
  }
  return gradInput;
}

/** A region with what its bins read on each axis. */
interface RoiBands {
  readonly row: number;
  readonly rows: AxisBands;
  readonly columns: AxisBands;
}

/** Spreads the gradients of a row of bins over the columns they read. */
function spreadLine(
  line: Float64Array,
  { first, offsets, weights, begin, end }: AxisBands,
  gradOutput: Float32Array,
  source: number,
): void {
  for (let x = begin; x < end; x++) line[x] = 0;
  const bins = first.length;
  for (let bin = 0; bin < bins; bin++) {
    const gradient = gradOutput[source + bin];
    const stop = offsets[bin + 1];
    for (let i = offsets[bin], x = first[bin]; i < stop; i++, x++) line[x] += weights[i] * gradient;
  }
}

/** Adds a line to the rows that a row of bins reads. */
function addLine(
  plane: Float64Array,
  width: number,
  line: Float64Array,
  { begin, end }: AxisBands,
  { first, offsets, weights }: AxisBands,
  binRow: number,
): void {
  let rowStart = first[binRow] * width;
  const stop = offsets[binRow + 1];
  for (let i = offsets[binRow]; i < stop; i++, rowStart += width) {
    const weight = weights[i];
    for (let x = begin; x < end; x++) plane[rowStart + x] += weight * line[x];
  }
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
