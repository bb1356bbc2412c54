/** All that a {@link Generator} remembers; plain data, fit for JSON. */
export interface GeneratorState {
  /** Four unsigned 32-bit words. */
  readonly words: readonly [number, number, number, number];
  /** The second of the last pair of normal values, if it has not been handed out. */
  readonly spareNormal: number | null;
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/**
 * A seedable source of pseudo-random numbers: xoshiro128** (Blackman and Vigna, "Scrambled linear
 * pseudorandom number generators", 2021), seeded through SplitMix32. The same seed gives the same numbers
 * on every machine. Not for cryptography.
 */
export class Generator {
  readonly #words = new Int32Array(4);
  // NaN for none, which keeps the field a plain double.
  #spareNormal = NaN;

  /** @param seed An integer; its lower 53 bits count. */
  constructor(seed: number) {
    this.manualSeed(seed);
  }

  /** Starts again from `seed`. */
  manualSeed(seed: number): this {
    if (!Number.isSafeInteger(seed)) {
      throw new RangeError(`a seed is an integer within ±(2^53 - 1), got ${seed}`);
    }
    // Both halves of the seed enter the state, so that seeds 2^32 apart differ.
    let state = (seed | 0) ^ Math.imul(Math.floor(seed / 2 ** 32), 0x85ebca6b);
    for (let i = 0; i < 4; i++) {
      state = (state + 0x9e3779b9) | 0;
      let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
      this.#words[i] = mixed ^ (mixed >>> 15);
    }
    this.#spareNormal = NaN;
    return this;
  }

  /** All that decides the numbers to come. */
  get state(): GeneratorState {
    const [a, b, c, d] = new Uint32Array(this.#words.buffer);
    const spareNormal = Number.isNaN(this.#spareNormal) ? null : this.#spareNormal;
    return { words: [a, b, c, d], spareNormal };
  }

  set state({ words, spareNormal }: GeneratorState) {
    if (words.length !== 4 || words.every((word) => word === 0)) {
      throw new RangeError(`a state has four words, not all zero, got [${words.join(", ")}]`);
    }
    this.#words.set(words.map((word) => word | 0));
    this.#spareNormal = spareNormal ?? NaN;
  }

  /** Uniform over the integers of 32 bits, unsigned. */
  nextUint32(): number {
    const words = this.#words;
    const first = words[0];
    const second = words[1];
    const third = words[2] ^ first;
    const fourth = words[3] ^ second;
    words[0] = first ^ fourth;
    words[1] = second ^ third;
    words[2] = third ^ (second << 9);
    words[3] = rotateLeft(fourth, 11);
    return Math.imul(rotateLeft(Math.imul(second, 5), 7), 9) >>> 0;
  }

  /** Uniform in [0, 1), with 53 bits. */
  next(): number {
    const high = this.nextUint32() >>> 5;
    const low = this.nextUint32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** An integer, uniform in [0, bound). */
  nextInt(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** Normal with mean 0 and standard deviation 1, by Marsaglia's polar method, which yields pairs. */
  normal(): number {
    const spare = this.#spareNormal;
    if (!Number.isNaN(spare)) {
      this.#spareNormal = NaN;
      return spare;
    }
    for (;;) {
      const u = this.nextUint32() / 2 ** 31 - 1;
      const v = this.nextUint32() / 2 ** 31 - 1;
      const squaredRadius = u * u + v * v;
      if (squaredRadius >= 1 || squaredRadius === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(squaredRadius)) / squaredRadius);
      this.#spareNormal = v * factor;
      return u * factor;
    }
  }

  /** The integers 0 … n - 1 in random order (Fisher–Yates). */
  permutation(n: number): Int32Array {
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let last = n - 1; last > 0; last--) {
      const other = this.nextInt(last + 1);
      const value = order[last];
      order[last] = order[other];
      order[other] = value;
    }
    return order;
  }
}

/** The generator used where none is given. */
export const defaultGenerator: Generator = new Generator(0);

/** Seeds {@link defaultGenerator}. */
export function manualSeed(seed: number): Generator {
  return defaultGenerator.manualSeed(seed);
}
