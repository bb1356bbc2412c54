import { describe, expect, it } from "vitest";

import { DEMO_FILES } from "../src/demo-files.ts";
import { detectorConfig, lazyDetectorConfig } from "../src/prediction/detector-config.ts";

const ZOO_NAME = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml";
const RELEASED = /COCO-InstanceSegmentation\/mask_rcnn_R_50_FPN_3x\/.*model_final_\w+\.pkl$/;

function weightsOf(options: Parameters<typeof detectorConfig>[0]): string {
  return detectorConfig(options).MODEL.WEIGHTS;
}

describe("the checkpoint of a detector", () => {
  it("is the released one for a name of the zoo", () => {
    expect(weightsOf({ configFile: ZOO_NAME })).toMatch(RELEASED);
  });

  it.each([
    ["in two arguments", ["MODEL.WEIGHTS", "mine.pth"]],
    ["in one argument", ["MODEL.WEIGHTS=mine.pth"]],
    ["after others", ["OUTPUT_DIR", "out", "MODEL.WEIGHTS", "mine.pth"]],
  ])("is what an override says, %s", (_, opts) => {
    expect(weightsOf({ configFile: ZOO_NAME, opts })).toBe("mine.pth");
  });

  it("is the released one, too, when the value of an override reads like the key", () => {
    const opts = ["OUTPUT_DIR", "MODEL.WEIGHTS"];
    const cfg = detectorConfig({ configFile: ZOO_NAME, opts });
    expect(cfg.OUTPUT_DIR).toBe("MODEL.WEIGHTS");
    expect(cfg.MODEL.WEIGHTS).toMatch(RELEASED);
  });

  it("is the one of --weights before all others", () => {
    const opts = ["MODEL.WEIGHTS", "other.pth"];
    expect(weightsOf({ configFile: ZOO_NAME, weights: "mine.pth", opts })).toBe("mine.pth");
  });

  it("is the one of the file for a file, and none when it names none", () => {
    expect(weightsOf({ configFile: DEMO_FILES.config })).toBe("");
  });
});

describe("the checkpoint of a detector by a lazy config", () => {
  const configFile = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x.py";
  const weightsBy = async (options: object) =>
    (await lazyDetectorConfig({ configFile, ...options })).train.initCheckpoint;

  it("is the released one for a name of the zoo", async () => {
    expect(await weightsBy({})).toMatch(/mask_rcnn_R_50_FPN_1x\/.*model_final_\w+\.pkl$/);
  });

  it("is what an override says, be it nothing", async () => {
    expect(await weightsBy({ opts: ["train.initCheckpoint=mine.pth"] })).toBe("mine.pth");
    expect(await weightsBy({ opts: ["train.initCheckpoint="] })).toBe("");
  });

  it("is the one of --weights before all others, also where none was released", async () => {
    const opts = ["train.initCheckpoint=other.pth"];
    expect(await weightsBy({ weights: "mine.pth", opts })).toBe("mine.pth");
    const fcos = { configFile: "COCO-Detection/fcos_R_50_FPN_1x.py", weights: "mine.pth" };
    expect(await weightsBy(fcos)).toBe("mine.pth");
  });
});
