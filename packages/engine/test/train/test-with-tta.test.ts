import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DefaultTrainer, testWithTTA } from "@detectron-ts/engine";
import { buildModel, ModelOptionsError } from "@detectron-ts/modeling";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { shapesConfig } from "./shapes-config.ts";
import { registerShapes, unregister } from "./synthetic-dataset.ts";

const DATASET = "test-with-tta-shapes";

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "test-with-tta-"));
  await registerShapes(DATASET, join(folder, "shapes"), 2);
});
afterAll(() => {
  unregister(DATASET);
  rmSync(folder, { recursive: true, force: true });
});

const config = (name: string, changes: Readonly<Record<string, unknown>> = {}) =>
  shapesConfig(DATASET, join(folder, name), {
    "SOLVER.MAX_ITER": 1,
    "DATASETS.TEST": [DATASET],
    "TEST.AUG.ENABLED": true,
    "TEST.AUG.MIN_SIZES": [48, 64],
    "TEST.AUG.MAX_SIZE": 96,
    ...changes,
  });

describe("a config with test-time augmentation", () => {
  it("has a training end with an evaluation of both kinds, recorded and saved apart", async () => {
    const trainer = await DefaultTrainer.create(config("both"), { log: () => undefined });
    await trainer.resumeOrLoad({ resume: false });
    const results = await trainer.train();

    expect(Object.keys(results ?? {})).toEqual(["bbox", "segm", "bbox_TTA", "segm_TTA"]);
    expect(trainer.model.training).toBe(true);
    const saved = (where: string) =>
      existsSync(join(folder, "both", where, "coco_instances_results.json"));
    expect([saved("inference"), saved("inference_TTA")]).toEqual([true, true]);
    const metrics = readFileSync(join(folder, "both", "metrics.json"), "utf8");
    expect(metrics).toContain('"bbox_TTA/AP"');
  });

  it("tests a model that stays out of training", async () => {
    const cfg = config("alone");
    const model = buildModel(cfg).eval();
    const results = await testWithTTA(cfg, model, { outputDir: join(folder, "own") });
    expect(Object.keys(results)).toEqual(["bbox_TTA", "segm_TTA"]);
    expect(model.training).toBe(false);
    expect(existsSync(join(folder, "own_TTA"))).toBe(true);
  });

  it("is refused before a training of a model that cannot have it", async () => {
    const cfg = config("refused", {
      "MODEL.META_ARCHITECTURE": "ProposalNetwork",
      "MODEL.MASK_ON": false,
    });
    await expect(DefaultTrainer.create(cfg, { log: () => undefined })).rejects.toThrow(
      ModelOptionsError,
    );
    const model = buildModel(cfg);
    await expect(testWithTTA(cfg, model)).rejects.toThrow(/false for a ProposalNetwork/);
  });
});
