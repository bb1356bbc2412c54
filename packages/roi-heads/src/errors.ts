/** A feature map that the heads need and were not given, or one whose shape they cannot work with. */
export class InputShapeError extends Error {
  override readonly name = "InputShapeError";
  /** The feature map. */
  readonly feature: string;
  /** What is wrong with it. */
  readonly problem: string;

  constructor(feature: string, problem: string) {
    super(`Feature ${feature}: ${problem}.`);
    this.feature = feature;
    this.problem = problem;
  }
}

/** Two lists, or a list and a batch, that must be as long as each other, and are not. */
export class CountMismatchError extends Error {
  override readonly name = "CountMismatchError";
  /** What there are too many or too few of. */
  readonly what: string;
  readonly got: number;
  readonly wanted: number;

  constructor(what: string, got: number, wanted: number) {
    super(`Wanted ${wanted} ${what}, got ${got}.`);
    this.what = what;
    this.got = got;
    this.wanted = wanted;
  }
}

/** Ground truth that a step of training needs and that is not there. */
export class MissingGroundTruthError extends Error {
  override readonly name = "MissingGroundTruthError";
  /** The field that is missing, or `targets` if there is none at all. */
  readonly field: string;

  constructor(field: string) {
    super(`Training needs ${field}, which was not given.`);
    this.field = field;
  }
}

/** A class for which there is no mask. */
export class ClassIndexError extends Error {
  override readonly name = "ClassIndexError";
  readonly classIndex: number;
  /** How many classes there are masks for. */
  readonly numClasses: number;

  constructor(classIndex: number, numClasses: number) {
    super(`There is no mask for class ${classIndex} of ${numClasses}, counted from 0.`);
    this.classIndex = classIndex;
    this.numClasses = numClasses;
  }
}
