/** A number of a model or a results list that does not fit the dataset's classes. */
export class ClassIndexError extends Error {
  override readonly name = "ClassIndexError";
  readonly got: number;
  readonly numClasses: number;
  readonly imageId: number | string;

  constructor(got: number, numClasses: number, imageId: number | string) {
    super(
      `The model predicts class ${got} in image ${imageId}, but the dataset has ${numClasses} classes: ` +
        `is the model's number of classes (MODEL.ROI_HEADS.NUM_CLASSES) right for it?`,
    );
    this.got = got;
    this.numClasses = numClasses;
    this.imageId = imageId;
  }
}

/** Class names or ids that do not agree with the ground truth's categories. */
export class MetadataMismatchError extends Error {
  override readonly name = "MetadataMismatchError";
  /** What disagrees, in words. */
  readonly reason: string;

  constructor(reason: string) {
    super(`The metadata does not fit the ground truth: ${reason}.`);
    this.reason = reason;
  }
}

/** Predictions for an image without ground truth. */
export class MissingGroundTruthError extends Error {
  override readonly name = "MissingGroundTruthError";
  readonly imageId: number | string;

  constructor(imageId: number | string) {
    super(`There is no ground truth for image ${imageId}.`);
    this.imageId = imageId;
  }
}

/** An image of the ground truth that the model was not asked about, where all must be. */
export class MissingPredictionError extends Error {
  override readonly name = "MissingPredictionError";
  readonly imageId: number | string;

  constructor(imageId: number | string) {
    super(`There is no prediction for image ${imageId}.`);
    this.imageId = imageId;
  }
}

/** A prediction of pixels has another size than the ground truth. */
export class MaskSizeError extends Error {
  override readonly name = "MaskSizeError";
  readonly imageId: number | string;
  /** Height and width. */
  readonly got: readonly [number, number];
  readonly wanted: readonly [number, number];

  constructor(
    imageId: number | string,
    got: readonly [number, number],
    wanted: readonly [number, number],
  ) {
    super(
      `The prediction for image ${imageId} has height ${got[0]} and width ${got[1]}, its ground truth ${wanted[0]} and ${wanted[1]}.`,
    );
    this.imageId = imageId;
    this.got = got;
    this.wanted = wanted;
  }
}

/** A label of the ground truth that is neither a class nor ignored. */
export class LabelError extends Error {
  override readonly name = "LabelError";
  /** The file of the labels. */
  readonly file: string;
  readonly label: number;
  readonly numClasses: number;

  constructor(file: string, label: number, numClasses: number) {
    super(
      `${file} has label ${label}, but the dataset has ${numClasses} classes and ignores another label.`,
    );
    this.file = file;
    this.label = label;
    this.numClasses = numClasses;
  }
}

/** Predictions for an image were given twice. */
export class RepeatedImageError extends Error {
  override readonly name = "RepeatedImageError";
  readonly imageId: number | string;

  constructor(imageId: number | string) {
    super(`Image ${imageId} has been processed already.`);
    this.imageId = imageId;
  }
}

/** Two evaluators of a group report under one name. */
export class DuplicateResultError extends Error {
  override readonly name = "DuplicateResultError";
  readonly task: string;

  constructor(task: string) {
    super(`More than one evaluator reports results of ${task}.`);
    this.task = task;
  }
}

/** A batch and the model's answer to it differ in length. */
export class OutputLengthError extends Error {
  override readonly name = "OutputLengthError";
  readonly got: number;
  readonly wanted: number;

  constructor(got: number, wanted: number) {
    super(`The model gave ${got} outputs for a batch of ${wanted}.`);
    this.got = got;
    this.wanted = wanted;
  }
}

/** A metric that {@link verifyResults} found missing or too far from what was expected. */
export interface UnexpectedResult {
  readonly task: string;
  readonly metric: string;
  readonly expected: number;
  readonly tolerance: number;
  /** Undefined when the results don't have it. */
  readonly got: number | undefined;
}

/** Results are not those expected. */
export class UnexpectedResultsError extends Error {
  override readonly name = "UnexpectedResultsError";
  readonly failures: readonly UnexpectedResult[];

  constructor(failures: readonly UnexpectedResult[]) {
    const lines = failures.map(
      ({ task, metric, expected, tolerance, got }) =>
        `${task}/${metric}: got ${got ?? "nothing"}, wanted ${expected} ± ${tolerance}`,
    );
    super(`Results are not those expected:\n${lines.join("\n")}`);
    this.failures = failures;
  }
}

/** An entry of TEST.EXPECTED_RESULTS that is not a task, a metric, a value and a tolerance. */
export class ExpectedResultError extends Error {
  override readonly name = "ExpectedResultError";
  readonly got: unknown;

  constructor(got: unknown) {
    super(
      `An expected result must be [task, metric, value, tolerance], got ${JSON.stringify(got)}.`,
    );
    this.got = got;
  }
}

/** A region of many objects among rotated boxes, for which COCO has no rule. */
export class RotatedCrowdError extends Error {
  override readonly name = "RotatedCrowdError";
  /** Box of the region. */
  readonly bbox: readonly number[];

  constructor(bbox: readonly number[]) {
    super(
      `Rotated boxes cannot be compared with a crowd, which [${bbox.join(", ")}] is marked as.`,
    );
    this.bbox = bbox;
  }
}
