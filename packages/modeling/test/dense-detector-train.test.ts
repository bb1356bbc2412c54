import { fileURLToPath } from "node:url";

import { EventStorage } from "@detectron-ts/events";
import { updateRunningStatistics } from "@detectron-ts/nn";
import { beforeAll, describe, expect, it } from "vitest";

import { DenseCase } from "./dense-case.ts";

const FOLDERS = ["train_retinanet_tiny", "train_fcos_tiny"];

describe.each(FOLDERS)("%s as detectron2 has it", (name) => {
  const golden = new DenseCase(fileURLToPath(new URL(`golden/${name}`, import.meta.url)));
  const { train, tolerance } = golden.json;
  let model: Awaited<ReturnType<DenseCase["loadModel"]>>;
  beforeAll(async () => {
    model = await golden.loadModel();
  });

  it("finds the same objects in the same order", async () => {
    const recorded = golden.load("inference");
    const outputs = await model.eval().inference(golden.batch());
    model.train();
    for (const [i, { instances }] of outputs.entries()) {
      const of = (field: string) => recorded.tensor(`${i}.instances.${field}`);
      const { boxes_px, scores } = tolerance;
      expect(instances.imageSize).toEqual(golden.json.output_sizes[i]);
      expect(instances.predClasses).toBeAllclose(of("pred_classes"), { atol: 0, rtol: 0 });
      expect(instances.scores).toBeAllclose(of("scores"), { atol: scores, rtol: 0 });
      expect(instances.predBoxes.tensor).toBeAllclose(of("pred_boxes"), {
        atol: boxes_px,
        rtol: 0,
      });
    }
  });

  it("has the same losses, scalars, normaliser and gradients", async () => {
    using storage = new EventStorage();
    const lazy = Object.entries(await model.losses(golden.batch()));
    await lazy
      .map(([, loss]) => loss.keep())
      .reduce((sum, loss) => sum.add(loss))
      .backward();
    await storage.settle();
    const losses = new Map(lazy.map(([key, loss]) => [key, Number(loss.dataSync()[0])]));
    expect([...losses.keys()]).toEqual(Object.keys(train.losses));
    const close = { rtol: tolerance.losses_rel, atol: 0 };
    expect([...losses.values()]).toBeAllclose(Object.values(train.losses), close);
    const scalars = [...storage.latest()].map(([key, { value }]) => [key, value]);
    expect(Object.fromEntries(scalars)).toEqual(train.event_storage_scalars);

    const parameters = [...model.namedParameters()];
    const frozen = parameters.filter(([, { requiresGrad }]) => !requiresGrad);
    expect(frozen.map(([key]) => key)).toEqual(train.frozen_parameters);
    const all = Math.hypot(...Object.values(train.gradients).map(({ l2 }) => l2));
    const differing = parameters.flatMap(([key, { grad }]) => {
      if (grad === null) return key in train.gradients ? [key] : [];
      const recorded = train.gradients[key];
      const { l2, sum, max } = summary(grad.dataSync() as Float32Array);
      // Some gradients are zero but for rounding.
      const apart = tolerance.gradient_rel_l2 * Math.max(recorded.l2, 1e-3 * all);
      const fits =
        Math.abs(l2 - recorded.l2) <= apart &&
        Math.abs(sum - recorded.sum) <= apart * Math.sqrt(grad.size) &&
        Math.abs(max - recorded.abs_max) <= apart;
      return fits ? [] : [key];
    });
    expect(differing).toEqual([]);
  });

  it("averages over batches what losses are divided by, and keeps statistics for each level", async () => {
    const again = Object.entries(await model.losses(golden.batch()));
    const losses = await Promise.all(again.map(([, loss]) => loss.item()));
    const close = { rtol: tolerance.losses_rel, atol: 0 };
    expect(losses).toBeAllclose(Object.values(train.losses_again), close);
    expect(model.lossNormalizer.value).toBeAllclose(train.loss_normalizer, { rtol: 1e-12 });

    await updateRunningStatistics(model);
    const buffers = model.namedBuffers();
    for (const [key, { data }] of golden.load("buffers").tensors) {
      expect(buffers.get(key)!.dataSync()).toBeAllclose(data, { rtol: 1e-4, atol: 1e-4 });
    }
  });
});

function summary(values: Float32Array) {
  let squares = 0;
  let sum = 0;
  let max = 0;
  for (const value of values) {
    squares += value * value;
    sum += value;
    max = Math.max(max, Math.abs(value));
  }
  return { l2: Math.sqrt(squares), sum, max };
}
