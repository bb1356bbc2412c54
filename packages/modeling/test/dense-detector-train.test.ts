import { fileURLToPath } from "node:url";

import { updateRunningStatistics } from "@detectron-ts/nn";
import { beforeAll, describe, expect, it } from "vitest";

import { DenseCase } from "./dense-case.ts";
import { differingGradients, trainingStep } from "./training-step.ts";

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
    const step = await trainingStep(model, golden.batch());
    expect(Object.keys(step.losses)).toEqual(Object.keys(train.losses));
    const close = { rtol: tolerance.losses_rel, atol: 0 };
    expect(Object.values(step.losses)).toBeAllclose(Object.values(train.losses), close);
    expect(step.scalars).toEqual(train.event_storage_scalars);

    expect(step.frozenParameters).toEqual(train.frozen_parameters);
    const all = Math.hypot(...Object.values(train.gradients).map(({ l2 }) => l2));
    // Some gradients are zero but for rounding.
    const apart = (l2: number) => tolerance.gradient_rel_l2 * Math.max(l2, 1e-3 * all);
    const differing = differingGradients(step.gradients, train.gradients, apart);
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
