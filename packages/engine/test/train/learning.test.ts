import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DefaultTrainer } from "@detectron-ts/engine";
import { afterAll, beforeAll, expect, it } from "vitest";

import { shapesConfig } from "./shapes-config.ts";
import { registerShapes, unregister } from "./synthetic-dataset.ts";

const DATASET = "learning-shapes";

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "learning-"));
  await registerShapes(DATASET, join(folder, "shapes"), 8);
});
afterAll(() => {
  unregister(DATASET);
  rmSync(folder, { recursive: true, force: true });
});

it("a Mask R-CNN learns from random weights to find and outline the shapes of its training images", async () => {
  const cfg = shapesConfig(DATASET, folder, {
    "SOLVER.MAX_ITER": 160,
    "SOLVER.STEPS": [128],
  });
  const trainer = await DefaultTrainer.create(cfg, { log: () => {} });
  const results = await trainer.train();

  const totals = trainer.storage.history("total_loss").values();
  const mean = (values: readonly (readonly number[])[]): number =>
    values.reduce((sum, [value]) => sum + value, 0) / values.length;
  expect(mean(totals.slice(-20))).toBeLessThan(0.75 * mean(totals.slice(0, 20)));
  // In percent; the same as the tables show.
  const { bbox, segm } = results as Record<"bbox" | "segm", Record<string, number>>;
  expect(bbox.AP50).toBeGreaterThan(70);
  expect(segm.AP50).toBeGreaterThan(70);
  expect(segm.AP).toBeGreaterThan(40);
}, 240_000);
