/** Thresholds and labels that do not divide the range of qualities into labelled intervals. */
export class MatcherOptionsError extends Error {
  override readonly name = "MatcherOptionsError";
  readonly thresholds: readonly number[];
  readonly labels: readonly number[];

  constructor(reason: string, thresholds: readonly number[], labels: readonly number[]) {
    super(`${reason}: thresholds [${thresholds.join(", ")}], labels [${labels.join(", ")}].`);
    this.thresholds = thresholds;
    this.labels = labels;
  }
}

/** A match quality that is negative or not a number. */
export class MatchQualityError extends Error {
  override readonly name = "MatchQualityError";
  /** Row: ground truth. */
  readonly groundTruth: number;
  /** Column: prediction. */
  readonly prediction: number;
  readonly quality: number;

  constructor(groundTruth: number, prediction: number, quality: number) {
    super(
      `Match qualities must be 0 or more, got ${quality} for ground truth ${groundTruth} and prediction ${prediction}.`,
    );
    this.groundTruth = groundTruth;
    this.prediction = prediction;
    this.quality = quality;
  }
}

/** A match quality matrix that does not have two axes. */
export class MatchQualityShapeError extends Error {
  override readonly name = "MatchQualityShapeError";
  readonly got: readonly number[];

  constructor(got: readonly number[]) {
    super(`Match qualities must have shape [ground truths, predictions], got [${got.join(", ")}].`);
    this.got = got;
  }
}
