import { tensor } from "@detectron-ts/tensor";
import "@detectron-ts/runtime";
import { describe, expect, it } from "vitest";
import {
  BatchNorm2d,
  convertFrozenBatchNorm,
  CycleBatchNormList,
  Generator,
  init,
  LayerOptionError,
  updateRunningStatistics,
} from "../src/index.ts";

const generator = new Generator(3);

function random(...shape: number[]) {
  const size = shape.reduce((product, length) => product * length, 1);
  return tensor(
    Float32Array.from({ length: size }, () => 2 * generator.next() + 1),
    { shape },
  );
}

describe("batch norms that take turns", () => {
  it("have one weight and bias, and statistics each, in checkpoints as in detectron2", () => {
    const list = new CycleBatchNormList({ length: 2, numFeatures: 3 });
    expect([...list.namedParameters().keys()]).toEqual(["weight", "bias"]);
    expect([...list.stateDict().keys()]).toEqual([
      "weight",
      "bias",
      "0.running_mean",
      "0.running_var",
      "0.num_batches_tracked",
      "1.running_mean",
      "1.running_var",
      "1.num_batches_tracked",
    ]);
  });

  it("give in training and after it what as many norms of equal weights give", async () => {
    const list = new CycleBatchNormList({ length: 2, numFeatures: 3 });
    init.uniform(list.weight, { low: 0.5, high: 2 }, generator);
    init.normal(list.bias, {}, generator);
    const norms = [0, 1].map(() => new BatchNorm2d({ numFeatures: 3 }));
    for (const norm of norms) {
      norm.weight.set(list.weight.dataSync().slice());
      norm.bias.set(list.bias.dataSync().slice());
    }
    const inputs = [random(2, 3, 4, 5), random(2, 3, 2, 3)];

    const trained = inputs.map((x) => list(x).keep());
    const wanted = inputs.map((x, i) => norms[i](x).keep());
    const total = trained.reduce((sum, x) => sum.add(x.square().sum()), tensor([0]).sum());
    await total.backward();
    const wantedTotal = wanted.reduce((sum, x) => sum.add(x.square().sum()), tensor([0]).sum());
    await wantedTotal.backward();
    for (const [i, x] of trained.entries()) {
      expect(x.dataSync()).toBeAllclose(wanted[i].dataSync(), { rtol: 1e-6, atol: 1e-6 });
    }
    const summed = norms[0].weight.grad!.dataSync() as Float32Array;
    const other = norms[1].weight.grad!.dataSync() as Float32Array;
    expect(list.weight.grad!.dataSync()).toBeAllclose(
      summed.map((value, i) => value + other[i]),
      { rtol: 1e-5, atol: 1e-4 },
    );

    await updateRunningStatistics(list);
    await Promise.all(norms.map(updateRunningStatistics));
    list.eval();
    for (const [i, norm] of norms.entries()) {
      const after = await list(inputs[i]).data();
      expect(after).toBeAllclose(await norm.eval()(inputs[i]).data(), { rtol: 1e-6, atol: 1e-6 });
    }
  });

  it("can be frozen, and give the same", async () => {
    const list = new CycleBatchNormList({ length: 2, numFeatures: 3 });
    init.uniform(list.weight, { low: 0.5, high: 2 }, generator);
    const inputs = [random(2, 3, 4, 5), random(2, 3, 2, 3)];
    for (const x of inputs) await list(x).data();
    await updateRunningStatistics(list);
    list.eval();
    const before = await Promise.all(inputs.map((x) => list(x).data()));
    convertFrozenBatchNorm(list);
    expect(list.modules().filter((child) => child instanceof BatchNorm2d)).toEqual([]);
    for (const [i, x] of inputs.entries()) {
      expect(await list(x).data()).toBeAllclose(before[i], { rtol: 1e-6, atol: 1e-6 });
    }
  });

  it("are at least one", () => {
    expect(() => new CycleBatchNormList({ length: 0, numFeatures: 3 })).toThrow(LayerOptionError);
  });
});
