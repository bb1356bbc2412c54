/** An option that an optimizer, or the parameter groups for one, cannot be made with. */
export class OptimizerOptionError extends Error {
  override readonly name = "OptimizerOptionError";
  constructor(
    /** The class or function. */
    readonly optimizer: string,
    /** Name of the option. */
    readonly option: string,
    readonly detail: string,
  ) {
    super(`${optimizer}: ${option} ${detail}`);
  }
}

/** A saved state that is not one, or does not fit what it is to be loaded into. */
export class SolverStateError extends Error {
  override readonly name = "SolverStateError";
  constructor(
    /** Where in the saved state, as `param_groups.0.lr`. */
    readonly path: string,
    readonly detail: string,
  ) {
    super(`saved state: ${path} ${detail}`);
  }
}

/** An option that no schedule can be made with. */
export class ScheduleOptionError extends Error {
  override readonly name = "ScheduleOptionError";
  constructor(
    /** The schedule's function. */
    readonly schedule: string,
    /** Name of the option. */
    readonly option: string,
    readonly detail: string,
  ) {
    super(`${schedule}: ${option} ${detail}`);
  }
}

/** A schedule was asked for a value past its end. */
export class ScheduleRangeError extends Error {
  override readonly name = "ScheduleRangeError";
  constructor(
    /** The schedule's function. */
    readonly schedule: string,
    /** The progress asked for. */
    readonly where: number,
    /** What the progress has to be. */
    readonly wanted: string,
  ) {
    super(`${schedule}: progress has to be ${wanted}, got ${where}`);
  }
}

/** A value in the config that no optimizer or schedule can be built from. */
export class SolverConfigError extends Error {
  override readonly name = "SolverConfigError";
  constructor(
    /** The key, as `SOLVER.LR_SCHEDULER_NAME`. */
    readonly key: string,
    readonly got: unknown,
    readonly wanted: string,
  ) {
    super(`${key} has to be ${wanted}, got ${JSON.stringify(got)}`);
  }
}
