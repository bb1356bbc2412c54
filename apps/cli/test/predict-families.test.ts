import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DetectionCheckpointer, type StateDictTarget } from "@detectron-ts/checkpoint";
import { decode } from "@detectron-ts/coco";
import { getConfig } from "@detectron-ts/model-zoo";
import { buildModel } from "@detectron-ts/modeling";
import { type AnyModule, manualSeed } from "@detectron-ts/nn";
import { describe, expect, it } from "vitest";

import { DEMO_FILES } from "../src/demo-files.ts";
import type { ImagePredictions, Predictions } from "../src/prediction/results.ts";
import { detectron, temporaryFolder } from "./command-line.ts";

const folder = await temporaryFolder();

/** So narrow that building and running one takes moments. */
const TINY = {
  "MODEL.RESNETS.STEM_OUT_CHANNELS": 4,
  "MODEL.RESNETS.WIDTH_PER_GROUP": 2,
  "MODEL.RESNETS.RES2_OUT_CHANNELS": 8,
  "MODEL.FPN.OUT_CHANNELS": 8,
  "MODEL.RPN.POST_NMS_TOPK_TEST": 20,
  "MODEL.ROI_BOX_HEAD.FC_DIM": 8,
  "MODEL.ROI_MASK_HEAD.CONV_DIM": 8,
  "MODEL.ROI_KEYPOINT_HEAD.CONV_DIMS": "(8,)",
  // Groups of GroupNorm divide it.
  "MODEL.SEM_SEG_HEAD.CONVS_DIM": 32,
  // All classes are as likely.
  "MODEL.ROI_HEADS.SCORE_THRESH_TEST": 0.001,
  "MODEL.PANOPTIC_FPN.COMBINE.INSTANCES_CONFIDENCE_THRESH": 0.001,
  "MODEL.PANOPTIC_FPN.COMBINE.STUFF_AREA_LIMIT": 100,
  "INPUT.MIN_SIZE_TEST": 96,
};

/** What `detectron predict` says of a photograph with a random model of a config. */
async function predict(config: string): Promise<{ stdout: string; image: ImagePredictions }> {
  const cfg = getConfig(config);
  cfg.mergeFromList(Object.entries(TINY).flat());
  manualSeed(1);
  const name = config.replaceAll("/", "_");
  const model = buildModel<StateDictTarget & AnyModule>(cfg);
  // Random features are huge: boxes would leave the image, and scores be 0 or 1.
  for (const [path, parameter] of model.namedParameters()) {
    if (/anchor_deltas|box_predictor/.test(path)) parameter.update((data) => data.fill(0 as never));
  }
  const weights = await new DetectionCheckpointer(model, { saveDir: folder }).save(name);
  const json = join(folder, `${name}.json`);
  const { code, stdout, stderr } = await detectron(
    "predict",
    `--config-file=${config}`,
    `--weights=${weights}`,
    `--input=${DEMO_FILES.photograph}`,
    `--output=${join(folder, name)}`,
    `--json=${json}`,
    "--opts",
    ...Object.entries(TINY).flat().map(String),
  );
  expect(stderr).toBe("");
  expect(code).toBe(0);
  const { images }: Predictions = JSON.parse(await readFile(json, "utf8"));
  return { stdout, image: images[0] };
}

describe("detectron predict", () => {
  it("says where the keypoints of persons are", async () => {
    const { image } = await predict("COCO-Keypoints/keypoint_rcnn_R_50_FPN_3x");
    expect(image.instances.length).toBeGreaterThan(0);
    for (const { category, keypoints } of image.instances) {
      expect(category).toBe("person");
      expect(keypoints).toHaveLength(17);
      expect(keypoints?.every((keypoint) => keypoint.length === 3)).toBe(true);
    }
  });

  it("says which pixels show what, of a semantic model", async () => {
    const { image, stdout } = await predict("Misc/semantic_R_50_FPN_1x");
    const { regions = [], instances, height, width } = image;
    expect(instances).toEqual([]);
    expect(stdout).toMatch(/: \d+ class(es)?, \d+ ms/);
    expect(regions[0].category).toEqual(expect.any(String));
    expect(regions.reduce((sum, { area }) => sum + area, 0)).toBe(height * width);
    for (const { area, segmentation } of regions) {
      expect(decode(segmentation).reduce((sum, pixel) => sum + pixel, 0)).toBe(area);
    }
  });

  it("says which segment each pixel belongs to, of a panoptic model", async () => {
    const { image, stdout } = await predict("COCO-PanopticSegmentation/panoptic_fpn_R_50_3x");
    const { segments = [], instances, regions, height, width } = image;
    expect(stdout).toContain(`: ${segments.length} segment`);
    expect(instances.length).toBeGreaterThan(0);
    expect(regions?.length).toBeGreaterThan(0);
    const covered = segments.reduce((sum, { area }) => sum + area, 0);
    expect(covered).toBeGreaterThan(0);
    expect(covered).toBeLessThanOrEqual(height * width);
    for (const { isThing, score } of segments) expect(score !== undefined).toBe(isThing);
  });

  it("finds objects with a one-stage model", async () => {
    const { image } = await predict("COCO-Detection/retinanet_R_50_FPN_1x");
    expect(image.regions).toBeUndefined();
    expect(image.segments).toBeUndefined();
  });
});
