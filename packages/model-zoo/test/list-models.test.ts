import { describe, expect, it } from "vitest";

import { CHECKPOINTS } from "../src/checkpoints.ts";
import {
  getCheckpointUrl,
  listConfigs,
  listLazyConfigs,
  listModels,
  MODEL_FAMILIES,
} from "../src/index.ts";

describe("listModels", () => {
  it("has every released checkpoint, each with a config", () => {
    const names = listModels().map(({ name }) => name);
    expect(names.map((name) => name.replace(/\.\w+$/, ""))).toEqual([...CHECKPOINTS.keys()].sort());
    const configs = new Set<string>([...listConfigs(), ...listLazyConfigs()]);
    expect(names.filter((name) => !configs.has(name))).toEqual([]);
    for (const { name, checkpointUrl, modelId } of listModels()) {
      expect(checkpointUrl).toBe(getCheckpointUrl(name));
      expect(checkpointUrl).toContain(`/${modelId}/model_`);
    }
  });

  it("tells what was published", () => {
    expect(listModels({ search: "Segmentation/mask_rcnn_R_50_FPN_3x.yaml" })).toEqual([
      {
        name: "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml",
        family: "mask_rcnn",
        dataset: "COCO",
        schedule: "3x",
        metrics: { boxAP: 41, maskAP: 37.2 },
        trainSecondsPerIteration: 0.261,
        inferenceSecondsPerImage: 0.043,
        trainMemoryGB: 3.4,
        modelId: "137849600",
        checkpointUrl:
          "https://dl.fbaipublicfiles.com/detectron2/COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x/137849600/model_final_f10217.pkl",
        license: {
          name: "CC BY-SA 3.0",
          url: "https://creativecommons.org/licenses/by-sa/3.0/",
        },
      },
    ]);
    const metrics = (search: string): object => listModels({ search })[0].metrics;
    expect(metrics("panoptic_fpn_R_101_3x")).toEqual({ boxAP: 42.4, maskAP: 38.5, pq: 43 });
    expect(metrics("Keypoints/keypoint_rcnn_X_101")).toEqual({ boxAP: 57.3, keypointAP: 66 });
    expect(metrics("rpn_R_50_FPN_1x")).toEqual({ proposalAR: 58 });
    expect(metrics("PascalVOC")).toEqual({ boxAP: 51.9, boxAP50: 80.3 });
  });

  it("chooses by family, dataset and name", () => {
    const counts = MODEL_FAMILIES.map((family) => listModels({ family }).length);
    expect(counts.reduce((sum, count) => sum + count)).toBe(64);
    expect(Object.fromEntries(MODEL_FAMILIES.map((family, i) => [family, counts[i]]))).toEqual({
      faster_rcnn: 12,
      fast_rcnn: 1,
      rpn: 2,
      retinanet: 3,
      mask_rcnn: 34,
      cascade_mask_rcnn: 3,
      keypoint_rcnn: 5,
      panoptic_fpn: 4,
    });
    expect(listModels({ dataset: "lvis V0.5" })).toHaveLength(3);
    expect(listModels({ dataset: "COCO", family: "retinanet", search: "r_101" })).toHaveLength(1);
    expect(listModels({ search: "no such model" })).toEqual([]);
  });
});
