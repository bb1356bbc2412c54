import { ShapeError, type SparseMatrix } from "@detectron-ts/tensor";

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

/** Images of a batch, and height and width of their feature maps in cells. */
export type MapSize = readonly [batchSize: number, height: number, width: number];

/**
 * The matrix that takes the cells of all maps, image by image and row by row, to the bins of all regions.
 *
 * A bin is the mean of bilinear samples, each of four cells. Samples are a cell apart at most unless `samplingRatio` says
 * otherwise, so neighbours share cells: joining these leaves about half of the entries.
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
export function rotatedPoolingMatrix(
  mapSize: MapSize,
  rois: Float32Array,
  pooling: RotatedPooling,
): SparseMatrix {
  const [binRows, binColumns] = pooling.outputSize;
  const builder = new MatrixBuilder((rois.length / 6) * binRows * binColumns, mapSize);
  for (let row = 0; row < rois.length / 6; row++) {
    const roi = rois.subarray(6 * row, 6 * row + 6);
    checkRoi(roi, row, mapSize[0]);
    sampleRegion(builder, roi, pooling);
  }
  return builder;
}

function checkRoi(roi: Float32Array, row: number, batchSize: number): void {
  const [image, , , width, height] = roi;
  if (!(Number.isInteger(image) && image >= 0 && image < batchSize)) {
    const detail = `is of no image in a batch of ${batchSize}`;
    throw new ShapeError("roiAlignRotated", `roi ${row} (${roi.join(", ")}) ${detail}`);
  }
  if (!(roi.every(Number.isFinite) && width >= 0 && height >= 0)) {
    const detail = "must be finite and of no negative size";
    throw new ShapeError("roiAlignRotated", `roi ${row} (${roi.join(", ")}) ${detail}`);
  }
}

function sampleRegion(
  builder: MatrixBuilder,
  roi: Float32Array,
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

  for (let binRow = 0; binRow < binRows; binRow++) {
    const top = fround(-regionHeight / 2 + fround(binRow * binHeight));
    for (let binColumn = 0; binColumn < binColumns; binColumn++) {
      const left = fround(-regionWidth / 2 + fround(binColumn * binWidth));
      builder.startBin(roi[0], perRow * perColumn);
      for (let i = 0; i < perRow; i++) {
        const yy = fround(top + fround(fround((i + 0.5) * binHeight) / perRow));
        for (let j = 0; j < perColumn; j++) {
          const xx = fround(left + fround(fround((j + 0.5) * binWidth) / perColumn));
          const y = fround(fround(fround(yy * cosTheta) - fround(xx * sinTheta)) + centerY);
          const x = fround(fround(fround(yy * sinTheta) + fround(xx * cosTheta)) + centerX);
          builder.addSample(y, x);
        }
      }
      builder.endBin();
    }
  }
}

/** Collects the rows of the matrix, bin by bin. */
class MatrixBuilder implements SparseMatrix {
  readonly shape: readonly [numRows: number, numColumns: number];
  readonly rowEnds: Int32Array;
  columns = new Int32Array(1024);
  values = new Float32Array(1024);
  readonly #height: number;
  readonly #width: number;
  /** The entry that each cell had last. It is one of this bin if it lies among these. */
  readonly #entryOf: Int32Array;
  #firstCell = 0;
  #numSamples = 0;
  #bin = 0;
  #binStart = 0;
  #end = 0;

  constructor(numBins: number, [batchSize, height, width]: MapSize) {
    this.shape = [numBins, batchSize * height * width];
    this.rowEnds = new Int32Array(numBins);
    this.#height = height;
    this.#width = width;
    this.#entryOf = new Int32Array(batchSize * height * width).fill(-1);
  }

  startBin(image: number, numSamples: number): void {
    this.#firstCell = image * this.#height * this.#width;
    this.#numSamples = numSamples;
    this.#binStart = this.#end;
    this.#reserve(this.#end + min(4 * numSamples, this.#height * this.#width));
  }

  /** Adds the four cells around a position. Beyond the centres of the outer cells the map continues flat. */
  addSample(y: number, x: number): void {
    const height = this.#height;
    const width = this.#width;
    if (y < -1 || y > height || x < -1 || x > width) return;
    const row = min(floor(max(y, 0)), height - 1);
    const column = min(floor(max(x, 0)), width - 1);
    const below = row === height - 1 ? 0 : fround(max(y, 0) - row);
    const right = column === width - 1 ? 0 : fround(max(x, 0) - column);
    const above = fround(1 - below);
    const left = fround(1 - right);
    const cell = this.#firstCell + row * width + column;
    this.#add(cell, above * left);
    if (right > 0) this.#add(cell + 1, above * right);
    if (below > 0) this.#add(cell + width, below * left);
    if (right > 0 && below > 0) this.#add(cell + width + 1, below * right);
  }

  /** Ends a bin: it is the mean of its samples, also of those that lie outside of the map and count as 0. */
  endBin(): void {
    for (let entry = this.#binStart; entry < this.#end; entry++) {
      this.values[entry] /= this.#numSamples;
    }
    this.rowEnds[this.#bin++] = this.#end;
  }

  #add(cell: number, weight: number): void {
    const entry = this.#entryOf[cell];
    if (entry >= this.#binStart) {
      this.values[entry] += weight;
      return;
    }
    this.#entryOf[cell] = this.#end;
    this.columns[this.#end] = cell;
    this.values[this.#end++] = weight;
  }

  #reserve(size: number): void {
    if (this.columns.length >= size) return;
    const larger = max(size, 2 * this.columns.length);
    const columns = new Int32Array(larger);
    columns.set(this.columns);
    const values = new Float32Array(larger);
    values.set(this.values);
    this.columns = columns;
    this.values = values;
  }
}
