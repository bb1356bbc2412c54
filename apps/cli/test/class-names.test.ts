import { join } from "node:path";
import { DetectionCheckpointer, type LoadReport, writeSafetensors } from "@detectron-ts/checkpoint";
import type { Config } from "@detectron-ts/config";
import { getConfig } from "@detectron-ts/model-zoo";
import { describe, expect, it } from "vitest";

import { CLASSES_KEY } from "../src/prediction/class-names.ts";
import { kindsOfConfig } from "../src/prediction/model-kinds.ts";
import { findMetadata } from "../src/prediction/model-metadata.ts";
import { temporaryFolder } from "./command-line.ts";

const folder = await temporaryFolder();

/** Loads a checkpoint that has nothing but metadata. */
async function loadMetadata(name: string, classes: string) {
  const path = join(folder, `${name}.safetensors`);
  await writeSafetensors(path, new Map(), { metadata: new Map([[CLASSES_KEY, classes]]) });
  return new DetectionCheckpointer({ stateDict: () => new Map() }).load(path);
}

const noCheckpoint = await new DetectionCheckpointer({ stateDict: () => new Map() }).load("");

async function findClassNames(cfg: Config, report: LoadReport, given?: readonly string[]) {
  const [dataset] = cfg.DATASETS.TEST;
  return (await findMetadata(kindsOfConfig(cfg), dataset, report, given)).thingClasses;
}

describe("the names of a model's classes", () => {
  it.each([
    ["COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x", 80, "person", "toothbrush"],
    ["PascalVOC-Detection/faster_rcnn_R_50_FPN", 20, "aeroplane", "tvmonitor"],
    ["Cityscapes/mask_rcnn_R_50_FPN", 8, "person", "bicycle"],
    ["COCO-Keypoints/keypoint_rcnn_R_50_FPN_3x", 1, "person", "person"],
  ])("knows the classes of the dataset of %s", async (config, count, first, last) => {
    const names = await findClassNames(getConfig(config), noCheckpoint);
    expect(names).toHaveLength(count);
    expect([names?.at(0), names?.at(-1)]).toEqual([first, last]);
  });

  it("prefers names that are given, then those of the checkpoint", async () => {
    const cfg = getConfig("COCO-Keypoints/keypoint_rcnn_R_50_FPN_3x");
    const report = await loadMetadata("one", '["pedestrian"]');
    expect(await findClassNames(cfg, report)).toEqual(["pedestrian"]);
    expect(await findClassNames(cfg, report, ["walker"])).toEqual(["walker"]);
  });

  it.each([
    ["another number of names", '["a", "b"]'],
    ["something else than names", "[1]"],
    ["no JSON", "person"],
  ])("ignores a checkpoint with %s", async (name, classes) => {
    const cfg = getConfig("COCO-Keypoints/keypoint_rcnn_R_50_FPN_3x");
    expect(await findClassNames(cfg, await loadMetadata(name, classes))).toEqual(["person"]);
  });

  it("knows none for a dataset of one's own", async () => {
    const cfg = getConfig("COCO-Detection/faster_rcnn_R_50_FPN_1x");
    cfg.DATASETS.TEST = ["my_dataset_test"];
    expect(await findClassNames(cfg, noCheckpoint)).toBeUndefined();
  });
});
