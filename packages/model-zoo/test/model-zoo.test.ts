import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { getCfg } from "@detectron-ts/config";
import { runReadmeExample } from "@detectron-ts/testing";
import { describe, expect, it } from "vitest";

import {
  getCheckpointUrl,
  getConfig,
  getConfigFile,
  listConfigs,
  NoCheckpointError,
  UnknownConfigError,
} from "../src/index.ts";
import { CHECKPOINTS } from "../src/checkpoints.ts";

const MASK_RCNN = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x";

function goldenPath(name: string): string {
  return fileURLToPath(new URL(`./golden/${name}`, import.meta.url));
}

function goldenJson<Json>(name: string): Json {
  return JSON.parse(readFileSync(goldenPath(name), "utf8"));
}

describe("every config", () => {
  const recorded = Object.entries(goldenJson<Record<string, string>>("merged_sha256.json"));

  it("of detectron2 is here, and no other", () => {
    expect(listConfigs()).toEqual(recorded.map(([name]) => name).sort());
    expect(recorded).toHaveLength(92);
  });

  it.each(recorded)("%s merges into the very config that detectron2 merges", (name, sha256) => {
    const dump = getConfig(name).dump();
    expect(createHash("sha256").update(dump).digest("hex")).toBe(sha256);
  });
});

describe("the dumped config of a training run", () => {
  it.each(["mask_rcnn_fruits", "faster_rcnn_bccd"])("%s is its base and its overrides", (run) => {
    const { base, overrides } = goldenJson<{ base: string; overrides: unknown[] }>(
      `${run}/overrides.json`,
    );
    const built = getConfig(base);
    built.mergeFromList(overrides);
    built.OUTPUT_DIR = `./output/${run}`;

    const dumped = getCfg();
    dumped.mergeFromFile(goldenPath(`${run}/config.yaml`));
    expect(built.dump()).toBe(dumped.dump());
    expect(built.equals(dumped)).toBe(true);
  });
});

describe("getConfig", () => {
  it("gives the published settings", () => {
    const mask = getConfig(MASK_RCNN);
    expect(mask.MODEL.MASK_ON).toBe(true);
    expect(mask.SOLVER.STEPS).toEqual([210000, 250000]);
    expect(mask.INPUT.MIN_SIZE_TRAIN).toEqual([640, 672, 704, 736, 768, 800]);
    expect(mask.MODEL.WEIGHTS).toBe("detectron2://ImageNetPretrained/MSRA/R-50.pkl");

    const retinanet = getConfig("COCO-Detection/retinanet_R_101_FPN_3x");
    expect(retinanet.MODEL.RESNETS.DEPTH).toBe(101);
    expect(retinanet.SOLVER.BASE_LR).toBe(0.01);
    expect(retinanet.MODEL.ANCHOR_GENERATOR.SIZES[0]).toEqual([
      32, 40.31747359663594, 50.79683366298238,
    ]);

    const lvis = getConfig("LVISv1-InstanceSegmentation/mask_rcnn_X_101_32x8d_FPN_1x");
    expect(lvis.MODEL.ROI_HEADS).toMatchObject({ NUM_CLASSES: 1203, SCORE_THRESH_TEST: 1e-4 });
    expect(lvis.MODEL.PIXEL_STD).toEqual([57.375, 57.12, 58.395]);

    const test = getConfig("quick_schedules/mask_rcnn_R_50_FPN_inference_acc_test.yaml");
    expect(test.TEST.EXPECTED_RESULTS[3]).toEqual(["segm_TTA", "AP", 45.04, 0.02]);
  });

  it("fills MODEL.WEIGHTS with the released checkpoint when asked", () => {
    expect(getConfig(MASK_RCNN, { trained: true }).MODEL.WEIGHTS).toBe(getCheckpointUrl(MASK_RCNN));
    expect(() => getConfig("Base-RCNN-FPN.yaml", { trained: true })).toThrow(NoCheckpointError);
  });
});

describe("getConfigFile", () => {
  it("takes names with and without extension", () => {
    expect(existsSync(getConfigFile(MASK_RCNN))).toBe(true);
    expect(getConfigFile(`${MASK_RCNN}.yaml`)).toBe(getConfigFile(MASK_RCNN));
    expect(existsSync(getConfigFile("Misc/mask_rcnn_R_50_FPN_3x_dconv_c3-c5"))).toBe(true);
    expect(existsSync(getConfigFile("LVISv0.5-InstanceSegmentation/mask_rcnn_R_50_FPN_1x"))).toBe(
      true,
    );
  });

  it.each([
    ["COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3", `${MASK_RCNN}.yaml`],
    ["mask_rcnn_R_50_FPN_3x.yaml", `${MASK_RCNN}.yaml`],
    ["COCO-Detection/mask_rcnn_R_50_FPN_3x", `${MASK_RCNN}.yaml`],
  ])("suggests, for %s, %s", (name, suggestion) => {
    const error = caughtUnknown(() => getConfigFile(name));
    expect(error.configName).toBe(name);
    expect(error.suggestions[0]).toBe(suggestion);
    expect(error.message).toContain(`Did you mean ${suggestion}`);
  });

  it.each(["../package.json", "", "/etc/passwd", "../config/x.yaml", "."])(
    "doesn't take %j, which is no name",
    (name) => {
      expect(() => getConfigFile(name)).toThrow(UnknownConfigError);
    },
  );
});

describe("getCheckpointUrl", () => {
  it("gives detectron2's addresses", () => {
    const prefix = "https://dl.fbaipublicfiles.com/detectron2/";
    const scratch = "Misc/scratch_mask_rcnn_R_50_FPN_3x_gn";
    const url = `${prefix}${scratch}/138602908/model_final_01ca85.pkl`;
    for (const extension of ["", ".yaml", ".py"]) {
      expect(getCheckpointUrl(scratch + extension)).toBe(url);
    }
    expect(getCheckpointUrl("Misc/cascade_mask_rcnn_X_152_32x8d_FPN_IN5k_gn_dconv.yaml")).toMatch(
      /\/18131413\/model_0039999_e76410\.pkl$/,
    );
  });

  it("knows all 64 that were released, each for a config that exists or a Python config", () => {
    expect(CHECKPOINTS.size).toBe(64);
    const configs = new Set(listConfigs());
    const without = [...CHECKPOINTS.keys()].filter((name) => !configs.has(`${name}.yaml`));
    expect(without).toHaveLength(12);
    expect(without.every((name) => name.startsWith("new_baselines/"))).toBe(true);
  });

  it("agrees with the checkpoints that the test configs evaluate", () => {
    const tests = listConfigs().filter((name) => name.endsWith("_inference_acc_test.yaml"));
    const urls = new Set([...CHECKPOINTS.keys()].map(getCheckpointUrl));
    for (const name of tests.filter((test) => !test.includes("semantic"))) {
      const weights = getConfig(name).MODEL.WEIGHTS;
      expect(urls).toContain(
        weights.replace("detectron2://", "https://dl.fbaipublicfiles.com/detectron2/"),
      );
    }
    expect(tests).toHaveLength(10);
  });

  it("says so when a config has none", () => {
    expect(() => getCheckpointUrl("COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x_giou")).toThrow(
      "Did you mean COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x",
    );
  });
});

describe("README", () => {
  it("of the configs has an example that runs", async () => {
    const { stdout } = await runReadmeExample(new URL("../../../configs", import.meta.url));
    expect(stdout).toContain('_BASE_: "../Base-RetinaNet.yaml"');
  });

  it("has an example that runs", async () => {
    const { stdout } = await runReadmeExample(new URL("..", import.meta.url));
    expect(stdout).toContain("mask_rcnn_R_50_FPN_3x/137849600/model_final_f10217.pkl");
  });
});

function caughtUnknown(run: () => unknown): UnknownConfigError {
  try {
    run();
  } catch (error) {
    if (error instanceof UnknownConfigError) return error;
    throw error;
  }
  return expect.fail("expected an UnknownConfigError");
}
