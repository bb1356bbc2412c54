import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DefaultTrainer } from "@detectron-ts/engine";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { shapesConfig } from "./shapes-config.ts";
import { unregister } from "./synthetic-dataset.ts";
import { registerMeadows } from "./synthetic-panoptic.ts";

const DATASET = "learning-meadows";

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "meadows-"));
  await registerMeadows(DATASET, join(folder, "meadows"), 8);
});
afterAll(() => {
  unregister(`${DATASET}_separated`);
  unregister(`${DATASET}_stuffonly`);
  rmSync(folder, { recursive: true, force: true });
});

const HEAD = {
  "MODEL.SEM_SEG_HEAD.NUM_CLASSES": 3,
  "MODEL.SEM_SEG_HEAD.CONVS_DIM": 32,
  "MODEL.PANOPTIC_FPN.COMBINE.STUFF_AREA_LIMIT": 64,
};

/** Trains from random weights; gives the results on the images of the training, by task and metric. */
async function train(
  dataset: string,
  overrides: Readonly<Record<string, unknown>>,
): Promise<{ results: Record<string, Record<string, number>>; lossRatio: number }> {
  const cfg = shapesConfig(dataset, join(folder, dataset), { ...HEAD, ...overrides });
  const trainer = await DefaultTrainer.create(cfg, { log: () => {} });
  const results = await trainer.train();
  const totals = trainer.storage.history("total_loss").values();
  const mean = (values: readonly (readonly number[])[]): number =>
    values.reduce((sum, [value]) => sum + value, 0) / values.length;
  const lossRatio = mean(totals.slice(-10)) / mean(totals.slice(0, 10));
  return { results: results as Record<string, Record<string, number>>, lossRatio };
}

describe("from random weights, on the images it is trained on", () => {
  it("a SemanticSegmentor learns to tell shapes, sky and grass apart", async () => {
    const { results, lossRatio } = await train(`${DATASET}_stuffonly`, {
      "MODEL.META_ARCHITECTURE": "SemanticSegmentor",
      "SOLVER.MAX_ITER": 80,
    });
    expect(lossRatio).toBeLessThan(0.5);
    // In percent; the same as the tables show.
    expect(results.sem_seg.mIoU).toBeGreaterThan(80);
    expect(results.sem_seg.pACC).toBeGreaterThan(90);
  }, 240_000);

  it("a PanopticFPN learns that along with finding shapes, and puts both together", async () => {
    const { results, lossRatio } = await train(`${DATASET}_separated`, {
      "MODEL.META_ARCHITECTURE": "PanopticFPN",
      "SOLVER.MAX_ITER": 80,
    });
    expect(lossRatio).toBeLessThan(0.75);
    expect(results.sem_seg.mIoU).toBeGreaterThan(75);
    expect(results.panoptic_seg.PQ_st).toBeGreaterThan(70);
    expect(results.segm.AP50).toBeGreaterThan(0);
  }, 240_000);
});
