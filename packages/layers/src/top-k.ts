/*
 * A bounded heap, the worst member at its root, meets each value once and mostly with a single comparison: after n
 * values of random order, k·log(n/k) have entered. Sorting 200 000 logits would take longer than the rest of a
 * selection of anchors together.
 *
 * One member is worse than another if its value is lower or, values being equal, its number higher.
 */

/** Room before the first growth: most selections are of few. */
const INITIAL_CAPACITY = 64;

/**
 * Finds the k highest of many values that come one after the other, each with a number it is known by. Of equal values,
 * those of lower numbers come first.
 *
 * ```ts
 * const best = new TopK(100);
 * for (let i = 0; i < scores.length; i++) best.offer(scores[i], i);
 * const rows = best.numbers(); // Int32Array, the highest score first
 * ```
 */
export class TopK {
  readonly k: number;
  #values = new Float32Array(INITIAL_CAPACITY);
  #numbers = new Int32Array(INITIAL_CAPACITY);
  #size = 0;

  /** @param k - how many to find, at least. */
  constructor(k: number) {
    this.k = k;
  }

  /** How many have been found: `k`, or as many as were offered. */
  get size(): number {
    return this.#size;
  }

  /**
   * Takes a value into account.
   *
   * @param value - float32, not NaN.
   * @param number - what it is known by; an integer below 2³¹.
   */
  offer(value: number, number: number): void {
    if (this.#size < this.k) this.#append(value, number);
    else if (this.#size > 0 && isWorse(this.#values[0], this.#numbers[0], value, number)) {
      sink(this.#values, this.#numbers, 0, this.#size, value, number);
    }
  }

  /** Numbers of what has been found, that of the highest value first. */
  numbers(): Int32Array {
    const values = this.#values.slice(0, this.#size);
    const numbers = this.#numbers.slice(0, this.#size);
    if (this.#size < this.k) heapify(values, numbers);
    // The worst leaves the heap for the place behind it, until the best is left in front.
    for (let end = this.#size - 1; end > 0; end--) {
      const value = values[end];
      const last = numbers[end];
      values[end] = values[0];
      numbers[end] = numbers[0];
      sink(values, numbers, 0, end, value, last);
    }
    return numbers;
  }

  /** The first `k` come in as they are, and become a heap when they are complete. */
  #append(value: number, number: number): void {
    if (this.#size === this.#values.length) this.#grow();
    this.#values[this.#size] = value;
    this.#numbers[this.#size] = number;
    this.#size += 1;
    if (this.#size === this.k) heapify(this.#values.subarray(0, this.k), this.#numbers);
  }

  #grow(): void {
    const values = new Float32Array(2 * this.#size);
    const numbers = new Int32Array(2 * this.#size);
    values.set(this.#values);
    numbers.set(this.#numbers);
    this.#values = values;
    this.#numbers = numbers;
  }
}

function heapify(values: Float32Array, numbers: Int32Array): void {
  const { length } = values;
  for (let slot = (length >> 1) - 1; slot >= 0; slot--) {
    sink(values, numbers, slot, length, values[slot], numbers[slot]);
  }
}

/** Puts a member into `slot` of the heap of the first `size` members, or below it. */
function sink(
  values: Float32Array,
  numbers: Int32Array,
  slot: number,
  size: number,
  value: number,
  number: number,
): void {
  for (;;) {
    let child = 2 * slot + 1;
    if (child >= size) break;
    const sibling = child + 1;
    if (
      sibling < size &&
      isWorse(values[sibling], numbers[sibling], values[child], numbers[child])
    ) {
      child = sibling;
    }
    if (!isWorse(values[child], numbers[child], value, number)) break;
    values[slot] = values[child];
    numbers[slot] = numbers[child];
    slot = child;
  }
  values[slot] = value;
  numbers[slot] = number;
}

function isWorse(value: number, number: number, than: number, thanNumber: number): boolean {
  return value < than || (value === than && number > thanNumber);
}
