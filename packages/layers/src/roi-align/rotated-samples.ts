import { ShapeError, type FeatureShape } from "@detectron-ts/tensor";

const { ceil, cos, floor, fround, max, min, sin } = Math;

/** How rotated regions are pooled. */
export interface RotatedPooling {
  /** Height and width of the pooled map, in bins. */
  readonly outputSize: readonly [height: number, width: number];
  /** Cells of the feature map per unit of the regions' coordinates: 1 / stride. */
  readonly spatialScale: number;
  /** Samples per bin and axis; zero or less means `ceil(region size / output size)`. */
  readonly samplingRatio: number;
}

/**
 * Where the samples of one region fall, bin by bin. Each reads four cells of a plane of the feature map; the cells and
 * weights of sample s begin at 4s. A sample outside of the map has weights of zero.
 */
export interface RotatedSamples {
  samplesPerBin: number;
  cells: Int32Array;
  weights: Float32Array;
}

/**
 * Visits regions one by one, with the samples of each; the same object serves all of them.
 *
 * Samples lie on a grid over the region as if it were upright and around (0, 0), and are turned and moved from there:
 *
 *     x = xx cos θ + yy sin θ + centre x      y = yy cos θ - xx sin θ + centre y
 *
 * with y pointing down and θ counter-clockwise. Positions are rounded to float32 at each step, as the reference does: the
 * number of samples and whether one lies beyond the border (less than -1, or more than the length) jump with the last bit.
 *
 * @param rois - K×6: batch index, x and y of the centre, width, height, degrees counter-clockwise.
 * @throws ShapeError for a region that is of no image, not finite, or of negative size.
 */
export function forEachRotatedRoi(
  [batchSize, , height, width]: FeatureShape,
  rois: Float32Array,
  pooling: RotatedPooling,
  visit: (row: number, image: number, samples: RotatedSamples) => void,
): void {
  const samples: RotatedSamples = {
    samplesPerBin: 0,
    cells: new Int32Array(0),
    weights: new Float32Array(0),
  };
  for (let row = 0; row < rois.length / 6; row++) {
    const roi = rois.subarray(6 * row, 6 * row + 6);
    checkRoi(roi, row, batchSize);
    sampleRegion(samples, roi, height, width, pooling);
    visit(row, roi[0], samples);
  }
}

function checkRoi(roi: Float32Array, row: number, batchSize: number): void {
  const [image, , , width, height] = roi;
  const name = `roi ${row} (${roi.join(", ")})`;
  if (!(Number.isInteger(image) && image >= 0 && image < batchSize)) {
    throw new ShapeError("roiAlignRotated", `${name} is of no image in a batch of ${batchSize}`);
  }
  if (!(roi.every(Number.isFinite) && width >= 0 && height >= 0)) {
    throw new ShapeError("roiAlignRotated", `${name} must be finite and of no negative size`);
  }
}

function sampleRegion(
  samples: RotatedSamples,
  roi: Float32Array,
  height: number,
  width: number,
  { outputSize: [binRows, binColumns], spatialScale, samplingRatio }: RotatedPooling,
): void {
  const scale = fround(spatialScale);
  const centerX = fround(fround(roi[1] * scale) - 0.5);
  const centerY = fround(fround(roi[2] * scale) - 0.5);
  const regionWidth = fround(roi[3] * scale);
  const regionHeight = fround(roi[4] * scale);
  const theta = fround((roi[5] * Math.PI) / 180);
  const cosTheta = fround(cos(theta));
  const sinTheta = fround(sin(theta));
  const binWidth = fround(regionWidth / binColumns);
  const binHeight = fround(regionHeight / binRows);
  const perColumn = samplingRatio > 0 ? samplingRatio : ceil(binWidth);
  const perRow = samplingRatio > 0 ? samplingRatio : ceil(binHeight);
  reserve(samples, perRow * perColumn, binRows * binColumns);

  let sample = 0;
  for (let binRow = 0; binRow < binRows; binRow++) {
    const top = fround(-regionHeight / 2 + fround(binRow * binHeight));
    for (let binColumn = 0; binColumn < binColumns; binColumn++) {
      const left = fround(-regionWidth / 2 + fround(binColumn * binWidth));
      for (let i = 0; i < perRow; i++) {
        const yy = fround(top + fround(fround((i + 0.5) * binHeight) / perRow));
        for (let j = 0; j < perColumn; j++, sample++) {
          const xx = fround(left + fround(fround((j + 0.5) * binWidth) / perColumn));
          const y = fround(fround(fround(yy * cosTheta) - fround(xx * sinTheta)) + centerY);
          const x = fround(fround(fround(yy * sinTheta) + fround(xx * cosTheta)) + centerX);
          setSample(samples, sample, y, x, height, width);
        }
      }
    }
  }
}

function reserve(samples: RotatedSamples, samplesPerBin: number, bins: number): void {
  samples.samplesPerBin = samplesPerBin;
  const size = 4 * samplesPerBin * bins;
  if (samples.cells.length >= size) return;
  samples.cells = new Int32Array(size);
  samples.weights = new Float32Array(size);
}

/** The four cells around a position, and their weights. Beyond the centres of the outer cells the map continues flat. */
function setSample(
  { cells, weights }: RotatedSamples,
  sample: number,
  y: number,
  x: number,
  height: number,
  width: number,
): void {
  const at = 4 * sample;
  if (y < -1 || y > height || x < -1 || x > width) {
    cells.fill(0, at, at + 4);
    weights.fill(0, at, at + 4);
    return;
  }
  const row = min(floor(max(y, 0)), height - 1);
  const column = min(floor(max(x, 0)), width - 1);
  const nextRow = min(row + 1, height - 1);
  const nextColumn = min(column + 1, width - 1);
  const below = row === height - 1 ? 0 : fround(max(y, 0) - row);
  const right = column === width - 1 ? 0 : fround(max(x, 0) - column);
  const above = fround(1 - below);
  const left = fround(1 - right);
  cells[at] = row * width + column;
  cells[at + 1] = row * width + nextColumn;
  cells[at + 2] = nextRow * width + column;
  cells[at + 3] = nextRow * width + nextColumn;
  weights[at] = above * left;
  weights[at + 1] = above * right;
  weights[at + 2] = below * left;
  weights[at + 3] = below * right;
}
