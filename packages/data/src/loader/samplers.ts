import { Generator, type GeneratorState } from "@detectron-ts/nn";

import type { DatasetDict } from "../dataset-dict.ts";
import { DataOptionError } from "../errors.ts";

/** Where a training sampler stands; plain data, fit for JSON. */
export interface SamplerState {
  /** The generator as it was when the current round began. */
  readonly generator: GeneratorState;
  /** How many indices of the round have been handed out. */
  readonly position: number;
}

/** An endless stream of indices of images, which can be taken up again where it was left. */
export interface TrainSampler {
  next(): number;
  state: SamplerState;
}

/** Hands out one shuffled round of indices after the other. A round is a function of the generator alone. */
abstract class RoundSampler implements TrainSampler {
  readonly #generator: Generator;
  #roundStart: GeneratorState;
  #round: Int32Array = new Int32Array(0);
  #position = 0;

  constructor(seed: number) {
    this.#generator = new Generator(seed);
    this.#roundStart = this.#generator.state;
  }

  /** The indices of one round, at least one of them. */
  protected abstract drawRound(generator: Generator): Int32Array;

  next(): number {
    if (this.#position === this.#round.length) {
      this.#roundStart = this.#generator.state;
      this.#round = this.drawRound(this.#generator);
      this.#position = 0;
    }
    return this.#round[this.#position++];
  }

  get state(): SamplerState {
    return { generator: this.#roundStart, position: this.#position };
  }

  /**
   * Draws the round anew and goes to the place in it.
   *
   * @throws DataOptionError when the round has no such place.
   */
  set state({ generator, position }: SamplerState) {
    this.#generator.state = generator;
    this.#roundStart = generator;
    this.#round = position === 0 ? new Int32Array(0) : this.drawRound(this.#generator);
    if (position > this.#round.length) {
      throw new DataOptionError("position", position, `at most ${this.#round.length}`);
    }
    this.#position = position;
  }
}

/** Options of {@link TrainingSampler}. */
export interface TrainingSamplerOptions {
  /** Number of images. */
  readonly size: number;
  /** Whether each round comes in an order of its own, true by default. */
  readonly shuffle?: boolean;
  readonly seed: number;
}

/** All images in random order, again and again, each round in another order. */
export class TrainingSampler extends RoundSampler {
  readonly size: number;
  readonly shuffle: boolean;

  constructor({ size, shuffle = true, seed }: TrainingSamplerOptions) {
    super(seed);
    this.size = checkedSize(size);
    this.shuffle = shuffle;
  }

  protected override drawRound(generator: Generator): Int32Array {
    return this.shuffle
      ? generator.permutation(this.size)
      : Int32Array.from({ length: this.size }, (_, i) => i);
  }
}

/** Options of {@link RandomSubsetTrainingSampler}. */
export interface RandomSubsetTrainingSamplerOptions {
  readonly size: number;
  /** Share of the images to train on. */
  readonly subsetRatio: number;
  readonly seed: number;
}

/** A random part of the images, chosen once by the seed, again and again in random order. */
export class RandomSubsetTrainingSampler extends RoundSampler {
  readonly subset: Int32Array;

  constructor({ size, subsetRatio, seed }: RandomSubsetTrainingSamplerOptions) {
    super(seed);
    const count = Math.trunc(checkedSize(size) * subsetRatio);
    if (!(subsetRatio <= 1 && count >= 1)) {
      throw new DataOptionError("subsetRatio", subsetRatio, `a share of ${size} that is an image`);
    }
    this.subset = new Generator(seed).permutation(size).slice(0, count);
  }

  protected override drawRound(generator: Generator): Int32Array {
    return generator.permutation(this.subset.length).map((i) => this.subset[i]);
  }
}

/** Options of {@link RepeatFactorTrainingSampler}. */
export interface RepeatFactorTrainingSamplerOptions {
  /** For each image, how often it comes in a round on average; see {@link repeatFactorsFromCategoryFrequency}. */
  readonly repeatFactors: ArrayLike<number>;
  readonly seed: number;
}

/**
 * Images with rare classes come more often: the sampling of LVIS (Gupta et al., 2019). The fraction of a repeat factor is
 * rounded up or down at random in every round.
 */
export class RepeatFactorTrainingSampler extends RoundSampler {
  readonly repeatFactors: Float64Array;

  constructor({ repeatFactors, seed }: RepeatFactorTrainingSamplerOptions) {
    super(seed);
    checkedSize(repeatFactors.length);
    this.repeatFactors = Float64Array.from(repeatFactors);
    const valid = this.repeatFactors.every((factor) => factor >= 0 && factor < Infinity);
    if (!valid || this.repeatFactors.every((factor) => factor === 0)) {
      const wanted = "finite factors of at least 0, not all of them 0";
      throw new DataOptionError("repeatFactors", [...this.repeatFactors], wanted);
    }
  }

  protected override drawRound(generator: Generator): Int32Array {
    const indices: number[] = [];
    // Factors below 1 may leave out every image of a round.
    while (indices.length === 0) {
      this.repeatFactors.forEach((factor, image) => {
        const whole = Math.trunc(factor);
        const repeats = whole + (generator.next() < factor - whole ? 1 : 0);
        for (let i = 0; i < repeats; i++) indices.push(image);
      });
    }
    return generator.permutation(indices.length).map((i) => indices[i]);
  }
}

/**
 * Repeat factors by how many images have each class: `r(c) = max(1, √(threshold / f(c)))` for a class in the share f(c) of
 * the images; an image has the greatest factor of its classes, and 1 without annotations.
 *
 * @param sqrt - whether to take the root, true by default.
 */
export function repeatFactorsFromCategoryFrequency(
  dicts: readonly DatasetDict[],
  repeatThreshold: number,
  sqrt = true,
): Float64Array {
  const classes = dicts.map(
    ({ annotations = [] }) => new Set(annotations.map(({ categoryId }) => categoryId)),
  );
  const counts = new Map<number, number>();
  for (const present of classes) {
    for (const category of present) counts.set(category, (counts.get(category) ?? 0) + 1);
  }
  const factors = new Map<number, number>();
  for (const [category, count] of counts) {
    const ratio = repeatThreshold / (count / dicts.length);
    factors.set(category, Math.max(1, sqrt ? Math.sqrt(ratio) : ratio));
  }
  return Float64Array.from(classes, (present) =>
    Math.max(1, ...Array.from(present, (category) => factors.get(category) ?? 1)),
  );
}

/** Options of {@link InferenceSampler}. */
export interface InferenceSamplerOptions {
  readonly size: number;
  /** Which of the parts, 0 by default. */
  readonly rank?: number;
  /** Into how many parts the dataset is divided, 1 by default. */
  readonly worldSize?: number;
}

/** Every image of a dataset, or of one of its parts, once and in order. Parts differ by one image at most. */
export class InferenceSampler implements Iterable<number> {
  /** First index, and the one after the last. */
  readonly begin: number;
  readonly end: number;

  constructor({ size, rank = 0, worldSize = 1 }: InferenceSamplerOptions) {
    const share = Math.floor(size / worldSize);
    const larger = size % worldSize;
    this.begin = rank * share + Math.min(rank, larger);
    this.end = Math.min(size, this.begin + share + (rank < larger ? 1 : 0));
  }

  get length(): number {
    return this.end - this.begin;
  }

  *[Symbol.iterator](): IterableIterator<number> {
    for (let index = this.begin; index < this.end; index++) yield index;
  }
}

function checkedSize(size: number): number {
  if (!(Number.isInteger(size) && size > 0)) {
    throw new DataOptionError("size", size, "at least one image");
  }
  return size;
}
