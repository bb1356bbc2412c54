/** A source of uniform random numbers in [0, 1). The seedable `Generator` of `@detectron-ts/nn` is one. */
export interface RandomGenerator {
  /** The next number, at least 0 and less than 1. */
  next(): number;
}

/** The machine's own source, which cannot be seeded; the default wherever a generator may be given. */
export const systemRandom: RandomGenerator = { next: Math.random };

/** Uniform in [low, high). Like NumPy's, it runs downward when `high` is less than `low`. */
export function uniform(random: RandomGenerator, low: number, high: number): number {
  return low + (high - low) * random.next();
}

/** An integer, uniform from `low` to `high`, both included. */
export function integerBetween(random: RandomGenerator, low: number, high: number): number {
  return low + Math.floor(random.next() * (high - low + 1));
}

/** One of several values, each as likely. */
export function choice<Value>(random: RandomGenerator, values: readonly Value[]): Value {
  return values[integerBetween(random, 0, values.length - 1)];
}

/** Normal with mean 0 and standard deviation 1, by the transform of Box and Muller. */
export function normal(random: RandomGenerator): number {
  // 1 - u lies in (0, 1], where the logarithm is finite.
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
  return radius * Math.cos(2 * Math.PI * random.next());
}
