import {
  CallbackHook,
  HookBase,
  TrainerBase,
  TrainerStateError,
  TrainingRangeError,
} from "@detectron-ts/engine";
import { getEventStorage, hasEventStorage } from "@detectron-ts/events";
import { describe, expect, it, vi } from "vitest";

/** Notes what happens in its training; fails in the iteration it is told to. */
class NotingTrainer extends TrainerBase {
  readonly notes: string[] = [];
  failIn = -1;

  async runStep(): Promise<void> {
    this.notes.push(`step ${this.iter}`);
    if (this.iter === this.failIn) throw new Error(`failed in ${this.iter}`);
    await this.afterBackward();
  }

  noting(name: string): CallbackHook {
    const note = (point: string) => () => void this.notes.push(`${name} ${point} ${this.iter}`);
    return new CallbackHook({
      beforeTrain: note("beforeTrain"),
      beforeStep: note("beforeStep"),
      afterBackward: note("afterBackward"),
      afterStep: note("afterStep"),
      afterTrain: note("afterTrain"),
    });
  }
}

class Counting extends HookBase {
  count = 0;
  override afterStep(): void {
    this.count += 1;
  }
  override stateDict(): ReadonlyMap<string, unknown> {
    return new Map([["count", this.count]]);
  }
  override loadStateDict(state: unknown): void {
    this.count = (state as Map<string, number>).get("count")!;
  }
}

describe("TrainerBase.train()", () => {
  it("calls the hooks at their points, in their order, and ends with iter at maxIter", async () => {
    const trainer = new NotingTrainer();
    trainer.registerHooks([trainer.noting("a"), trainer.noting("b")]);
    await trainer.train(7, 8);
    expect(trainer.notes).toEqual([
      "a beforeTrain 7",
      "b beforeTrain 7",
      "a beforeStep 7",
      "b beforeStep 7",
      "step 7",
      "a afterBackward 7",
      "b afterBackward 7",
      "a afterStep 7",
      "b afterStep 7",
      "a afterTrain 8",
      "b afterTrain 8",
    ]);
    expect([trainer.startIter, trainer.iter, trainer.maxIter]).toEqual([7, 8, 8]);
  });

  it("runs inside an event storage whose iteration is the trainer's", async () => {
    const trainer = new NotingTrainer();
    const iters: number[] = [];
    const look = (): void => {
      expect(getEventStorage()).toBe(trainer.storage);
      iters.push(getEventStorage().iter);
    };
    trainer.registerHooks([
      new CallbackHook({ beforeTrain: look, beforeStep: look, afterStep: look, afterTrain: look }),
    ]);
    await trainer.train(5, 7);
    expect(iters).toEqual([5, 5, 5, 6, 6, 7]);
    expect(hasEventStorage()).toBe(false);
  });

  it("calls afterTrain after a failure too, with iter at the failed iteration, and throws on", async () => {
    const trainer = new NotingTrainer();
    trainer.failIn = 3;
    trainer.registerHooks([trainer.noting("a")]);
    await expect(trainer.train(2, 10)).rejects.toThrow("failed in 3");
    expect(trainer.notes.slice(-3)).toEqual(["a beforeStep 3", "step 3", "a afterTrain 3"]);
    expect(hasEventStorage()).toBe(false);
  });

  it("tells both of a failure and of that of afterTrain after it", async () => {
    const trainer = new NotingTrainer();
    trainer.failIn = 0;
    const hook = new CallbackHook({ afterTrain: () => Promise.reject(new Error("cannot write")) });
    trainer.registerHooks([hook]);
    const error = await trainer.train(0, 1).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AggregateError);
    expect((error as AggregateError).errors.map(String)).toEqual([
      "Error: failed in 0",
      "Error: cannot write",
    ]);
  });

  it("ends after the present iteration when stopped, and can be started again", async () => {
    const trainer = new NotingTrainer();
    const hook = new CallbackHook({
      beforeStep: ({ iter }) => void (iter === 2 && trainer.stop()),
    });
    trainer.registerHooks([hook, trainer.noting("a")]);
    await trainer.train(0, 10);
    expect(trainer.notes.slice(-2)).toEqual(["a afterStep 2", "a afterTrain 3"]);
    expect(trainer.iter).toBe(3);
    await trainer.train(3, 5);
    expect(trainer.iter).toBe(5);
  });

  it("does nothing but begin and end when there is no iteration left", async () => {
    const trainer = new NotingTrainer();
    trainer.registerHooks([trainer.noting("a")]);
    await trainer.train(4, 4);
    expect(trainer.notes).toEqual(["a beforeTrain 4", "a afterTrain 4"]);
  });

  it("refuses ranges that are none, and has no storage before", async () => {
    const trainer = new NotingTrainer();
    await expect(trainer.train(-1, 4)).rejects.toThrow(TrainingRangeError);
    await expect(trainer.train(0, 1.5)).rejects.toThrow(TrainingRangeError);
    expect(() => trainer.storage).toThrow(TrainerStateError);
  });
});

describe("TrainerBase's state", () => {
  it("is the iteration and the hooks' states by class, of two of a class the first's", async () => {
    const trainer = new NotingTrainer();
    trainer.registerHooks([new Counting(), trainer.noting("a")]);
    await trainer.train(0, 3);
    trainer.registerHooks([new Counting()]);
    const counting = new Map([["count", 3]]);
    expect(trainer.stateDict()).toEqual(
      new Map<string, unknown>([
        ["iteration", 2],
        ["hooks", new Map([["Counting", counting]])],
      ]),
    );
  });

  it("has the iteration that is done last, wherever it is asked", async () => {
    const trainer = new NotingTrainer();
    const iterations: unknown[] = [];
    const ask = (): void => void iterations.push(trainer.stateDict().get("iteration"));
    ask();
    trainer.registerHooks([new CallbackHook({ beforeStep: ask, afterStep: ask, afterTrain: ask })]);
    await trainer.train(0, 2);
    trainer.failIn = 3;
    await expect(trainer.train(2, 9)).rejects.toThrow("failed in 3");
    expect(iterations).toEqual([-1, -1, 0, 0, 1, 1, 1, 2, 2, 2]);
  });

  it("is taken back, with a warning for a hook that is not there", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockReturnValue();
    const trainer = new NotingTrainer();
    const hook = new Counting();
    trainer.registerHooks([hook]);
    const hooks = new Map<string, unknown>([
      ["Gone", new Map()],
      ["Counting", new Map([["count", 9]])],
    ]);
    await trainer.loadStateDict(new Map<string, unknown>([["iteration", 8], ["hooks", hooks]])); // prettier-ignore
    expect(trainer.iter).toBe(8);
    expect(hook.count).toBe(9);
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("Gone"), "TrainerWarning");
    warn.mockRestore();
  });

  it("is nothing else", async () => {
    const trainer = new NotingTrainer();
    for (const state of [undefined, {}, new Map(), new Map([["iteration", -2]])]) {
      await expect(trainer.loadStateDict(state)).rejects.toThrow(TrainerStateError);
    }
    const noHooks = new Map<string, unknown>([["iteration", 1], ["hooks", []]]); // prettier-ignore
    await expect(trainer.loadStateDict(noHooks)).rejects.toThrow(TrainerStateError);
    expect(trainer.iter).toBe(0);
  });
});
