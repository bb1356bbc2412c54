import { describe, expect, it } from "vitest";

import { DEMO_FILES } from "../src/demo-files.ts";
import { detectron } from "./command-line.ts";

const DEMO = ["--config-file", DEMO_FILES.config];
const IMAGE = ["--weights", DEMO_FILES.weights, "--image", DEMO_FILES.photograph];

const analyzeJson = async (...argv: string[]) => {
  const { code, stdout, stderr } = await detectron("analyze", ...argv, "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
};

describe("detectron analyze", () => {
  it("prints parameters and FLOPs of a full-size model without its checkpoint", async () => {
    const { code, stdout, stderr } = await detectron(
      "analyze",
      "--config-file",
      "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml",
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^\| model +\| 44\.3M +\|$/m);
    expect(stdout).toMatch(/^\| +backbone\.bottom_up +\| +23\.5M +\|$/m);
    expect(stdout).toMatch(/^\| +backbone\.fpn_output2\.bias +\| +\(256,\) +\|$/m);
    expect(stdout).toMatch(/^operator +GFLOPs$/m);
    expect(stdout).toMatch(/^total +245\.\d+$/m);
  });

  it("takes lazy configs of the model zoo", async () => {
    const fcos = ["--config-file", "COCO-Detection/fcos_R_50_FPN_1x.py"];
    const { parameter, flop } = await analyzeJson(...fcos, "--input-size", "256x320");
    expect(parameter[""]).toBe(32_244_245);
    expect(flop.byOperator.conv).toBe(15_979_250_176);
    const { stderr } = await detectron("analyze", ...fcos, "--image", DEMO_FILES.photograph);
    expect(stderr).toMatch("No checkpoint was released for COCO-Detection/fcos_R_50_FPN_1x");
  });

  it("counts more for a larger image", async () => {
    const sizes = ["96x128", "192×256"];
    const [small, large] = await Promise.all(
      sizes.map((size) => analyzeJson(...DEMO, "--tasks", "flop", "--input-size", size)),
    );
    const stem = "backbone.bottom_up.stem";
    expect(large.flop.byModule[stem]).toBe(4 * small.flop.byModule[stem]);
  });

  it("counts what is found in an image", async () => {
    const { flop, activation, parameter } = await analyzeJson(
      ...DEMO,
      ...IMAGE,
      "--tasks",
      "flop",
      "activation",
    );
    expect(flop.total).toBe(flop.byOperator.conv + flop.byOperator.linear);
    expect(flop.byModule["roi_heads.mask_head"]).toBeGreaterThan(0);
    expect(activation.byOperator.conv).toBeGreaterThan(0);
    expect(parameter).toBeUndefined();
  });

  it("prints the structure and activations", async () => {
    const { stdout } = await detectron(
      "analyze",
      ...DEMO,
      "--tasks",
      "structure",
      "activation",
      "--input-size",
      "64x64",
    );
    expect(stdout).toMatch(/^Structure\nGeneralizedRCNN\(\n {2}\(backbone\): FPN\(/m);
    expect(stdout).toMatch(/^operator +Millions of activations$/m);
  });

  it("shows as many levels as wanted", async () => {
    const tasks = ["--tasks", "parameter", "--depth", "1"];
    const { stdout } = await detectron("analyze", ...DEMO, ...tasks);
    expect(stdout.trim().split("\n")).toHaveLength(1 + 2 + 1 + 3);
  });

  it.each([
    ["a size that is none", ["--input-size", "800"], "such as 800x1216"],
    ["a task that there isn't", ["--tasks", "latency"], "Allowed choices are parameter, flop"],
    ["weights without image", ["--weights", "model.pth"], "add --image FILE"],
    ["two images", ["--image", "a.jpg", "--input-size", "64x64"], "leave out it or --image"],
  ])("exits with 2 for %s", async (_, argv, message) => {
    const { code, stderr } = await detectron("analyze", ...DEMO, ...argv);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
