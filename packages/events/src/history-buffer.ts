import { EmptyHistoryError } from "./errors.ts";

/** A recorded value and the iteration it belongs to. */
export type HistoryEntry = readonly [value: number, iter: number];

/**
 * The latest values of a scalar, smoothed on demand over a window, and the average of all values ever.
 * Mirrors `fvcore.common.history_buffer.HistoryBuffer`.
 */
export class HistoryBuffer {
  readonly #maxLength: number;
  // A ring once it is full: the oldest entry then stands at #count % #maxLength.
  readonly #values: number[] = [];
  readonly #iters: number[] = [];
  #count = 0;
  #globalAvg = 0;

  /** @param options.maxLength How many values are kept; older ones go. */
  constructor({ maxLength = 1_000_000 }: { readonly maxLength?: number } = {}) {
    this.#maxLength = maxLength;
  }

  /** How many values are kept at present. */
  get length(): number {
    return this.#values.length;
  }

  /** Adds a value; `iter` is the number of values so far when left out. */
  update(value: number, iter: number = this.#count): void {
    const slot = this.#count % this.#maxLength;
    this.#values[slot] = value;
    this.#iters[slot] = iter;
    this.#count += 1;
    this.#globalAvg += (value - this.#globalAvg) / this.#count;
  }

  /** @throws EmptyHistoryError when there is no value. */
  latest(): number {
    if (this.length === 0) throw new EmptyHistoryError();
    return this.#values[this.#slot(0)];
  }

  /**
   * Median of the latest `windowSize` values, or of all when there are fewer; the mean of the middle two when their
   * number is even. NaN when one is NaN, or there are none.
   */
  median(windowSize: number): number {
    const values = this.#latestValues(windowSize);
    if (values.length === 0 || values.some(Number.isNaN)) return Number.NaN;
    values.sort((a, b) => a - b);
    const half = values.length >> 1;
    return values.length % 2 === 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  }

  /** Mean of the latest `windowSize` values, or of all when there are fewer; NaN when there are none. */
  avg(windowSize: number): number {
    const values = this.#latestValues(windowSize);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  }

  /** Mean of all values ever added, those no longer kept included; 0 when there were none. */
  globalAvg(): number {
    return this.#globalAvg;
  }

  /**
   * How many values belong to the last `windowSize` iterations, counted back from the latest value's. A scalar
   * recorded every fifth iteration has four in a window of 20. Mirrors `EventStorage.count_samples`.
   */
  countSamples(windowSize: number): number {
    if (this.length === 0) return 0;
    const end = this.#iters[this.#slot(0)] - windowSize;
    let samples = 0;
    while (samples < this.length && this.#iters[this.#slot(samples)] > end) samples += 1;
    return samples;
  }

  /** Median of the values of the last `windowSize` iterations; see {@link countSamples}. */
  smoothed(windowSize: number): number {
    return this.median(this.countSamples(windowSize));
  }

  /** The kept values with their iterations, oldest first. */
  values(): HistoryEntry[] {
    return Array.from({ length: this.length }, (_, i) => {
      const slot = this.#slot(this.length - 1 - i);
      return [this.#values[slot], this.#iters[slot]];
    });
  }

  /** Where the entry stands that is `age` values older than the latest. */
  #slot(age: number): number {
    return (this.#count - 1 - age) % this.#maxLength;
  }

  #latestValues(windowSize: number): number[] {
    const length = Math.min(windowSize, this.length);
    return Array.from({ length }, (_, age) => this.#values[this.#slot(age)]);
  }
}
