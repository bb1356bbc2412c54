import { SGD } from "@detectron-ts/solver";
import { Parameter, tensor, type Tensor } from "@detectron-ts/tensor";
import { expect, it } from "vitest";
import { medianStep, TimedTraining } from "../src/timed-training.ts";

async function* batches(): AsyncGenerator<Tensor> {
  for (let i = 0; ; i++) yield tensor([i, 1]);
}

it("times the parts of a step so that they add up, in one graph or two", async () => {
  const weight = new Parameter(Float32Array.of(1, 2), [2]);
  const model = { losses: async (x: Tensor) => ({ loss: x.mul(weight).exp().sum() }) };
  const optimizer = new SGD({ params: [weight], lr: 1e-3 });
  const training = new TimedTraining(model, batches(), optimizer);
  for (const apart of [false, true]) {
    training.apart = apart;
    const steps = await training.run(3);
    expect(steps.length).toBe(3);
    for (const { data, host, forward, backward, optimizer: update, total } of steps) {
      expect(data + host + forward + backward + update).toBeCloseTo(total, 6);
      expect(forward > 0).toBe(apart);
      expect(backward).toBeGreaterThan(0);
    }
  }
});

it("takes the median of each part", () => {
  const step = (total: number, data: number) => ({
    data,
    host: 0,
    forward: 0,
    backward: 0,
    optimizer: 0,
    total,
    processor: 0,
  });
  expect(medianStep([step(5, 1), step(9, 3), step(7, 2)])).toEqual(step(7, 2));
  expect(medianStep([step(5, 9), step(9, 3), step(7, 2)])).toMatchObject({ total: 7, data: 3 });
});
