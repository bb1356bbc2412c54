import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  BestCheckpointer,
  CallbackHook,
  EarlyStopping,
  EvalHook,
  EvaluationResultError,
  type EvaluationResults,
  IterationTimer,
  LRSchedulerHook,
  type MetricMode,
  type NamedCheckpointer,
  PeriodicCheckpointerHook,
  PeriodicWriter,
  TrainerOptionError,
  TrainerStateError,
} from "@detectron-ts/engine";
import { CommonMetricPrinter, JSONWriter } from "@detectron-ts/events";
import { LRMultiplier } from "@detectron-ts/solver";
import { afterEach, describe, expect, it, vi } from "vitest";

import { toyTrainer } from "./toy.ts";

const folders: string[] = [];

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "engine-"));
  folders.push(folder);
  return folder;
}

afterEach(() => {
  vi.restoreAllMocks();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** An evaluation that gives one value of a metric after the other. */
function metrics(values: readonly number[]): () => EvaluationResults {
  const left = [...values];
  return () => ({ metric: left.shift() ?? NaN });
}

describe("EvalHook", () => {
  it.each([
    { maxIter: 30, period: 15, evaluations: 2 },
    { maxIter: 31, period: 15, evaluations: 3 },
    { maxIter: 20, period: 0, evaluations: 1 },
  ])(
    "evaluates $evaluations times in $maxIter iterations with period $period",
    async ({ maxIter, period, evaluations }) => {
      const { trainer } = toyTrainer();
      const evaluate = vi.fn<() => undefined>();
      trainer.registerHooks([new EvalHook({ period, evaluate })]);
      await trainer.train(0, maxIter);
      expect(evaluate).toHaveBeenCalledTimes(evaluations);
    },
  );

  it("leaves out the evaluation after training when told so, or when training failed", async () => {
    const evaluate = vi.fn<() => undefined>();
    const { trainer } = toyTrainer();
    trainer.registerHooks([new EvalHook({ period: 2, evaluate, evalAfterTrain: false })]);
    await trainer.train(0, 4);
    expect(evaluate).toHaveBeenCalledTimes(1);

    const failing = toyTrainer({ dataLoader: (async function* () {})() });
    failing.trainer.registerHooks([new EvalHook({ period: 0, evaluate })]);
    await expect(failing.trainer.train(0, 4)).rejects.toThrow("ended before iteration 0");
    expect(evaluate).toHaveBeenCalledTimes(1);
  });

  it("records nested results by joined names", async () => {
    const { trainer } = toyTrainer();
    const evaluate = async () => ({ bbox: { AP: 40, small: { AP: 20 } }, other: NaN });
    trainer.registerHooks([new EvalHook({ period: 0, evaluate })]);
    await trainer.train(0, 2);
    const latest = trainer.storage.latest();
    expect(latest.get("bbox/AP")).toEqual({ value: 40, iter: 2 });
    expect(latest.get("bbox/small/AP")).toEqual({ value: 20, iter: 2 });
    expect(latest.get("other")).toEqual({ value: NaN, iter: 2 });
  });

  it("wants numbers, and a period of whole iterations", async () => {
    const { trainer } = toyTrainer();
    const results = { bbox: { AP: "forty" } } as unknown as EvaluationResults;
    trainer.registerHooks([new EvalHook({ period: 0, evaluate: () => results })]);
    await expect(trainer.train(0, 1)).rejects.toMatchObject({
      name: EvaluationResultError.name,
      metric: "bbox/AP",
      got: "forty",
    });
    expect(() => new EvalHook({ period: -1, evaluate: () => undefined })).toThrow(
      TrainerOptionError,
    );
  });
});

describe("LRSchedulerHook", () => {
  it("steps the schedule after each iteration and is resumed with the trainer", async () => {
    const make = () => {
      const { optimizer, trainer } = toyTrainer({ lr: 0.1 });
      // A tenth every three iterations.
      const multiplier = (where: number): number => 0.1 ** Math.floor((where * 12 + 1e-6) / 3);
      const scheduler = new LRMultiplier({ optimizer, multiplier, maxIter: 12 });
      trainer.registerHooks([new LRSchedulerHook({ optimizer, scheduler })]);
      return { optimizer, trainer, scheduler };
    };
    const { optimizer, trainer, scheduler } = make();
    let state: unknown;
    const step = async (iter: number): Promise<void> => {
      if (iter === 11) state = structuredClone(trainer.stateDict());
    };
    trainer.registerHooks([new PeriodicCheckpointerHook({ step })]);
    await trainer.train(0, 12);
    expect(optimizer.paramGroups[0].lr).toBeCloseTo(1e-5, 12);
    expect(scheduler.lastEpoch).toBe(12);
    const recorded = trainer.storage
      .history("lr")
      .values()
      .map(([lr]) => lr);
    expect(recorded).toBeAllclose([0.1, 0.01, 0.001, 0.0001].flatMap((lr) => [lr, lr, lr]));

    const resumed = make();
    await resumed.trainer.loadStateDict(state);
    expect(resumed.trainer.iter).toBe(11);
    expect(resumed.scheduler.lastEpoch).toBe(12);
    expect(resumed.optimizer.paramGroups[0].lr).toBeCloseTo(1e-5, 12);
    expect((trainer.stateDict().get("hooks") as Map<string, unknown>).has("LRScheduler")).toBe(
      true,
    );
  });

  it.each([
    { what: "the largest group's rate", sizes: [1, 3, 2], rates: [1, 2, 3], recorded: 2 },
    { what: "the commonest rate of equal groups", sizes: [1, 1, 1], rates: [1, 2, 2], recorded: 2 },
  ])("records $what", async ({ sizes, rates, recorded }) => {
    const { trainer } = toyTrainer();
    const paramGroups = sizes.map((length, i) => ({ lr: rates[i], params: { length } }));
    const scheduler = {
      step: () => undefined,
      stateDict: () => new Map(),
      loadStateDict: () => undefined,
    };
    trainer.registerHooks([new LRSchedulerHook({ optimizer: { paramGroups }, scheduler })]);
    await trainer.train(0, 1);
    expect(trainer.storage.latest().get("lr")).toEqual({ value: recorded, iter: 0 });
  });
});

describe("PeriodicWriter", () => {
  it("writes every 20 iterations, after the last, and what is recorded after training", async () => {
    const jsonFile = join(newFolder(), "metrics.json");
    const printed: string[] = [];
    const { trainer } = toyTrainer();
    const writers = [
      new CommonMetricPrinter({ maxIter: 50, log: (line) => void printed.push(line) }),
      new JSONWriter({ jsonFile }),
    ];
    trainer.registerHooks([
      new IterationTimer({ log: () => undefined }),
      new EvalHook({ period: 0, evaluate: metrics([100]) }),
      new PeriodicWriter({ writers }),
    ]);
    await trainer.train(0, 50);

    const lines = readFileSync(jsonFile, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ iteration }) => iteration)).toEqual([19, 39, 49, 50]);
    expect(lines[3]).toEqual({ iteration: 50, metric: 100 });
    expect(printed).toHaveLength(3);
    expect(printed[2]).toContain("eta: 0:00:00");
  });

  it("writes the median over a window of iterations, whatever the period of recording", async () => {
    const jsonFile = join(newFolder(), "metrics.json");
    const { trainer } = toyTrainer({ gatherMetricPeriod: 5 });
    const writers = [new JSONWriter({ jsonFile, windowSize: 10 })];
    trainer.registerHooks([
      new IterationTimer({ log: () => undefined }),
      new PeriodicWriter({ writers, period: 10 }),
    ]);
    await trainer.train(0, 50);
    expect(trainer.storage.history("time").length).toBe(48);

    const history = trainer.storage.history("total_loss");
    const lastLine = JSON.parse(readFileSync(jsonFile, "utf8").trim().split("\n").at(-1)!);
    const lastTwo = history
      .values()
      .slice(-2)
      .map(([value]) => value);
    expect(lastLine.total_loss).toBeCloseTo((lastTwo[0] + lastTwo[1]) / 2, 12);
  });

  it("closes its writers after a failure too, and wants a period", async () => {
    const writer = { write: vi.fn<() => void>(), close: vi.fn<() => void>() };
    const { trainer } = toyTrainer({ dataLoader: (async function* () {})() });
    trainer.registerHooks([new PeriodicWriter({ writers: [writer] })]);
    await expect(trainer.train(0, 4)).rejects.toThrow("ended");
    expect(writer.write).toHaveBeenCalledTimes(1);
    expect(writer.close).toHaveBeenCalledTimes(1);
    expect(() => new PeriodicWriter({ writers: [], period: 0 })).toThrow(TrainerOptionError);
  });
});

describe("IterationTimer", () => {
  it("says how long training took, without its warm-up, and how much of that in hooks", async () => {
    const lines: string[] = [];
    const { trainer } = toyTrainer();
    trainer.registerHooks([new IterationTimer({ log: (line) => void lines.push(line) })]);
    await trainer.train(0, 10);
    expect(lines[0]).toMatch(
      /^Overall training speed: 7 iterations in 0:00:0\d \(\d\.\d{4} s \/ it\)$/,
    );
    expect(lines[1]).toMatch(/^Total training time: 0:00:0\d \(0:00:00 on hooks\)$/);
    lines.length = 0;
    await trainer.train(10, 13);
    expect(lines).toEqual([]);
  });
});

describe("BestCheckpointer", () => {
  it.each<{ mode: MetricMode; values: number[]; saves: number[] }>([
    { mode: "max", values: [0.3, 0.4, 0.35, 0.5], saves: [19, 39, 80] },
    { mode: "min", values: [1, 0.8, 0.9, 0.9], saves: [19, 39] },
    { mode: "min", values: [NaN, 0.8, 0.9, 0.9], saves: [39] },
    { mode: "max", values: [-Infinity, 0.1, Infinity, 0.1], saves: [39] },
  ])("of $values saves those of iterations $saves ($mode)", async ({ mode, values, saves }) => {
    const { trainer } = toyTrainer();
    const save = vi.fn<NamedCheckpointer["save"]>();
    trainer.registerHooks([
      new EvalHook({ period: 20, evaluate: metrics(values) }),
      new BestCheckpointer({ checkpointer: { save }, metric: "metric", mode }),
    ]);
    await trainer.train(0, 80);
    expect(save.mock.calls).toEqual(saves.map((iteration) => ["model_best", { iteration }]));
  });

  it("remembers the best when resumed", async () => {
    const save = vi.fn<NamedCheckpointer["save"]>();
    const make = (values: number[]) => {
      const { trainer } = toyTrainer();
      trainer.registerHooks([
        new EvalHook({ period: 1, evaluate: metrics(values) }),
        new BestCheckpointer({ checkpointer: { save }, metric: "metric", filePrefix: "best" }),
      ]);
      return trainer;
    };
    const first = make([0.5]);
    await first.train(0, 1);
    const second = make([0.4, 0.6]);
    await second.loadStateDict(first.stateDict());
    await second.train(1, 3);
    expect(save.mock.calls).toEqual([["best", { iteration: 1 }], ["best", { iteration: 3 }]]); // prettier-ignore
    const hooks = new Map([["BestCheckpointer(metric)", new Map()]]);
    const state = new Map<string, unknown>([["iteration", 1], ["hooks", hooks]]); // prettier-ignore
    await expect(second.loadStateDict(state)).rejects.toThrow(TrainerStateError);
  });

  it("warns when nobody records its metric", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockReturnValue();
    const { trainer } = toyTrainer();
    const checkpointer = { save: async () => undefined };
    trainer.registerHooks([new BestCheckpointer({ checkpointer, metric: "bbox/PA" })]);
    await trainer.train(0, 1);
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      expect.stringContaining("bbox/PA"),
      "TrainerWarning",
    );
  });
});

describe("EarlyStopping", () => {
  it.each([
    { what: "nothing better", values: [5, 4, 3, 6, 7], patience: 2, minDelta: 0, done: 6 },
    {
      what: "nothing better by enough",
      values: [5, 5.5, 5.9, 9],
      patience: 2,
      minDelta: 1,
      done: 6,
    },
    { what: "only NaN", values: [NaN, NaN, 1], patience: 2, minDelta: 0, done: 4 },
    { what: "a better one in time", values: [5, 4, 6, 5, 7], patience: 2, minDelta: 0, done: 10 },
  ])(
    "with $what in patience, trains $done iterations",
    async ({ values, patience, minDelta, done }) => {
      const { trainer } = toyTrainer();
      trainer.registerHooks([
        new EvalHook({ period: 2, evaluate: metrics(values) }),
        new EarlyStopping({ metric: "metric", patience, minDelta }),
      ]);
      await trainer.train(0, 10);
      expect(trainer.iter).toBe(done);
    },
  );

  it("counts on when resumed", async () => {
    const make = (values: number[]) => {
      const { trainer } = toyTrainer();
      trainer.registerHooks([
        new EvalHook({ period: 1, evaluate: metrics(values) }),
        new EarlyStopping({ metric: "metric", patience: 3 }),
      ]);
      return trainer;
    };
    const first = make([5, 4, 4]);
    let state: unknown;
    const hook = new CallbackHook({
      afterStep: ({ iter }) => void (iter === 2 && (state = structuredClone(first.stateDict()))),
    });
    first.registerHooks([hook]);
    await first.train(0, 4);
    const second = make([4, 9, 9]);
    await second.loadStateDict(state);
    await second.train(3, 9);
    expect(second.iter).toBe(4);
  });

  it("wants patience, and a difference that is none or more", () => {
    const options = { metric: "metric", patience: 1 };
    expect(() => new EarlyStopping({ ...options, patience: 0 })).toThrow(TrainerOptionError);
    expect(() => new EarlyStopping({ ...options, minDelta: NaN })).toThrow(TrainerOptionError);
  });
});
