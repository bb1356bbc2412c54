import { ScheduleOptionError } from "../errors.ts";
import {
  constantParamScheduler,
  linearParamScheduler,
  WHERE_EPSILON,
  type ParamScheduler,
} from "./param-scheduler.ts";

/**
 * What a schedule that runs for a part of training is given: its progress through that part (`rescaled`: it goes
 * from its first to its last value), or that of the whole training (`fixed`).
 */
export type IntervalScaling = "rescaled" | "fixed";

/** A schedule, and the part of training it runs for. */
export interface ScheduleInterval {
  readonly scheduler: ParamScheduler;
  /** Its share of the training; all of them add up to 1. */
  readonly length: number;
  /** `rescaled` when left out. */
  readonly scaling?: IntervalScaling;
}

/**
 * Schedules one after another. Mirrors fvcore's `CompositeParamScheduler`.
 *
 * @throws ScheduleOptionError when there are none, or their lengths are not 1 together (within 0.001, which the
 *   last one makes up for).
 */
export function compositeParamScheduler({
  intervals,
}: {
  readonly intervals: readonly ScheduleInterval[];
}): ParamScheduler {
  const name = "compositeParamScheduler";
  if (intervals.length === 0) {
    throw new ScheduleOptionError(name, "intervals", "have to be one or more");
  }
  const lengths = intervals.map(({ length }) => length);
  const sum = total(lengths);
  if (!(Math.abs(sum - 1) < 1e-3)) {
    throw new ScheduleOptionError(name, "intervals", `have lengths of ${sum} together, not 1`);
  }
  const lastIndex = lengths.length - 1;
  if (sum !== 1) lengths[lastIndex] = 1 - total(lengths.slice(0, -1));

  return (where) => {
    let index = 0;
    let end = lengths[0];
    while (where + WHERE_EPSILON > end && index < lastIndex) {
      index += 1;
      end += lengths[index];
    }
    const { scheduler, scaling = "rescaled" } = intervals[index];
    if (scaling === "fixed") return scheduler(where);
    const start = end - lengths[index];
    return scheduler((where - start) / lengths[index]);
  };
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** How a warm-up gets to its end: by equal steps, or by a jump after it. */
export type WarmupMethod = "linear" | "constant";

/** Options of {@link warmupParamScheduler}. */
export interface WarmupParamSchedulerOptions {
  /** The schedule that follows. */
  readonly scheduler: ParamScheduler;
  /** The first value, relative to the first of `scheduler`. */
  readonly warmupFactor: number;
  /** Share of the training that is warm-up, 0 to 1. */
  readonly warmupLength: number;
  /** `linear` when left out. */
  readonly warmupMethod?: WarmupMethod;
  /** Whether `scheduler` begins at the end of the warm-up, instead of having run meanwhile; false when left out. */
  readonly rescaleInterval?: boolean;
}

/**
 * Puts a warm-up before a schedule; it ends at the value that the schedule goes on from. Mirrors
 * `detectron2.solver.lr_scheduler.WarmupParamScheduler`.
 */
export function warmupParamScheduler({
  scheduler,
  warmupFactor,
  warmupLength,
  warmupMethod = "linear",
  rescaleInterval = false,
}: WarmupParamSchedulerOptions): ParamScheduler {
  const startValue = warmupFactor * scheduler(0);
  const endValue = scheduler(rescaleInterval ? 0 : warmupLength);
  const warmup =
    warmupMethod === "constant"
      ? constantParamScheduler({ value: startValue })
      : linearParamScheduler({ startValue, endValue });
  return compositeParamScheduler({
    intervals: [
      { scheduler: warmup, length: warmupLength },
      { scheduler, length: 1 - warmupLength, scaling: rescaleInterval ? "rescaled" : "fixed" },
    ],
  });
}
