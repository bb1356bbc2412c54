/** An instance of the ground truth is of a class that the model doesn't have. */
export class GroundTruthClassError extends Error {
  override readonly name = "GroundTruthClassError";
  /** Position of the image in the batch. */
  readonly index: number;
  /** Position among the instances of the image. */
  readonly row: number;
  readonly label: number;
  readonly numClasses: number;

  constructor(index: number, row: number, label: number, numClasses: number) {
    super(
      `Instance ${row} of image ${index} of the batch is of class ${label}; ` +
        `wanted 0 to ${numClasses - 1}`,
    );
    this.index = index;
    this.row = row;
    this.label = label;
    this.numClasses = numClasses;
  }
}
