import { getConfig } from "@detectron-ts/model-zoo";
import { buildModel } from "@detectron-ts/modeling";
import { manualSeed } from "@detectron-ts/nn";
import { runtime } from "@detectron-ts/runtime";
import { buildOptimizer } from "@detectron-ts/solver";
import { inTemporaryFolder } from "./temporary-folder.ts";
import { TimedTraining } from "./timed-training.ts";
import { trainingLoader } from "./training-data.ts";

/** A Mask R-CNN so narrow that a step takes a fraction of a second. */
const OVERRIDES = {
  "MODEL.RESNETS.STEM_OUT_CHANNELS": 8,
  "MODEL.RESNETS.WIDTH_PER_GROUP": 4,
  "MODEL.RESNETS.RES2_OUT_CHANNELS": 16,
  "MODEL.FPN.OUT_CHANNELS": 16,
  "MODEL.ROI_BOX_HEAD.FC_DIM": 16,
  "MODEL.ROI_MASK_HEAD.CONV_DIM": 8,
  "MODEL.ROI_HEADS.NUM_CLASSES": 2,
  "MODEL.RPN.PRE_NMS_TOPK_TRAIN": 100,
  "MODEL.RPN.POST_NMS_TOPK_TRAIN": 50,
  // Random weights without a norm that learns make large losses: a larger step would diverge.
  "SOLVER.BASE_LR": 1e-7,
  "SOLVER.IMS_PER_BATCH": 2,
  "INPUT.MIN_SIZE_TRAIN": [96, 112, 128],
  "INPUT.MAX_SIZE_TRAIN": 256,
  SEED: 1,
};

const ROUNDS = 4;
const ITERATIONS_PER_ROUND = 50;
const GROWTH_BAR = 0.05;

/** Trains a tiny model on images of changing sizes, and prints how the process grows. */
export function benchTrainingMemory(): Promise<void> {
  return inTemporaryFolder(async (folder) => {
    const cfg = getConfig("COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x");
    cfg.mergeFromList(Object.entries(OVERRIDES).flat());
    manualSeed(1);
    const model = buildModel(cfg);
    const loader = await trainingLoader(cfg, { folder, height: 96, width: 128, instances: 3 });
    const training = new TimedTraining(model, loader, buildOptimizer(cfg, model));
    console.log("training a tiny mask_rcnn_R_50_FPN on images of changing sizes");
    console.log("iterations   resident MiB   sessions compiled");
    const resident: number[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      runtime.resetStats();
      await training.run(ITERATIONS_PER_ROUND);
      resident.push(process.memoryUsage().rss / 2 ** 20);
      const cells = [
        String(round * ITERATIONS_PER_ROUND).padStart(10),
        resident[resident.length - 1].toFixed(0).padStart(15),
        String(runtime.stats().compilations).padStart(20),
      ];
      console.log(cells.join(""));
    }
    const growth = resident[ROUNDS - 1] / resident[0] - 1;
    console.log(
      `growth from ${ITERATIONS_PER_ROUND} to ${ROUNDS * ITERATIONS_PER_ROUND} iterations: ` +
        `${(100 * growth).toFixed(1)} % (bar ${100 * GROWTH_BAR} %)`,
    );
  });
}
