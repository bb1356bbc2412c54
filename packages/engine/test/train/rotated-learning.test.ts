import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DefaultTrainer } from "@detectron-ts/engine";
import { afterAll, beforeAll, expect, it } from "vitest";

import { shapesConfig } from "./shapes-config.ts";
import { unregister } from "./synthetic-dataset.ts";
import { registerBars } from "./synthetic-rotated.ts";

const DATASET = "learning-bars";

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "rotated-"));
  await registerBars(DATASET, join(folder, "bars"), 8);
});
afterAll(() => {
  unregister(DATASET);
  rmSync(folder, { recursive: true, force: true });
});

it("a Faster R-CNN of rotated boxes learns from random weights to find bars and their angles", async () => {
  const cfg = shapesConfig(DATASET, folder, {
    "MODEL.MASK_ON": false,
    // The first blocks of a ResNet are enough for bars of two colours.
    "MODEL.BACKBONE.NAME": "build_resnet_backbone",
    "MODEL.RESNETS.OUT_FEATURES": ["res2"],
    "MODEL.RESNETS.WIDTH_PER_GROUP": 16,
    "MODEL.RESNETS.RES2_OUT_CHANNELS": 48,
    "MODEL.PROPOSAL_GENERATOR.NAME": "RRPN",
    "MODEL.ANCHOR_GENERATOR.NAME": "RotatedAnchorGenerator",
    "MODEL.ANCHOR_GENERATOR.SIZES": [[20]],
    "MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS": [[0.35]],
    "MODEL.ANCHOR_GENERATOR.ANGLES": [[-45, -15, 15, 45]],
    "MODEL.RPN.IN_FEATURES": ["res2"],
    "MODEL.RPN.IOU_THRESHOLDS": [0.3, 0.5],
    "MODEL.RPN.BBOX_REG_WEIGHTS": [1, 1, 1, 1, 1],
    "MODEL.ROI_HEADS.NAME": "RROIHeads",
    "MODEL.ROI_HEADS.IN_FEATURES": ["res2"],
    "MODEL.ROI_BOX_HEAD.POOLER_TYPE": "ROIAlignRotated",
    "MODEL.ROI_BOX_HEAD.BBOX_REG_WEIGHTS": [10, 10, 5, 5, 5],
    "SOLVER.MAX_ITER": 200,
    "SOLVER.STEPS": [160],
  });
  const trainer = await DefaultTrainer.create(cfg, { log: () => {} });
  const results = await trainer.train();

  // In percent, at an overlap of rotated boxes. An upright rectangle around such a bar would not reach a half.
  const { bbox } = results as Record<"bbox", Record<string, number>>;
  expect(bbox.AP50).toBeGreaterThan(80);
}, 300_000);
