import { ShapeError } from "../errors.ts";
import type { RoiAlignAttrs } from "../ops/op-table.ts";

/** Batch, channels, height and width. */
export type FeatureShape = readonly [n: number, c: number, h: number, w: number];

/**
 * Where the samples of one axis of one region fall. Sampling is separable: the sample at row `i` and
 * column `j` reads four cells, `low`/`high` of both axes, weighted by the product of their weights.
 * A sample outside of the map has two zero weights.
 */
export interface AxisSamples {
  /** Samples per bin; zero for a region without extent. */
  samplesPerBin: number;
  /** Cell before each sample, bin by bin. */
  low: Int32Array;
  /** Cell after each sample. */
  high: Int32Array;
  lowWeight: Float64Array;
  highWeight: Float64Array;
}

/** An empty table, for {@link sampleAxis} to fill again and again. */
export function createAxisSamples(): AxisSamples {
  return {
    samplesPerBin: 0,
    low: new Int32Array(0),
    high: new Int32Array(0),
    lowWeight: new Float64Array(0),
    highWeight: new Float64Array(0),
  };
}

/**
 * Fills `samples` for the interval `[start, end]` (in the regions' coordinates) split into `bins` bins
 * over an axis of `length` cells.
 *
 * Sample `s` of bin `b` lies at `start + b·bin + (s + ½)·bin / samplesPerBin`. Positions are rounded to
 * float32 at each step, as the reference does: the number of samples and whether one lies beyond the
 * border (less than -1, or more than `length`) both jump with the last bit.
 */
export function sampleAxis(
  samples: AxisSamples,
  start: number,
  end: number,
  bins: number,
  length: number,
  options: RoiAlignAttrs,
): void {
  const { fround } = Math;
  const scale = fround(options.spatialScale);
  const shift = options.aligned ? 0.5 : 0;
  const first = fround(fround(start * scale) - shift);
  const last = fround(fround(end * scale) - shift);
  const extent = options.aligned ? fround(last - first) : Math.max(fround(last - first), 1);
  const binSize = fround(extent / bins);
  const samplesPerBin =
    options.samplingRatio > 0 ? options.samplingRatio : Math.max(Math.ceil(binSize), 0);

  samples.samplesPerBin = samplesPerBin;
  const count = bins * samplesPerBin;
  if (samples.low.length < count) {
    samples.low = new Int32Array(count);
    samples.high = new Int32Array(count);
    samples.lowWeight = new Float64Array(count);
    samples.highWeight = new Float64Array(count);
  }
  const { low, high, lowWeight, highWeight } = samples;
  for (let bin = 0, i = 0; bin < bins; bin++) {
    const binStart = fround(first + fround(bin * binSize));
    for (let s = 0; s < samplesPerBin; s++, i++) {
      const position = fround(binStart + fround(fround((s + 0.5) * binSize) / samplesPerBin));
      if (position < -1 || position > length) {
        low[i] = high[i] = 0;
        lowWeight[i] = highWeight[i] = 0;
        continue;
      }
      const clamped = Math.max(position, 0);
      const cell = Math.min(Math.floor(clamped), length - 1);
      low[i] = cell;
      high[i] = Math.min(cell + 1, length - 1);
      // Beyond the centre of the last cell the map continues flat.
      highWeight[i] = cell === length - 1 ? 0 : clamped - cell;
      lowWeight[i] = 1 - highWeight[i];
    }
  }
}

/**
 * What the samples of one axis of one region come to for each bin: a run of cells, and the weight that each of them has
 * in the bin's sum.
 */
export interface AxisBands {
  /** First cell of each bin's run. */
  readonly first: Int32Array;
  /** Where each bin's weights begin; one entry more than there are bins. */
  readonly offsets: Int32Array;
  readonly weights: Float64Array;
  /** First of the cells that any bin reads. */
  readonly begin: number;
  /** The cell after the last of them. */
  readonly end: number;
}

/** Sums up the samples of each bin of an axis, times `scale`. Bins that lie outside of the map get no cells. */
export function gatherBands(samples: AxisSamples, bins: number, scale: number): AxisBands {
  const { low, high, lowWeight, highWeight, samplesPerBin } = samples;
  const first = new Int32Array(bins);
  const offsets = new Int32Array(bins + 1);
  let begin = Infinity;
  let end = 0;
  for (let bin = 0; bin < bins; bin++) {
    let from = Infinity;
    let to = 0;
    for (let i = bin * samplesPerBin; i < (bin + 1) * samplesPerBin; i++) {
      // Outside of the map.
      if (lowWeight[i] + highWeight[i] === 0) continue;
      from = Math.min(from, low[i]);
      to = Math.max(to, high[i] + 1);
    }
    const length = Math.max(to - from, 0);
    if (length > 0) first[bin] = from;
    offsets[bin + 1] = offsets[bin] + length;
    begin = Math.min(begin, from);
    end = Math.max(end, to);
  }
  const weights = new Float64Array(offsets[bins]);
  for (let bin = 0; bin < bins; bin++) {
    const shift = offsets[bin] - first[bin];
    for (let i = bin * samplesPerBin; i < (bin + 1) * samplesPerBin; i++) {
      if (lowWeight[i] + highWeight[i] === 0) continue;
      weights[shift + low[i]] += lowWeight[i] * scale;
      weights[shift + high[i]] += highWeight[i] * scale;
    }
  }
  return { first, offsets, weights, begin: Math.min(begin, end), end };
}

/**
 * The image that region `row` belongs to.
 *
 * @throws ShapeError when that image is not in the batch or a coordinate is not finite.
 */
export function batchIndexOf(rois: Float32Array, row: number, batchSize: number): number {
  const roi = rois.subarray(row * 5, row * 5 + 5);
  const index = roi[0];
  if (!(Number.isInteger(index) && index >= 0 && index < batchSize)) {
    throw new ShapeError(
      "roiAlign",
      `roi ${row} (${roi.join(", ")}) is of no image in a batch of ${batchSize}`,
    );
  }
  if (!roi.every(Number.isFinite)) {
    throw new ShapeError("roiAlign", `roi ${row} (${roi.join(", ")}) must be finite`);
  }
  return index;
}
