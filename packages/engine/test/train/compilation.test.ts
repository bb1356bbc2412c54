import { EventStorage } from "@detectron-ts/events";
import { buildModel, type GeneralizedRCNN, type ModelInput } from "@detectron-ts/modeling";
import { manualSeed } from "@detectron-ts/nn";
import { runtime } from "@detectron-ts/runtime";
import { buildOptimizer } from "@detectron-ts/solver";
import { describe, expect, it } from "vitest";

import { squares, tinyMaskRCNN } from "./tiny-training.ts";

/** Images of several sizes with several numbers of objects; none on the first of the last batch. */
const BATCHES: readonly (readonly ModelInput[])[] = [
  [squares(64, 96, [[8, 8, 32]]), squares(64, 64, [[20, 10, 24]])],
  [
    squares(96, 64, [
      [8, 8, 32],
      [4, 50, 30],
    ]),
    squares(64, 64, [[20, 10, 24]]),
  ],
  [
    squares(64, 96, [
      [40, 8, 48],
      [2, 2, 20],
      [10, 30, 28],
    ]),
    squares(128, 64, [[9, 70, 40]]),
  ],
  [squares(64, 96, []), squares(64, 64, [[20, 10, 24]])],
];

/** Trains on a batch, and tells how many graphs that compiled and what was recorded. */
async function step(
  model: Pick<GeneralizedRCNN, "losses">,
  optimizer: ReturnType<typeof buildOptimizer>,
  batch: readonly ModelInput[],
): Promise<{ compilations: number; losses: number[]; recorded: string[] }> {
  using storage = new EventStorage();
  runtime.resetStats();
  const losses = Object.values(await model.losses(batch));
  optimizer.zeroGrad();
  const total = losses.map((loss) => loss.keep()).reduce((sum, loss) => sum.add(loss));
  await total.backward();
  await storage.settle();
  optimizer.step();
  return {
    compilations: runtime.stats().compilations,
    losses: losses.map((loss) => Number(loss.dataSync()[0])),
    recorded: [...storage.latest().keys()],
  };
}

describe.each([
  ["a feature pyramid", tinyMaskRCNN()],
  ["a C4 model", tinyMaskRCNN({}, "COCO-InstanceSegmentation/mask_rcnn_R_50_C4_1x")],
  [
    "batch norms that learn, and masks of predicted boxes for all classes alike",
    tinyMaskRCNN({
      "MODEL.RESNETS.NORM": "BN",
      "MODEL.FPN.NORM": "BN",
      "MODEL.BACKBONE.FREEZE_AT": 0,
      "MODEL.ROI_BOX_HEAD.TRAIN_ON_PRED_BOXES": true,
      "MODEL.ROI_BOX_HEAD.CLS_AGNOSTIC_BBOX_REG": true,
      "MODEL.ROI_BOX_HEAD.BBOX_REG_LOSS_TYPE": "giou",
      "MODEL.ROI_MASK_HEAD.CLS_AGNOSTIC_MASK": true,
    }),
  ],
])("training %s", (_, cfg) => {
  it("compiles nothing from the second step on, whatever the images' sizes and the numbers of regions", async () => {
    manualSeed(1);
    const model = buildModel(cfg);
    const optimizer = buildOptimizer(cfg, model);
    const maskRegions = new Set<number>();
    model.roiHeads.maskHead.registerForwardPreHook((_head, [features]) => {
      maskRegions.add(features.shape[0]);
    });
    const compilations: number[] = [];
    for (const batch of BATCHES) {
      compilations.push((await step(model, optimizer, batch)).compilations);
    }
    expect(compilations.slice(1)).toEqual([0, 0, 0]);
    expect(maskRegions.size).toBeGreaterThan(1);
  });

  it("goes on over a batch without any ground truth", async () => {
    manualSeed(1);
    const model = buildModel(cfg);
    const optimizer = buildOptimizer(cfg, model);
    await step(model, optimizer, BATCHES[0]);
    const { losses, recorded } = await step(model, optimizer, [
      squares(64, 96, []),
      squares(64, 64, []),
    ]);
    expect(losses.every(Number.isFinite)).toBe(true);
    // Nothing to regress, no mask to draw, and no foreground to be right about.
    expect(losses.filter((loss) => loss === 0)).toHaveLength(3);
    expect(recorded).not.toContain("fast_rcnn/fg_cls_accuracy");
    expect(recorded).not.toContain("mask_rcnn/accuracy");
    expect((await step(model, optimizer, BATCHES[3])).compilations).toBe(0);
  });
});
