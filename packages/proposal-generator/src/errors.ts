/** An option from which no proposal generator can be made. */
export class RPNOptionError extends Error {
  override readonly name = "RPNOptionError";
  readonly option: string;
  readonly got: unknown;
  /** What was wanted, in words. */
  readonly wanted: string;

  constructor(option: string, got: unknown, wanted: string) {
    super(`${option} must be ${wanted}, got ${JSON.stringify(got)}.`);
    this.option = option;
    this.got = got;
    this.wanted = wanted;
  }
}

/** A feature map that is asked for by name but not there. */
export class MissingFeatureError extends Error {
  override readonly name = "MissingFeatureError";
  readonly feature: string;
  /** Names of the feature maps there are. */
  readonly available: readonly string[];

  constructor(feature: string, available: readonly string[]) {
    super(`There is no feature map ${feature} among ${available.join(", ") || "none"}.`);
    this.feature = feature;
    this.available = available;
  }
}

/** Predictions whose shapes do not belong together, or not to the anchors. */
export class PredictionShapeError extends Error {
  override readonly name = "PredictionShapeError";
  /** What has the wrong shape, in words. */
  readonly what: string;
  readonly got: readonly number[];
  /** The shape wanted, in words. */
  readonly wanted: string;

  constructor(what: string, got: readonly number[], wanted: string) {
    super(`${what} must have shape ${wanted}, got [${got.join(", ")}].`);
    this.what = what;
    this.got = got;
    this.wanted = wanted;
  }
}

/** Boxes or logits that became infinite or NaN in training: it has diverged. */
export class NonFiniteProposalError extends Error {
  override readonly name = "NonFiniteProposalError";
  /** Position of the image in the batch. */
  readonly image: number;
  /** Number of proposals of that image with an infinite number or NaN, before NMS. */
  readonly count: number;

  constructor(image: number, count: number) {
    super(`${count} proposals of image ${image} are infinite or NaN: training has diverged.`);
    this.image = image;
    this.count = count;
  }
}
