import {
  BatchNorm2d,
  Generator,
  LayerOptionError,
  Sequential,
  updateBnStats,
} from "@detectron-ts/nn";
import { noGrad, tensor, type Tensor } from "@detectron-ts/tensor";
import { expect, it } from "vitest";

/** Batches of different sizes: images of two channels. */
function batches(count: number): Tensor[] {
  const random = new Generator(4);
  return Array.from({ length: count }, (_, i) => {
    const shape = [i + 1, 2, 3, i + 2];
    const size = shape.reduce((product, side) => product * side);
    return tensor(
      Float32Array.from({ length: size }, () => 5 + random.normal()),
      { shape },
    );
  });
}

async function* stream(tensors: readonly Tensor[]): AsyncGenerator<Tensor> {
  yield* tensors;
}

it("puts mean and variance of all values of all batches in the place of the running statistics", async () => {
  const inputs = batches(4);
  const norm = new BatchNorm2d({ numFeatures: 2 });
  const forward = (batch: Tensor): Tensor => noGrad(() => norm(batch));
  await updateBnStats(norm, { batches: stream(inputs), forward, numIters: 4 });

  for (const channel of [0, 1]) {
    const values: number[] = [];
    for (const input of inputs) {
      const [n, channels, height, width] = input.shape;
      const data = input.dataSync() as Float32Array;
      for (let image = 0; image < n; image++) {
        const start = (image * channels + channel) * height * width;
        values.push(...data.subarray(start, start + height * width));
      }
    }
    const mean = values.reduce((sum, value) => sum + value) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect((norm.runningMean.dataSync() as Float32Array)[channel]).toBeCloseTo(mean, 5);
    expect((norm.runningVar.dataSync() as Float32Array)[channel]).toBeCloseTo(variance, 4);
  }
  expect(norm.momentum).toBe(0.1);
});

it("reads no more batches than asked for, and leaves norms out of training as they are", async () => {
  const trained = new BatchNorm2d({ numFeatures: 2 });
  const fixed = new BatchNorm2d({ numFeatures: 2 }).eval();
  const model = new Sequential(trained, fixed);
  let read = 0;
  const counted = (async function* () {
    for (const batch of batches(3)) {
      read += 1;
      yield batch;
    }
  })();
  const forward = (batch: Tensor): Tensor => noGrad(() => model(batch));
  await updateBnStats(model, { batches: counted, forward, numIters: 2 });
  expect(read).toBe(2);
  expect([...(fixed.runningMean.dataSync() as Float32Array)]).toEqual([0, 0]);
});

it("changes nothing when there are too few batches", async () => {
  const norm = new BatchNorm2d({ numFeatures: 2 });
  const forward = (batch: Tensor): Tensor => noGrad(() => norm(batch));
  const options = { batches: stream(batches(2)), forward, numIters: 3 };
  await expect(updateBnStats(norm, options)).rejects.toThrow(
    new LayerOptionError("updateBnStats", "batches", "has 2, wanted 3"),
  );
  expect([...(norm.runningMean.dataSync() as Float32Array)]).toEqual([0, 0]);
  expect([...(norm.runningVar.dataSync() as Float32Array)]).toEqual([1, 1]);
});
