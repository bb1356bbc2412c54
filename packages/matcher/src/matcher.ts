import type { NdArray } from "ndarray";

import { MatcherOptionsError, MatchQualityError, MatchQualityShapeError } from "./errors.ts";

/** What a match may be labelled: 0 background, 1 foreground, -1 neither. */
export type MatchLabel = -1 | 0 | 1;

/** Options of {@link Matcher}. */
export interface MatcherOptions {
  /** Ascending, positive bounds between intervals of quality; a bound belongs to the interval above it. */
  readonly thresholds: readonly number[];
  /** {@link MatchLabel} of each interval from the lowest to the highest: one more than thresholds. */
  readonly labels: readonly number[];
  /** Also label 1 whatever matches a ground truth best, however badly; false by default. */
  readonly allowLowQualityMatches?: boolean;
}

/** What {@link Matcher.match} says about each of N predictions. */
export interface Matches {
  /** The ground truth that fits best, the first of several; 0 when there is none. */
  readonly matches: Int32Array;
  /** The prediction's label. */
  readonly matchLabels: Int8Array;
}

/**
 * Assigns to each prediction (anchor or proposal) the ground truth of highest quality (say, overlap) and a label that
 * depends on the quality. Mirrors `detectron2.modeling.matcher.Matcher`.
 */
export class Matcher {
  readonly thresholds: readonly number[];
  readonly labels: readonly MatchLabel[];
  readonly allowLowQualityMatches: boolean;
  /** Thresholds as float32: qualities are, and one equal to a rounded threshold has reached it. */
  readonly #bounds: Float32Array;

  /** @throws {@link MatcherOptionsError} */
  constructor({ thresholds, labels, allowLowQualityMatches = false }: MatcherOptions) {
    if (labels.length !== thresholds.length + 1) {
      throw new MatcherOptionsError("One more label than thresholds is needed", thresholds, labels);
    }
    if (!thresholds.every((value, i) => (i === 0 ? value > 0 : value >= thresholds[i - 1]))) {
      throw new MatcherOptionsError("Thresholds must be positive and ascend", thresholds, labels);
    }
    if (!labels.every(isMatchLabel)) {
      throw new MatcherOptionsError("Labels must be -1, 0 or 1", thresholds, labels);
    }
    this.thresholds = thresholds;
    this.labels = labels;
    this.allowLowQualityMatches = allowLowQualityMatches;
    this.#bounds = Float32Array.from(thresholds);
  }

  /**
   * Matches N predictions with M ground truths.
   *
   * With `allowLowQualityMatches`, every prediction whose quality equals the best that some ground truth has (ties
   * included) is labelled 1, though it stays matched to the ground truth that fits itself best. As in detectron2, a
   * ground truth that overlaps nothing has best quality 0, and so turns every prediction without overlap positive.
   *
   * @param quality - M×N, all 0 or more, such as `pairwiseIou(groundTruth, predictions)`.
   * @throws {@link MatchQualityError} | {@link MatchQualityShapeError}
   */
  match(quality: NdArray<Float32Array>): Matches {
    if (quality.shape.length !== 2) throw new MatchQualityShapeError(quality.shape);
    const [numGroundTruths, numPredictions] = quality.shape;
    const matches = new Int32Array(numPredictions);
    const matchLabels = new Int8Array(numPredictions);
    if (numGroundTruths === 0) {
      matchLabels.fill(this.labels[0]);
      return { matches, matchLabels };
    }

    const best = new Float32Array(numPredictions).fill(-1);
    const bestOfGroundTruth = new Float32Array(numGroundTruths);
    const { data, stride, offset } = quality;
    const step = stride[1];
    for (let truth = 0; truth < numGroundTruths; truth++) {
      let at = offset + truth * stride[0];
      let highest = 0;
      for (let prediction = 0; prediction < numPredictions; prediction++, at += step) {
        const value = data[at];
        if (!(value >= 0)) throw new MatchQualityError(truth, prediction, value);
        if (value > highest) highest = value;
        if (value > best[prediction]) {
          best[prediction] = value;
          matches[prediction] = truth;
        }
      }
      bestOfGroundTruth[truth] = highest;
    }

    for (let prediction = 0; prediction < numPredictions; prediction++) {
      matchLabels[prediction] = this.#labelOf(best[prediction]);
    }
    if (this.allowLowQualityMatches) labelBestMatches(quality, bestOfGroundTruth, matchLabels);
    return { matches, matchLabels };
  }

  #labelOf(quality: number): MatchLabel {
    let interval = 0;
    while (interval < this.#bounds.length && quality >= this.#bounds[interval]) interval++;
    return this.labels[interval];
  }
}

/** Labels 1 each prediction that is as good as any for some ground truth. */
function labelBestMatches(
  { data, shape: [numGroundTruths, numPredictions], stride, offset }: NdArray<Float32Array>,
  bestOfGroundTruth: Float32Array,
  matchLabels: Int8Array,
): void {
  for (let truth = 0; truth < numGroundTruths; truth++) {
    const highest = bestOfGroundTruth[truth];
    let at = offset + truth * stride[0];
    for (let prediction = 0; prediction < numPredictions; prediction++, at += stride[1]) {
      if (data[at] === highest) matchLabels[prediction] = 1;
    }
  }
}

function isMatchLabel(label: number): label is MatchLabel {
  return label === -1 || label === 0 || label === 1;
}
