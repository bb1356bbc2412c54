import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { getCfg } from "@detectron-ts/config";
import { describe, expect, it } from "vitest";

import { DEMO_FILES } from "../src/demo-files.ts";
import { detectron, temporaryFolder } from "./command-line.ts";

const folder = await temporaryFolder();

describe("detectron config", () => {
  it("prints a config of the zoo that merges back to itself", async () => {
    const name = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml";
    const { code, stdout } = await detectron("config", name);
    expect(code).toBe(0);
    const file = join(folder, "merged.yaml");
    await writeFile(file, stdout);
    const cfg = getCfg();
    cfg.mergeFromFile(file);
    expect(cfg.dump()).toBe(stdout);
    expect(cfg.MODEL.MASK_ON).toBe(true);
    expect(cfg.SOLVER.MAX_ITER).toBe(270000);
  });

  it("merges overrides over a file", async () => {
    const { stdout } = await detectron(
      "config",
      DEMO_FILES.config,
      "--opts",
      "MODEL.ROI_HEADS.SCORE_THRESH_TEST",
      "0.25",
      "OUTPUT_DIR",
      "elsewhere",
    );
    expect(stdout).toMatch(/^ {4}SCORE_THRESH_TEST: 0.25$/m);
    expect(stdout).toMatch(/^OUTPUT_DIR: elsewhere$/m);
  });

  it.each([
    [
      "an unknown key",
      [DEMO_FILES.config, "--opts", "MODEL.ROI_HEADS.NUM_CLASES", "3"],
      "MODEL.ROI_HEADS.NUM_CLASES. Did you mean MODEL.ROI_HEADS.NUM_CLASSES?",
    ],
    [
      "a value of another type",
      [DEMO_FILES.config, "--opts", "MODEL.ROI_HEADS.NUM_CLASSES", "many"],
      "MODEL.ROI_HEADS.NUM_CLASSES holds a int",
    ],
    [
      "a name that is neither a file nor in the zoo",
      ["COCO-Detection/faster_rcnn_R_50_FPN_2x.yaml"],
      "error: There is no file COCO-Detection/faster_rcnn_R_50_FPN_2x.yaml. " +
        "The model zoo has no config COCO-Detection/faster_rcnn_R_50_FPN_2x.yaml. " +
        "Did you mean COCO-Detection/faster_rcnn_R_50_FPN_",
    ],
    ["a file that isn't there", ["missing.yaml"], "error: There is no file missing.yaml. "],
  ])("exits with 1 for %s, with a hint", async (_, argv, message) => {
    const { code, stdout, stderr } = await detectron("config", ...argv);
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toContain(message);
  });
});
