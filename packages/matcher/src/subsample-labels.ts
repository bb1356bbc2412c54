import { platformGenerator, type RandomGenerator } from "./random-generator.ts";

/** Options of {@link subsampleLabels}. */
export interface SubsampleOptions {
  /** How many to take in all; fewer if there are not so many. */
  readonly numSamples: number;
  /** Most of `numSamples` that may be positive, as a fraction. */
  readonly positiveFraction: number;
  /** The label of negatives: 0 for anchors, the number of classes for proposals. */
  readonly backgroundLabel: number;
  /** Source of randomness; `Math.random` by default. */
  readonly generator?: RandomGenerator;
}

/** Positions sampled from the labels, in random order. */
export interface SampledLabels {
  readonly positive: Int32Array;
  readonly negative: Int32Array;
}

/**
 * Takes a random, roughly balanced sample of labels, without repeats. Positive is every label but -1 (ignore) and the
 * background; negatives fill what positives leave. Mirrors `detectron2.modeling.sampling.subsample_labels`.
 */
export function subsampleLabels(
  labels: Int8Array | Int32Array,
  {
    numSamples,
    positiveFraction,
    backgroundLabel,
    generator = platformGenerator,
  }: SubsampleOptions,
): SampledLabels {
  const positive: number[] = [];
  const negative: number[] = [];
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === backgroundLabel) negative.push(i);
    else if (labels[i] !== -1) positive.push(i);
  }
  const numPositive = Math.min(positive.length, Math.trunc(numSamples * positiveFraction));
  const numNegative = Math.min(negative.length, numSamples - numPositive);
  return {
    positive: takeRandom(positive, numPositive, generator),
    negative: takeRandom(negative, numNegative, generator),
  };
}

/** The first steps of a Fisher–Yates shuffle: as many as are wanted. */
function takeRandom(items: number[], count: number, generator: RandomGenerator): Int32Array {
  for (let i = 0; i < count; i++) {
    const chosen = i + Math.floor(generator.next() * (items.length - i));
    [items[i], items[chosen]] = [items[chosen], items[i]];
  }
  return Int32Array.from(items.slice(0, count));
}
