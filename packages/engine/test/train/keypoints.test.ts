import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DefaultTrainer } from "@detectron-ts/engine";
import { afterAll, beforeAll, expect, it } from "vitest";

import { shapesConfig } from "./shapes-config.ts";
import { registerShapes, unregister } from "./synthetic-dataset.ts";

const DATASET = "keypoint-shapes";

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "keypoints-"));
  await registerShapes(DATASET, join(folder, "shapes"), 8, { keypoints: true });
});
afterAll(() => {
  unregister(DATASET);
  rmSync(folder, { recursive: true, force: true });
});

it("masks and keypoints are trained together on a dataset file, mirrored at random, and evaluated", async () => {
  const head = "MODEL.ROI_KEYPOINT_HEAD";
  const cfg = shapesConfig(DATASET, folder, {
    "MODEL.KEYPOINT_ON": true,
    [`${head}.NUM_KEYPOINTS`]: 5,
    [`${head}.CONV_DIMS`]: [16, 16],
    "TEST.KEYPOINT_OKS_SIGMAS": [0.1, 0.1, 0.1, 0.1, 0.1],
    "INPUT.RANDOM_FLIP": "horizontal",
    "MODEL.ROI_HEADS.SCORE_THRESH_TEST": 0.001,
    "SOLVER.MAX_ITER": 3,
  });
  const trainer = await DefaultTrainer.create(cfg, { log: () => {} });
  const results = await trainer.train();

  const losses = trainer.storage.history("loss_keypoint").values();
  expect(losses).toHaveLength(3);
  expect(losses.every(([loss]) => loss > 0 && loss < Infinity)).toBe(true);
  expect(trainer.storage.latest().get("keypoint_head/num_fg_samples")?.value).toBeGreaterThan(0);
  expect(Object.keys(results ?? {})).toEqual(["bbox", "keypoints", "segm"]);
  const { keypoints } = results as Record<"keypoints", Record<string, number>>;
  expect(Object.keys(keypoints).slice(0, 5)).toEqual(["AP", "AP50", "AP75", "APm", "APl"]);
  expect(keypoints.AP).toBeGreaterThanOrEqual(0);
}, 120_000);
