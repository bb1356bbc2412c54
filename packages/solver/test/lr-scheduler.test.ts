import { getCfg } from "@detectron-ts/config";
import {
  buildLrScheduler,
  LRMultiplier,
  multiStepParamScheduler,
  ScheduleOptionError,
  ScheduleRangeError,
  SGD,
  SolverConfigError,
  SolverStateError,
  warmupParamScheduler,
  cosineParamScheduler,
} from "@detectron-ts/solver";
import { loadGolden } from "@detectron-ts/testing";
import { describe, expect, it, vi } from "vitest";
import { weights } from "./support.ts";

interface Recorded {
  readonly overrides: readonly string[];
  readonly lr: readonly (number | readonly number[])[];
}

const schedules = loadGolden<{ readonly cases: readonly Recorded[] }>(
  new URL("./golden/lr_schedules", import.meta.url),
).json.cases;
const trainings = loadGolden<readonly (Recorded & { readonly case: string })[]>(
  new URL("./golden/train_lrs", import.meta.url),
).json;

const oneGroup = (lr: number): SGD => new SGD({ params: [weights(1)], lr });

/** The learning rate of the first group at each iteration. */
function rates(optimizer: SGD, scheduler: LRMultiplier, iterations: number): number[] {
  return Array.from({ length: iterations }, (_, i) => {
    if (i > 0) scheduler.step();
    return optimizer.paramGroups[0].lr;
  });
}

describe("buildLrScheduler", () => {
  it.each(schedules)(
    "gives detectron2's learning rates to the last bit: $overrides",
    (recorded) => {
      const warning = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
      const cfg = getCfg();
      cfg.mergeFromList(recorded.overrides);
      const optimizer = oneGroup(cfg.SOLVER.BASE_LR);
      const scheduler = buildLrScheduler(cfg, optimizer);
      expect(rates(optimizer, scheduler, recorded.lr.length)).toEqual(recorded.lr);
      expect(warning).toHaveBeenCalledTimes(recorded.overrides.includes("(30, 200)") ? 1 : 0);
      warning.mockRestore();
    },
  );

  it.each(trainings)("gives the learning rates of the recorded training $case", (recorded) => {
    const cfg = getCfg();
    cfg.mergeFromList(recorded.overrides);
    const { BASE_LR, BIAS_LR_FACTOR } = cfg.SOLVER;
    const groups = [
      { params: [weights(1)], lr: BASE_LR },
      { params: [weights(1)], lr: BASE_LR * BIAS_LR_FACTOR },
    ];
    const optimizer = new SGD({ params: groups, lr: BASE_LR });
    const scheduler = buildLrScheduler(cfg, optimizer);
    for (const lr of recorded.lr) {
      expect(scheduler.getLastLr()).toEqual(typeof lr === "number" ? [lr, lr] : lr);
      scheduler.step();
    }
  });

  it("leaves out steps beyond the end with a warning, but refuses one at the end", () => {
    const warning = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const cfg = getCfg();
    cfg.SOLVER.MAX_ITER = 100;
    cfg.SOLVER.STEPS = [101];
    buildLrScheduler(cfg, oneGroup(1));
    expect(warning).toHaveBeenCalledOnce();
    warning.mockRestore();
    cfg.SOLVER.STEPS = [100];
    expect(() => buildLrScheduler(cfg, oneGroup(1))).toThrow(ScheduleOptionError);
  });

  it("raises past the end of the schedule with a fixed gamma", () => {
    const cfg = getCfg();
    cfg.SOLVER.LR_SCHEDULER_NAME = "WarmupStepWithFixedGammaLR";
    cfg.SOLVER.MAX_ITER = 10;
    cfg.SOLVER.WARMUP_ITERS = 0;
    const scheduler = buildLrScheduler(cfg, oneGroup(1));
    for (let i = 1; i < 10; i++) scheduler.step();
    expect(() => scheduler.step()).toThrow(ScheduleRangeError);
  });

  it("names the key whose value is unknown", () => {
    for (const [key, value] of [
      ["LR_SCHEDULER_NAME", "WarmupLinearLR"],
      ["WARMUP_METHOD", "exponential"],
    ]) {
      const cfg = getCfg();
      cfg.mergeFromList([`SOLVER.${key}`, value]);
      expect(() => buildLrScheduler(cfg, oneGroup(1))).toThrow(SolverConfigError);
      expect(() => buildLrScheduler(cfg, oneGroup(1))).toThrow(`SOLVER.${key}`);
    }
    const cfg = getCfg();
    cfg.SOLVER.LR_SCHEDULER_NAME = "WarmupCosineLR";
    cfg.SOLVER.BASE_LR_END = 1;
    expect(() => buildLrScheduler(cfg, oneGroup(1))).toThrow("SOLVER.BASE_LR_END");
  });
});

describe("LRMultiplier", () => {
  const warmup = { warmupFactor: 0.001, warmupLength: 5 / 30 };

  it("warms up and steps down", () => {
    const optimizer = oneGroup(5);
    const steps = multiStepParamScheduler({
      values: [1, 0.1, 0.01, 0.001],
      milestones: [10, 15, 20],
      numUpdates: 30,
    });
    const multiplier = warmupParamScheduler({ scheduler: steps, ...warmup });
    const scheduler = new LRMultiplier({ optimizer, multiplier, maxIter: 30 });
    const lrs = rates(optimizer, scheduler, 30);
    expect(lrs.slice(0, 5)).toBeAllclose([0.005, 1.004, 2.003, 3.002, 4.001], { atol: 1e-9 });
    expect(lrs.slice(5, 10)).toEqual([5, 5, 5, 5, 5]);
    expect(lrs.slice(10, 15)).toEqual([0.5, 0.5, 0.5, 0.5, 0.5]);
    expect(lrs.slice(15, 20)).toBeAllclose([0.05, 0.05, 0.05, 0.05, 0.05], { atol: 1e-9 });
    expect(lrs.slice(20)).toBeAllclose(new Array<number>(10).fill(0.005), { atol: 1e-9 });
  });

  it("warms up to the cosine that it meets", () => {
    const optimizer = oneGroup(5);
    const scheduler = cosineParamScheduler({ startValue: 1, endValue: 0 });
    const multiplier = warmupParamScheduler({ scheduler, ...warmup });
    const lrs = rates(optimizer, new LRMultiplier({ optimizer, multiplier, maxIter: 30 }), 30);
    for (const [i, lr] of lrs.entries()) {
      const cosine = 2.5 * (1 + Math.cos((Math.PI * i) / 30));
      if (i >= 5) expect(lr).toBeCloseTo(cosine, 12);
      else expect(lr).toBeLessThan(cosine);
    }
  });

  it("goes on from its saved state as if never interrupted", () => {
    const multiplier = cosineParamScheduler({ startValue: 1, endValue: 0 });
    const make = (optimizer: SGD): LRMultiplier =>
      new LRMultiplier({ optimizer, multiplier, maxIter: 20 });
    const optimizer = oneGroup(0.1);
    const uninterrupted = make(optimizer);
    for (let i = 0; i < 7; i++) uninterrupted.step();
    const state = uninterrupted.stateDict();
    expect(Object.fromEntries(state)).toEqual({ base_lrs: [0.1], last_epoch: 7 });

    const restarted = oneGroup(3);
    const resumed = make(restarted);
    resumed.loadStateDict(state);
    expect(resumed.lastEpoch).toBe(7);
    for (let i = 8; i < 20; i++) {
      uninterrupted.step();
      resumed.step();
      expect(resumed.getLastLr()).toEqual(uninterrupted.getLastLr());
    }
  });

  it("keeps the first learning rates of an optimizer that was scheduled before", () => {
    const optimizer = oneGroup(0.1);
    const multiplier = cosineParamScheduler({ startValue: 1, endValue: 0 });
    expect(() => new LRMultiplier({ optimizer, multiplier, maxIter: 10, lastIter: 4 })).toThrow(
      ScheduleOptionError,
    );
    new LRMultiplier({ optimizer, multiplier, maxIter: 10 }).step();
    const later = new LRMultiplier({ optimizer, multiplier, maxIter: 10, lastIter: 4 });
    expect(later.baseLrs).toEqual([0.1]);
    expect(later.lastEpoch).toBe(5);
    expect(optimizer.paramGroups[0].lr).toBeCloseTo(0.05, 15);
  });

  it("refuses the state of another number of groups, or none at all", () => {
    const multiplier = cosineParamScheduler({ startValue: 1, endValue: 0 });
    const scheduler = new LRMultiplier({ optimizer: oneGroup(1), multiplier, maxIter: 10 });
    for (const state of [
      undefined,
      new Map(),
      new Map<string, unknown>([
        ["last_epoch", 3],
        ["base_lrs", [1, 2]],
      ]),
      new Map<string, unknown>([
        ["last_epoch", 0.5],
        ["base_lrs", [1]],
      ]),
    ]) {
      expect(() => scheduler.loadStateDict(state)).toThrow(SolverStateError);
    }
    expect(scheduler.lastEpoch).toBe(0);
  });
});
