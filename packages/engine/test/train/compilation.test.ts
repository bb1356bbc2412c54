import { buildModel, type ModelInput } from "@detectron-ts/modeling";
import { manualSeed } from "@detectron-ts/nn";
import { runtime } from "@detectron-ts/runtime";
import { buildOptimizer } from "@detectron-ts/solver";
import { expect, it } from "vitest";

import { squares, tinyMaskRCNN } from "./tiny-training.ts";

it("compiles nothing from the second step on, whatever the images' sizes and the numbers of regions", async () => {
  manualSeed(1);
  const cfg = tinyMaskRCNN();
  const model = buildModel(cfg);
  const optimizer = buildOptimizer(cfg, model);
  const boxRegions = new Set<number>();
  const maskRegions = new Set<number>();
  model.roiHeads.boxHead.registerForwardHook((_head, [features]) => {
    boxRegions.add(features.shape[0]);
  });
  model.roiHeads.maskHead.registerForwardPreHook((_head, [features]) => {
    maskRegions.add(features.shape[0]);
  });

  const batches: ModelInput[][] = [
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
  const compilations: number[] = [];
  for (const batch of batches) {
    runtime.resetStats();
    const losses = Object.values(await model.losses(batch));
    optimizer.zeroGrad();
    await losses.reduce((sum, loss) => sum.add(loss)).backward();
    optimizer.step();
    compilations.push(runtime.stats().compilations);
  }
  expect(compilations.slice(1)).toEqual([0, 0, 0]);
  expect(boxRegions.size).toBeGreaterThan(1);
  expect(maskRegions.size).toBeGreaterThan(1);
});
