/** A source of random numbers. A seeded one makes sampling repeatable. */
export interface RandomGenerator {
  /** The next number, uniform in [0, 1). */
  next(): number;
}

/** The platform's generator, which cannot be seeded. */
export const platformGenerator: RandomGenerator = { next: () => Math.random() };
