import type { UnknownConfigError } from "@detectron-ts/model-zoo";

/** An image handed to a predictor is not height × width × 3 bytes. */
export class PredictorImageError extends Error {
  override readonly name = "PredictorImageError";
  readonly shape: readonly number[];
  /** Name of the class of the image's data. */
  readonly dataType: string;

  constructor(shape: readonly number[], dataType: string) {
    super(
      `The image is a ${dataType} of shape [${shape.join(", ")}]; wanted a Uint8Array of [height, width, 3]`,
    );
    this.shape = shape;
    this.dataType = dataType;
  }
}

/** A predictor is to be made of a config that names no checkpoint: its model would be random. */
export class MissingWeightsError extends Error {
  override readonly name = "MissingWeightsError";

  constructor(
    /** Where a config names its checkpoint. */
    readonly key = "MODEL.WEIGHTS",
  ) {
    super(
      `${key} is empty: name a checkpoint there or as \`weights\`, ` +
        "or construct the predictor around a model of your own",
    );
  }
}

/** A list of overrides ends with a key, or has something else in the place of a key. */
export class OverridesError extends Error {
  override readonly name = "OverridesError";
  readonly overrides: readonly string[];
  /** Position of the entry that is wrong. */
  readonly index: number;

  constructor(overrides: readonly string[], index: number, reason: string) {
    super(`Override ${index + 1} of ${overrides.length}, "${overrides[index]}", ${reason}`);
    this.overrides = overrides;
    this.index = index;
  }
}

/** A config was named that is neither a file nor in the model zoo. */
export class ConfigNotFoundError extends Error {
  override readonly name = "ConfigNotFoundError";
  /** The path or name asked for. */
  readonly configFile: string;

  constructor(configFile: string, cause: UnknownConfigError) {
    super(`There is no file ${configFile}. ${cause.message}`, { cause });
    this.configFile = configFile;
  }
}

/** Something failed on a predictor's thread, of whose error only name, message and stack come across. */
export class WorkerPredictionError extends Error {
  override readonly name = "WorkerPredictionError";
  /** Name of the error's class. */
  readonly causeName: string;
  /** Where it was thrown. */
  readonly causeStack: string | undefined;

  constructor(error: {
    readonly name: string;
    readonly message: string;
    readonly stack: string | undefined;
  }) {
    super(`${error.name} on the predictor's thread: ${error.message}`);
    this.causeName = error.name;
    this.causeStack = error.stack;
  }
}

/** A predictor is asked after it was closed, or was closed before it answered. */
export class PredictorClosedError extends Error {
  override readonly name = "PredictorClosedError";

  constructor() {
    super("The predictor is closed");
  }
}

/** A registered dataset can't be evaluated on, as its ground truth lacks something. */
export class GroundTruthError extends Error {
  override readonly name = "GroundTruthError";

  constructor(
    readonly datasetName: string,
    readonly detail: string,
  ) {
    super(`Dataset "${datasetName}" can't be evaluated on: ${detail}`);
  }
}

/** The metadata of a dataset names an evaluator that there is none of. */
export class UnknownEvaluatorError extends Error {
  override readonly name = "UnknownEvaluatorError";

  constructor(
    readonly datasetName: string,
    readonly evaluatorType: string,
    readonly known: readonly string[],
  ) {
    super(
      `Dataset "${datasetName}" has evaluatorType "${evaluatorType}"; wanted one of ${known.join(", ")}`,
    );
  }
}

/** A model does not give what a dataset is measured by. */
export class MissingOutputError extends Error {
  override readonly name = "MissingOutputError";

  constructor(
    readonly datasetName: string,
    /** `instances`, `semSeg` or `panopticSeg`. */
    readonly output: string,
    /** What the model gives. */
    readonly got: readonly string[],
  ) {
    super(
      `Dataset "${datasetName}" is measured by ${output}, but the model gives ${got.join(" and ") || "nothing"}`,
    );
  }
}

/** A config asks for a training or an evaluation without naming a dataset for it. */
export class MissingDatasetError extends Error {
  override readonly name = "MissingDatasetError";

  constructor(
    /** DATASETS.TRAIN or DATASETS.TEST. */
    readonly key: string,
  ) {
    super(`${key} names no dataset`);
  }
}
