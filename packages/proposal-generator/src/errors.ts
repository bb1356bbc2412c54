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
