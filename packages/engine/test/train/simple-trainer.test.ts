import {
  CallbackHook,
  DataLoaderEndedError,
  ModelNotInTrainingError,
  NonFiniteLossError,
  SimpleTrainer,
  TrainerOptionError,
  TrainerStateError,
} from "@detectron-ts/engine";
import { getEventStorage } from "@detectron-ts/events";
import { runtime } from "@detectron-ts/runtime";
import { describe, expect, it } from "vitest";

import { endless, ToyModel, toyTrainer } from "./toy.ts";

describe("a step of SimpleTrainer", () => {
  it("computes losses, gradients and an update", async () => {
    const { model, trainer } = toyTrainer();
    await trainer.train(0, 1);
    // The square's gradient at a weight of 0 is 2 · (0 - 3) · 1, and so is the bias's; |bias| has none at 0.
    expect(model.weight.dataSync()).toBeAllclose([0.6]);
    expect(model.bias.dataSync()).toBeAllclose([0.6]);
  });

  it("forgets the gradients of the step before", async () => {
    const { model, trainer } = toyTrainer();
    await trainer.train(0, 2);
    // The error is now 1.2 - 3, and |bias| pulls with 0.1.
    expect(model.weight.grad!.dataSync()).toBeAllclose([-3.6]);
    expect(model.bias.grad!.dataSync()).toBeAllclose([-3.5]);
  });

  it("learns, and compiles in the first step only", async () => {
    const { trainer } = toyTrainer();
    const compilations: number[] = [];
    const hook = new CallbackHook({
      beforeStep: () => runtime.resetStats(),
      afterStep: () => void compilations.push(runtime.stats().compilations),
    });
    trainer.registerHooks([hook]);
    await trainer.train(0, 20);
    const losses = trainer.storage.history("total_loss").values();
    expect(losses.at(-1)![0]).toBeLessThan(losses[0][0] / 10);
    expect(compilations.slice(1)).toEqual(Array.from({ length: 19 }, () => 0));
  });

  it("records the losses, their sum and the time waited for data", async () => {
    const { trainer } = toyTrainer();
    await trainer.train(0, 1);
    const latest = trainer.storage.latest();
    expect([...latest.keys()].sort()).toEqual([
      "data_time",
      "loss_bias",
      "loss_square",
      "total_loss",
    ]);
    expect(latest.get("loss_square")).toEqual({ value: 9, iter: 0 });
    expect(latest.get("total_loss")).toEqual({ value: 9, iter: 0 });
    expect(latest.get("data_time")!.value).toBeGreaterThanOrEqual(0);
  });

  it("records a single loss, named or not, as total_loss only", async () => {
    const { model, optimizer } = toyTrainer();
    for (const losses of [
      async () => ({ loss: model.weight.square().sum() }),
      async () => model.weight.square().sum(),
    ]) {
      const trainer = new SimpleTrainer({
        model: { training: true, losses },
        dataLoader: endless(),
        optimizer,
      });
      await trainer.train(0, 1);
      expect([...trainer.storage.latest().keys()].sort()).toEqual(["data_time", "total_loss"]);
    }
  });

  it("records every gatherMetricPeriod iterations", async () => {
    const { trainer } = toyTrainer({ gatherMetricPeriod: 5 });
    await trainer.train(0, 50);
    const iters = trainer.storage
      .history("total_loss")
      .values()
      .map(([, iter]) => iter);
    expect(iters).toEqual([4, 9, 14, 19, 24, 29, 34, 39, 44, 49]);
  });

  it("calls afterBackward when gradients are there and nothing is updated", async () => {
    const { model, trainer } = toyTrainer();
    const seen: unknown[] = [];
    const hook = new CallbackHook({
      afterBackward: () =>
        void seen.push(model.weight.grad!.dataSync()[0], model.weight.dataSync()[0]),
    });
    trainer.registerHooks([hook]);
    await trainer.train(0, 1);
    expect(seen).toEqual([-6, 0]);
  });

  it("has its storage current in the model and the data loader", async () => {
    const { model, optimizer } = toyTrainer();
    async function* loader() {
      for (;;) {
        getEventStorage().putScalar("loaded", 1);
        yield [];
      }
    }
    const losses = async () => {
      getEventStorage().putScalar("in_model", getEventStorage().iter);
      return model.weight.square().sum();
    };
    const trainer = new SimpleTrainer({
      model: { training: true, losses },
      dataLoader: loader(),
      optimizer,
    });
    await trainer.train(3, 5);
    expect(trainer.storage.history("in_model").values()).toEqual([[3, 3], [4, 4]]); // prettier-ignore
    expect(trainer.storage.history("loaded").length).toBe(2);
  });

  it("records what the model put off until its losses have values, unless the step fails", async () => {
    const { model, optimizer } = toyTrainer();
    const losses = async () => {
      const storage = getEventStorage();
      const square = model.weight
        .mul(storage.iter < 2 ? 1 : Number.NaN)
        .square()
        .keep();
      storage.defer(() => storage.putScalar("square", square.dataSync()[0] as number));
      return square.sum();
    };
    const trainer = new SimpleTrainer({
      model: { training: true, losses },
      dataLoader: endless(),
      optimizer,
    });
    await expect(trainer.train(0, 3)).rejects.toThrow(NonFiniteLossError);
    await trainer.storage.settle();
    expect(trainer.storage.history("square").values()).toEqual([[0, 0], [0, 1]]); // prettier-ignore
  });
});

describe("what SimpleTrainer refuses", () => {
  it("stops at a loss that is not finite, naming iteration, losses and files, and updates nothing", async () => {
    async function* loader() {
      yield [{ fileName: "good.jpg", x: 1 }];
      yield [
        { fileName: "a.jpg", x: 1 },
        { fileName: "b.jpg", x: Infinity },
      ];
    }
    const { model, trainer } = toyTrainer({ dataLoader: loader() });
    const error = await trainer.train(0, 5).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(NonFiniteLossError);
    expect(error).toMatchObject({ iteration: 1, fileNames: ["a.jpg", "b.jpg"] });
    expect((error as NonFiniteLossError).losses.loss_square).toBeNaN();
    expect((error as NonFiniteLossError).losses.loss_bias).toBeCloseTo(0.06);
    expect((error as Error).message).toMatch(
      /NaN at iteration 1 .*loss_square: NaN.*a\.jpg, b\.jpg/,
    );
    expect(model.weight.dataSync()).toBeAllclose([0.6]);
    expect(trainer.iter).toBe(1);
  });

  it("looks at each loss, also when it is not recorded", async () => {
    const { trainer } = toyTrainer({ dataLoader: endless(NaN), gatherMetricPeriod: 100 });
    await expect(trainer.train(0, 5)).rejects.toThrow(NonFiniteLossError);
  });

  it("does not train a model that is out of training", async () => {
    const { model, trainer } = toyTrainer();
    model.training = false;
    await expect(trainer.train(0, 1)).rejects.toThrow(ModelNotInTrainingError);
  });

  it("wants data without end", async () => {
    async function* loader() {
      yield [{ fileName: "only.jpg", x: 1 }];
    }
    const { trainer } = toyTrainer({ dataLoader: loader() });
    await expect(trainer.train(0, 2)).rejects.toMatchObject({
      name: DataLoaderEndedError.name,
      iteration: 1,
    });
  });

  it("wants losses, and a period of at least one iteration", async () => {
    const { optimizer } = toyTrainer();
    const options = { model: new ToyModel(), dataLoader: endless(), optimizer };
    expect(() => new SimpleTrainer({ ...options, gatherMetricPeriod: 0 })).toThrow(
      TrainerOptionError,
    );
    const model = { training: true, losses: async () => ({}) };
    const trainer = new SimpleTrainer({ ...options, model });
    await expect(trainer.train(0, 1)).rejects.toThrow(TrainerStateError);
  });
});

describe("SimpleTrainer over several trainings", () => {
  it("goes on with the data loader where it was, until that is reset", async () => {
    const seen: number[] = [];
    let closed = 0;
    async function* counting(from: number) {
      try {
        for (let x = from; ; x++) yield [{ fileName: "", x }];
      } finally {
        closed += 1;
      }
    }
    const { model, optimizer } = toyTrainer();
    const losses = async ([{ x }]: { x: number }[]) => {
      seen.push(x);
      return model.weight.square().sum();
    };
    const trainer = new SimpleTrainer({
      model: { training: true, losses },
      dataLoader: counting(0),
      optimizer,
    });
    await trainer.train(0, 2);
    await trainer.train(2, 4);
    await trainer.resetDataLoader(counting(100));
    await trainer.train(4, 6);
    expect(seen).toEqual([0, 1, 2, 3, 100, 101]);
    expect(closed).toBe(1);
  });

  it("resumes from its state exactly where it was", async () => {
    const whole = toyTrainer();
    await whole.trainer.train(0, 6);

    const first = toyTrainer();
    let state: unknown;
    const save = new CallbackHook({
      afterStep: ({ iter, maxIter }) => {
        if (iter === maxIter - 1) state = structuredClone(first.trainer.stateDict());
      },
    });
    first.trainer.registerHooks([save]);
    await first.trainer.train(0, 3);

    const second = toyTrainer();
    second.model.weight.set(first.model.weight.dataSync());
    second.model.bias.set(first.model.bias.dataSync());
    await second.trainer.loadStateDict(state);
    expect(second.trainer.iter).toBe(2);
    await second.trainer.train(second.trainer.iter + 1, 6);
    expect(second.model.weight.dataSync()).toEqual(whole.model.weight.dataSync());
    const losses = (t: typeof whole.trainer) => t.storage.history("total_loss").values();
    expect(losses(second.trainer)).toEqual(losses(whole.trainer).slice(3));
  });
});
