import {
  CallbackHook,
  ModelNotInTrainingError,
  SimpleTrainer,
  ValidationLossHook,
  validationLosses,
} from "@detectron-ts/engine";
import { type EventStorage, getEventStorage } from "@detectron-ts/events";
import {
  BatchNorm2d,
  defaultGenerator,
  Linear,
  manualSeed,
  Module,
  updateRunningStatistics,
} from "@detectron-ts/nn";
import { SGD } from "@detectron-ts/solver";
import { tensor, type Tensor } from "@detectron-ts/tensor";
import { expect, it } from "vitest";

/** Predicts a number from two, after a norm; its losses are noisy, and it records scalars. */
class Noisy extends Module<[x: Tensor], Tensor> {
  readonly norm = new BatchNorm2d({ numFeatures: 2 });
  readonly fc = new Linear({ inFeatures: 2, outFeatures: 1, bias: false });

  forward(x: Tensor): Tensor {
    return this.fc(this.norm(x).flatten(1));
  }

  async losses(batch: readonly (readonly [number, number])[]): Promise<Record<string, Tensor>> {
    const x = tensor(batch.flat(), { shape: [batch.length, 2, 1, 1] });
    getEventStorage().putScalar("seen", batch.length);
    const error = this.forward(x).square().mean();
    return { loss_fit: error, loss_noise: error.mul(0).add(defaultGenerator.next()) };
  }
}

const VALIDATION = [
  [
    [1, 2],
    [3, 5],
  ],
  [
    [0, 1],
    [2, 2],
  ],
] as const;

async function* training(): AsyncGenerator<readonly (readonly [number, number])[]> {
  for (let i = 0; ; i++)
    yield [
      [Math.sin(i), 1],
      [2, Math.cos(i)],
    ];
}

it("is the mean over the batches, by the running statistics of norms, the same each time", async () => {
  manualSeed(1);
  const model = new Noisy();
  const first = await validationLosses(model, VALIDATION);
  expect(Object.keys(first)).toEqual(["loss_fit", "loss_noise", "total_loss"]);
  // Running statistics are still mean 0 and variance 1, so that the norm divides by √(1 + 1e-5).
  const weight = (await model.fc.weight.data()) as Float32Array;
  const squares = VALIDATION.map((batch) =>
    batch.map(([a, b]) => (weight[0] * a + weight[1] * b) ** 2 / (1 + 1e-5)),
  );
  const expected = squares.flat().reduce((sum, value) => sum + value) / 4;
  expect(first.loss_fit).toBeCloseTo(expected, 5);
  expect(first.total_loss).toBe(first.loss_fit + first.loss_noise);
  expect(await validationLosses(model, VALIDATION)).toEqual(first);
});

it("holds on to nothing that a model put off until gradients are there", async () => {
  const kept: unknown[] = [];
  const model = new Noisy();
  const storages = new Set<EventStorage>();
  const losses = model.losses.bind(model);
  model.losses = (batch) => {
    const storage = getEventStorage();
    storages.add(storage);
    storage.defer(() => void kept.push(batch));
    return losses(batch);
  };
  await validationLosses(model, VALIDATION);
  for (const storage of storages) await storage.settle();
  expect([storages.size, kept]).toEqual([1, []]);
});

it("leaves the training as it was: weights, statistics, random numbers, scalars and mode", async () => {
  const train = async (withValidation: boolean) => {
    manualSeed(2);
    const model = new Noisy();
    const optimizer = new SGD({ params: model.parameters(), lr: 0.1 });
    const trainer = new SimpleTrainer({ model, dataLoader: training(), optimizer });
    trainer.registerHooks([
      new CallbackHook({ afterStep: () => updateRunningStatistics(model) }),
      ...(withValidation
        ? [new ValidationLossHook({ period: 2, model, dataLoader: VALIDATION })]
        : []),
    ]);
    await trainer.train(0, 5);
    expect(model.modules().every((module) => module.training)).toBe(true);
    return { storage: trainer.storage, state: [...model.stateDict()].map(([, e]) => e.dataSync()) };
  };
  const plain = await train(false);
  const validated = await train(true);
  for (const name of ["loss_fit", "loss_noise", "total_loss", "seen"]) {
    expect(validated.storage.history(name).values()).toEqual(plain.storage.history(name).values());
  }
  expect(validated.state).toEqual(plain.state);
  const recorded = validated.storage.history("validation/total_loss").values();
  expect(recorded.map(([, iter]) => iter)).toEqual([1, 3, 5]);
});

it("is nothing without batches, and needs a model in training", async () => {
  const model = new Noisy();
  expect(await validationLosses(model, [])).toEqual({});
  await expect(validationLosses(model.eval(), VALIDATION)).rejects.toThrow(ModelNotInTrainingError);
});
