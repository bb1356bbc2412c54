/** Feature maps that are not one for each stride, or have no height and width. */
export class FeatureMapError extends Error {
  override readonly name = "FeatureMapError";
  /** Shapes of the feature maps. */
  readonly shapes: readonly (readonly number[])[];
  /** Number of feature maps the generator was made for. */
  readonly numFeatures: number;

  constructor(shapes: readonly (readonly number[])[], numFeatures: number) {
    const list = shapes.map((shape) => `[${shape.join(", ")}]`).join(", ");
    super(
      `Anchors need the height and width of ${numFeatures} feature maps, got ${list || "none"}.`,
    );
    this.shapes = shapes;
    this.numFeatures = numFeatures;
  }
}
