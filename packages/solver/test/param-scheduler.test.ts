import {
  compositeParamScheduler,
  constantParamScheduler,
  cosineParamScheduler,
  exponentialParamScheduler,
  linearParamScheduler,
  multiStepParamScheduler,
  polynomialDecayParamScheduler,
  ScheduleOptionError,
  ScheduleRangeError,
  stepParamScheduler,
  stepWithFixedGammaParamScheduler,
  warmupParamScheduler,
  type ParamScheduler,
} from "@detectron-ts/solver";
import { describe, expect, it } from "vitest";

const over = (schedule: ParamScheduler, updates: number): number[] =>
  Array.from({ length: updates }, (_, i) => schedule(i / updates));

describe("schedules over the progress of training", () => {
  it("stay constant, and end at 1", () => {
    const schedule = constantParamScheduler({ value: 0.3 });
    expect([0, 0.5, 0.999].map(schedule)).toEqual([0.3, 0.3, 0.3]);
    expect(() => schedule(1)).toThrow(ScheduleRangeError);
  });

  it("go from one value to another along a line or a cosine", () => {
    const ends = { startValue: 1, endValue: 0.5 };
    expect([0, 0.5, 1].map(linearParamScheduler(ends))).toEqual([1, 0.75, 0.5]);
    expect([0, 0.5, 1].map(cosineParamScheduler(ends))).toEqual([1, 0.75, 0.5]);
    expect(cosineParamScheduler(ends)(1 / 3)).toBeCloseTo(0.875, 15);
  });

  it("decay exponentially and polynomially", () => {
    const exponential = exponentialParamScheduler({ startValue: 2, decay: 0.25 });
    expect([0, 0.5, 1].map(exponential)).toEqual([2, 1, 0.5]);
    const polynomial = polynomialDecayParamScheduler({ baseValue: 2, power: 2 });
    expect([0, 0.5, 1].map(polynomial)).toEqual([2, 0.5, 0]);
  });

  it("change at milestones, which are equal parts when not given", () => {
    const values = [1, 0.1, 0.01];
    const wanted = [1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01];
    for (const options of [
      { values, numUpdates: 9, milestones: [3, 6] },
      { values, numUpdates: 9 },
      { values, milestones: [3, 6, 9] },
      { values, milestones: [30, 60, 90] },
    ]) {
      const schedule = multiStepParamScheduler(options);
      expect(over(schedule, 9)).toEqual(wanted);
      expect(schedule(1)).toBe(0.01);
      expect(() => schedule(1.1)).toThrow(ScheduleRangeError);
    }
  });

  it("refuse milestones that do not ascend within training, or do not fit the values", () => {
    const values = [1, 0.1, 0.01];
    for (const options of [
      { values },
      { values, numUpdates: 2 },
      { values, numUpdates: 90, milestones: [30] },
      { values, numUpdates: 90, milestones: [0, 60] },
      { values, numUpdates: 90, milestones: [60, 60] },
      { values, numUpdates: 90, milestones: [30, 90] },
    ]) {
      expect(() => multiStepParamScheduler(options)).toThrow(ScheduleOptionError);
    }
  });

  it("step through values in equal times and raise at the end", () => {
    const schedule = stepWithFixedGammaParamScheduler({ baseValue: 1, gamma: 0.5, numDecays: 3 });
    expect(over(schedule, 8)).toEqual([1, 1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125]);
    expect(() => schedule(1)).toThrow(ScheduleRangeError);
    expect(() => stepParamScheduler({ values: [] })).toThrow(ScheduleOptionError);
    for (const [gamma, numDecays] of [
      [0, 3],
      [0.1, 0],
      [0.1, 1.5],
    ]) {
      expect(() => stepWithFixedGammaParamScheduler({ baseValue: 1, gamma, numDecays })).toThrow(
        ScheduleOptionError,
      );
    }
  });

  it("follow each other, with their own progress or that of the whole", () => {
    const line = linearParamScheduler({ startValue: 0, endValue: 1 });
    const rescaled = compositeParamScheduler({
      intervals: [
        { scheduler: constantParamScheduler({ value: 7 }), length: 0.5 },
        { scheduler: line, length: 0.5 },
      ],
    });
    expect(over(rescaled, 4)).toEqual([7, 7, 0, 0.5]);
    const fixed = compositeParamScheduler({
      intervals: [
        { scheduler: constantParamScheduler({ value: 7 }), length: 0.5 },
        { scheduler: line, length: 0.5, scaling: "fixed" },
      ],
    });
    expect(over(fixed, 4)).toEqual([7, 7, 0.5, 0.75]);
  });

  it("have to fill the training, within a thousandth", () => {
    const scheduler = linearParamScheduler({ startValue: 0, endValue: 1 });
    const of = (...lengths: number[]): ParamScheduler =>
      compositeParamScheduler({ intervals: lengths.map((length) => ({ scheduler, length })) });
    expect(() => of()).toThrow(ScheduleOptionError);
    expect(() => of(0.5, 0.4)).toThrow(ScheduleOptionError);
    expect(of(0.5, 0.4995)(1)).toBe(1);
  });

  it("are joined by a warm-up, which a length of 0 leaves out", () => {
    const scheduler = linearParamScheduler({ startValue: 1, endValue: 0 });
    const warm = warmupParamScheduler({ scheduler, warmupFactor: 0.1, warmupLength: 0.5 });
    expect(over(warm, 4)).toEqual([0.1, 0.3, 0.5, 0.25]);
    const rescaled = warmupParamScheduler({
      scheduler,
      warmupFactor: 0.1,
      warmupLength: 0.5,
      rescaleInterval: true,
    });
    expect(over(rescaled, 4)).toEqual([0.1, 0.55, 1, 0.5]);
    const none = warmupParamScheduler({ scheduler, warmupFactor: 0.1, warmupLength: 0 });
    expect(over(none, 4)).toEqual([1, 0.75, 0.5, 0.25]);
  });
});
