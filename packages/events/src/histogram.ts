import { HistogramError } from "./errors.ts";

/** Counts of values in equal intervals, and the moments TensorBoard shows. */
export interface Histogram {
  readonly min: number;
  readonly max: number;
  readonly num: number;
  readonly sum: number;
  readonly sumSquares: number;
  /** Upper ends of the intervals, ascending. */
  readonly bucketLimits: readonly number[];
  readonly bucketCounts: readonly number[];
}

/**
 * Counts values in `bins` equal intervals from the smallest to the largest, which belongs to the last interval. When
 * all values are equal, the intervals span 1 to either side, as `torch.histc` has it.
 */
export function makeHistogram(name: string, values: ArrayLike<number>, bins: number): Histogram {
  if (values.length === 0) throw new HistogramError(name, "has no values");
  if (!Number.isInteger(bins) || bins < 1) {
    throw new HistogramError(name, `needs a positive number of bins, got ${bins}`);
  }
  let [min, max, sum, sumSquares] = [Infinity, -Infinity, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) throw new HistogramError(name, `has value ${value} at ${i}`);
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    sumSquares += value * value;
  }
  const [low, high] = min === max ? [min - 1, max + 1] : [min, max];
  const width = (high - low) / bins;
  const bucketCounts = new Array<number>(bins).fill(0);
  for (let i = 0; i < values.length; i++) {
    const bin = Math.floor(((values[i] - low) / (high - low)) * bins);
    bucketCounts[Math.min(bin, bins - 1)] += 1;
  }
  const bucketLimits = Array.from({ length: bins }, (_, bin) =>
    bin === bins - 1 ? high : low + (bin + 1) * width,
  );
  return { min, max, num: values.length, sum, sumSquares, bucketLimits, bucketCounts };
}
