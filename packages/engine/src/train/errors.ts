/** Training is asked to run over what is no range of iterations. */
export class TrainingRangeError extends Error {
  override readonly name = "TrainingRangeError";

  constructor(
    readonly startIter: number,
    readonly maxIter: number,
  ) {
    super(`Training from ${startIter} to ${maxIter}; wanted integers ≥ 0`);
  }
}

/** A trainer or a hook is in no state for what is asked, or is given a state that it can't take. */
export class TrainerStateError extends Error {
  override readonly name = "TrainerStateError";

  constructor(
    /** What is wrong: a property, or `state` for what was to be loaded. */
    readonly what: string,
    readonly detail: string,
    options?: ErrorOptions,
  ) {
    super(`${what} ${detail}`, options);
  }
}

/** A trainer or hook is made with an option that can't be used. */
export class TrainerOptionError extends Error {
  override readonly name = "TrainerOptionError";

  constructor(
    /** Class that the option is of. */
    readonly owner: string,
    readonly option: string,
    readonly got: unknown,
    readonly wanted: string,
  ) {
    super(`${owner}: ${option} is ${String(got)}; wanted ${wanted}`);
  }
}

/** A step of training is asked of a model that is out of training. */
export class ModelNotInTrainingError extends Error {
  override readonly name = "ModelNotInTrainingError";

  constructor() {
    super("The model is out of training; call its train() before, and after evaluating it");
  }
}

/** The data loader ended while training goes on. */
export class DataLoaderEndedError extends Error {
  override readonly name = "DataLoaderEndedError";

  constructor(
    /** The iteration that there was no batch for. */
    readonly iteration: number,
  ) {
    super(`The data loader ended before iteration ${iteration}; training wants one without end`);
  }
}

/** Losses that are infinite or NaN: training has diverged, or a batch can't be learned from. Nothing was updated. */
export class NonFiniteLossError extends Error {
  override readonly name = "NonFiniteLossError";

  constructor(
    readonly iteration: number,
    /** All losses of the iteration, by name. */
    readonly losses: Readonly<Record<string, number>>,
    /** Files of the batch's images, as far as its entries name them. */
    readonly fileNames: readonly string[],
  ) {
    const values = Object.entries(losses).map(([name, value]) => `${name}: ${value}`);
    const files = fileNames.length > 0 ? `, files: ${fileNames.join(", ")}` : "";
    super(
      `Loss became infinite or NaN at iteration ${iteration} (${values.join(", ")})${files}. ` +
        "A lower learning rate, a longer warm-up or clipped gradients may help",
    );
  }
}

/** A model can't give the losses of a batch: something is wrong with the batch, or with what the model has learned. */
export class TrainingStepError extends Error {
  override readonly name = "TrainingStepError";

  constructor(
    readonly iteration: number,
    /** Files of the batch's images, as far as its entries name them. */
    readonly fileNames: readonly string[],
    /** What the model threw. */
    override readonly cause: unknown,
  ) {
    const files = fileNames.length > 0 ? ` on the files ${fileNames.join(", ")}` : "";
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`Iteration ${iteration} failed${files}: ${reason}`, { cause });
  }
}

/** An evaluation gave something else than numbers by name. */
export class EvaluationResultError extends Error {
  override readonly name = "EvaluationResultError";

  constructor(
    /** Name of the result; names of nested results are joined by `/`. */
    readonly metric: string,
    readonly got: unknown,
  ) {
    super(`The evaluation's result ${metric} is ${String(got)}; wanted a number`);
  }
}
