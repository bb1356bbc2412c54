/** An array handed to the visualizer has a shape that it cannot draw. */
export class DrawingShapeError extends Error {
  override readonly name = "DrawingShapeError";
  /** What the array is, such as `"image"`. */
  readonly what: string;
  readonly shape: readonly number[];
  /** What was wanted, in words. */
  readonly wanted: string;

  constructor(what: string, shape: readonly number[], wanted: string) {
    super(`Got ${what} of shape [${shape.join(", ")}], wanted ${wanted}`);
    this.what = what;
    this.shape = shape;
    this.wanted = wanted;
  }
}

/** The parts of one overlay do not describe the same number of instances. */
export class InstanceCountError extends Error {
  override readonly name = "InstanceCountError";
  /** Number of entries by part, such as `{ boxes: 3, labels: 2 }`. */
  readonly counts: Readonly<Record<string, number>>;

  constructor(counts: Readonly<Record<string, number>>) {
    const parts = Object.entries(counts).map(([part, count]) => `${count} ${part}`);
    super(`Got ${parts.join(", ")}; wanted as many of each`);
    this.counts = counts;
  }
}
