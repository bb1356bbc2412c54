/** How often a label was predicted where another is true. The last label stands for pixels that do not count. */
export class ConfusionMatrix {
  readonly #size: number;
  /** Rows are predictions. In doubles, which count without error to 2⁵³. */
  readonly #counts: Float64Array;

  /** @param size - number of labels. */
  constructor(size: number) {
    this.#size = size;
    this.#counts = new Float64Array(size * size);
  }

  /** Takes in labels of pixels, both from 0 to one less than the number of labels. */
  add(predicted: Int32Array, truth: Int32Array): void {
    for (let pixel = 0; pixel < truth.length; pixel++) {
      this.#counts[predicted[pixel] * this.#size + truth[pixel]]++;
    }
  }

  /**
   * Pixels of each label but the last: where prediction and truth agree on it, where it is true, and where it is predicted.
   * Pixels that do not count are left out.
   */
  totals(): { found: number[]; truth: number[]; predicted: number[] } {
    const labels = Array.from({ length: this.#size - 1 }, (_, label) => label);
    const count = (prediction: number, truth: number): number =>
      this.#counts[prediction * this.#size + truth];
    const over = (counts: (other: number) => number): number =>
      labels.reduce((total, other) => total + counts(other), 0);
    return {
      found: labels.map((label) => count(label, label)),
      truth: labels.map((label) => over((prediction) => count(prediction, label))),
      predicted: labels.map((label) => over((truth) => count(label, truth))),
    };
  }
}
