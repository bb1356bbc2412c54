/** A feature map is asked for that the backbone does not have. */
export class UnknownFeatureError extends Error {
  override readonly name = "UnknownFeatureError";

  constructor(
    /** The class that was asked. */
    readonly backbone: string,
    /** The name that was asked for. */
    readonly feature: string,
    /** The names that there are. */
    readonly available: readonly string[],
  ) {
    super(`${backbone}: there is no feature "${feature}" among ${available.join(", ")}`);
  }
}

/** A pyramid is asked to stand on features whose strides are not consecutive powers of two. */
export class FeatureStrideError extends Error {
  override readonly name = "FeatureStrideError";

  constructor(
    /** Names of the features in the order given. */
    readonly features: readonly string[],
    /** Their strides; undefined where the backbone does not tell. */
    readonly strides: readonly (number | undefined)[],
  ) {
    const got = features.map((feature, i) => `${feature}: ${strides[i] ?? "unknown"}`).join(", ");
    super(
      `Feature pyramid: strides are ${got || "none"}; wanted powers of two, each twice the one before`,
    );
  }
}
