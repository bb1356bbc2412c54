import { lazy } from "@detectron-ts/config";
import { multiStepParamScheduler, warmupParamScheduler } from "@detectron-ts/solver";

/** Options of {@link steppedSchedule}. */
export interface SteppedScheduleOptions {
  readonly milestones: readonly number[];
  readonly numUpdates?: number;
  readonly warmupLength: number;
  readonly warmupFactor: number;
}

/** The full rate, a tenth and a hundredth of it, after a linear warm-up. */
export function steppedSchedule({
  milestones,
  numUpdates,
  warmupLength,
  warmupFactor,
}: SteppedScheduleOptions) {
  const values = [1, 0.1, 0.01];
  return lazy(warmupParamScheduler, {
    scheduler:
      numUpdates === undefined
        ? lazy(multiStepParamScheduler, { values, milestones })
        : lazy(multiStepParamScheduler, { values, milestones, numUpdates }),
    warmupLength,
    warmupMethod: "linear",
    warmupFactor,
  });
}

/**
 * The schedule that papers call 1x, 3x and so on: 90000 iterations of 16 images for each x, about 12 epochs of COCO. The
 * rate falls 60000 and 20000 iterations before the end ("Rethinking ImageNet Pre-training", He et al. 2019, section 4); up
 * to 2x at 6/9 and 8/9. Mirrors `default_X_scheduler` of detectron2's `configs/common/coco_schedule.py`.
 */
export function cocoSchedule(x: number) {
  const total = x * 90000;
  return steppedSchedule({
    milestones: x <= 2 ? [60000, 80000, 90000] : [total - 60000, total - 20000, total],
    warmupLength: 1000 / total,
    warmupFactor: 0.001,
  });
}
