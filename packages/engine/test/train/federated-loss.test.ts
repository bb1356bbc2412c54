import { MetadataCatalog } from "@detectron-ts/data";
import { defaultSetup } from "@detectron-ts/engine";
import { buildModel } from "@detectron-ts/modeling";
import { afterAll, expect, it } from "vitest";

import { tinyMaskRCNN } from "./tiny-training.ts";

const DATASET = "federated-dataset";

afterAll(() => {
  MetadataCatalog.remove(DATASET);
});

it("a federated loss draws classes by how many images of the training set have them", async () => {
  MetadataCatalog.get(DATASET).set({ classImageCount: [16, 9] });
  const cfg = tinyMaskRCNN({
    "DATASETS.TRAIN": [DATASET],
    "MODEL.ROI_BOX_HEAD.USE_SIGMOID_CE": true,
    "MODEL.ROI_BOX_HEAD.USE_FED_LOSS": true,
    "MODEL.ROI_BOX_HEAD.FED_LOSS_FREQ_WEIGHT_POWER": 0.5,
    OUTPUT_DIR: "",
  });
  const { boxPredictor } = buildModel(await defaultSetup(cfg)).roiHeads;
  expect([...boxPredictor.fedLossClsWeights!.dataSync()]).toEqual([4, 3]);
});
