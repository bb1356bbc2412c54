import { ScheduleOptionError, ScheduleRangeError } from "../errors.ts";
import { cosine } from "./cosine.ts";

/**
 * A value as a function of the progress of training, from 0 at its start up to, but not including, 1 at its end.
 * Schedules depend on progress only, and so serve trainings of any length. Mirrors fvcore's `ParamScheduler`.
 */
export type ParamScheduler = (where: number) => number;

/** Added to the progress before it is compared with a boundary, so that rounding does not delay a step. */
export const WHERE_EPSILON = 1e-6;

/**
 * The same value throughout. Mirrors fvcore's `ConstantParamScheduler`.
 *
 * @returns A schedule that throws ScheduleRangeError at a progress of 1 and beyond.
 */
export function constantParamScheduler({ value }: { readonly value: number }): ParamScheduler {
  return (where) => {
    if (where >= 1) throw new ScheduleRangeError("constantParamScheduler", where, "below 1");
    return value;
  };
}

/** From one value to another in equal steps. Mirrors fvcore's `LinearParamScheduler`. */
export function linearParamScheduler({
  startValue,
  endValue,
}: {
  readonly startValue: number;
  readonly endValue: number;
}): ParamScheduler {
  return (where) => endValue * where + startValue * (1 - where);
}

/**
 * From one value to another along half a period of a cosine, without restarts: end + (start - end)/2 · (1 + cos πw)
 * (SGDR, arXiv:1608.03983, eq. 5). Mirrors fvcore's `CosineParamScheduler`.
 */
export function cosineParamScheduler({
  startValue,
  endValue,
}: {
  readonly startValue: number;
  readonly endValue: number;
}): ParamScheduler {
  return (where) => endValue + 0.5 * (startValue - endValue) * (1 + cosine(Math.PI * where));
}

/** start · decay^where. Mirrors fvcore's `ExponentialParamScheduler`. */
export function exponentialParamScheduler({
  startValue,
  decay,
}: {
  readonly startValue: number;
  readonly decay: number;
}): ParamScheduler {
  return (where) => startValue * decay ** where;
}

/** base · (1 - where)^power. Mirrors fvcore's `PolynomialDecayParamScheduler`. */
export function polynomialDecayParamScheduler({
  baseValue,
  power,
}: {
  readonly baseValue: number;
  readonly power: number;
}): ParamScheduler {
  return (where) => baseValue * (1 - where) ** power;
}

/** Options of {@link multiStepParamScheduler}. */
export interface MultiStepParamSchedulerOptions {
  /** The value of each range. */
  readonly values: readonly number[];
  /** End of the last range, in any unit; the last milestone when left out. */
  readonly numUpdates?: number;
  /** Where ranges end, ascending, in the same unit; ranges of equal length when left out. */
  readonly milestones?: readonly number[];
}

/**
 * One value after another, changing at milestones. Mirrors fvcore's `MultiStepParamScheduler`.
 *
 * @returns A schedule that throws ScheduleRangeError beyond a progress of 1.
 * @throws ScheduleOptionError when values and milestones do not match, or milestones do not ascend from above 0
 *   to below `numUpdates`.
 */
export function multiStepParamScheduler({
  values,
  numUpdates,
  milestones,
}: MultiStepParamSchedulerOptions): ParamScheduler {
  const name = "multiStepParamScheduler";
  const [end, steps] = ranges(values.length, numUpdates, milestones);
  if (end < values.length) {
    const detail = `has to be at least the number of values, ${values.length}, got ${end}`;
    throw new ScheduleOptionError(name, "numUpdates", detail);
  }
  let previous = 0;
  for (const step of steps) {
    if (step >= end || step <= previous) {
      const detail = `have to ascend from above 0 to below ${end}, got ${steps.join(", ")}`;
      throw new ScheduleOptionError(name, "milestones", detail);
    }
    previous = step;
  }
  return (where) => {
    if (where > 1) throw new ScheduleRangeError(name, where, "at most 1");
    const update = Math.trunc((where + WHERE_EPSILON) * end);
    return values[steps.filter((step) => step <= update).length];
  };
}

/** Where the last range ends, and the others. */
function ranges(
  numValues: number,
  numUpdates: number | undefined,
  milestones: readonly number[] | undefined,
): [end: number, steps: readonly number[]] {
  const name = "multiStepParamScheduler";
  if (milestones === undefined) {
    if (numUpdates === undefined) {
      throw new ScheduleOptionError(name, "numUpdates", "or milestones have to be given");
    }
    const width = Math.ceil(numUpdates / numValues);
    return [numUpdates, Array.from({ length: numValues - 1 }, (_, i) => width * (i + 1))];
  }
  const wanted = numUpdates === undefined ? numValues : numValues - 1;
  if (milestones.length !== wanted) {
    const detail = `have to be ${wanted} for ${numValues} values, got ${milestones.length}`;
    throw new ScheduleOptionError(name, "milestones", detail);
  }
  if (numUpdates !== undefined) return [numUpdates, milestones];
  return [milestones[wanted - 1], milestones.slice(0, -1)];
}

/**
 * One value after another for equal times. Mirrors fvcore's `StepParamScheduler`.
 *
 * @returns A schedule that throws ScheduleRangeError at a progress of 1 and beyond.
 * @throws ScheduleOptionError when there are no values.
 */
export function stepParamScheduler({
  values,
}: {
  readonly values: readonly number[];
}): ParamScheduler {
  const name = "stepParamScheduler";
  if (values.length === 0) throw new ScheduleOptionError(name, "values", "have to be one or more");
  return (where) => {
    const index = Math.trunc((where + WHERE_EPSILON) * values.length);
    if (index >= values.length) throw new ScheduleRangeError(name, where, "below 1");
    return values[index];
  };
}

/**
 * `numDecays` multiplications by `gamma` at equal distances, so `numDecays` + 1 values. Mirrors fvcore's
 * `StepWithFixedGammaParamScheduler`.
 *
 * @returns A schedule that throws ScheduleRangeError at a progress of 1 and beyond.
 * @throws ScheduleOptionError when a value is not positive, or `numDecays` is no integer.
 */
export function stepWithFixedGammaParamScheduler({
  baseValue,
  gamma,
  numDecays,
}: {
  readonly baseValue: number;
  readonly gamma: number;
  readonly numDecays: number;
}): ParamScheduler {
  const name = "stepWithFixedGammaParamScheduler";
  for (const [option, value] of Object.entries({ baseValue, gamma, numDecays })) {
    if (!(value > 0)) throw new ScheduleOptionError(name, option, `has to be > 0, got ${value}`);
  }
  if (!Number.isInteger(numDecays)) {
    throw new ScheduleOptionError(name, "numDecays", `has to be an integer, got ${numDecays}`);
  }
  const values = [baseValue];
  for (let i = 0; i < numDecays; i++) values.push(values[i] * gamma);
  return stepParamScheduler({ values });
}
