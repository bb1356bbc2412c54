import { getCfg } from "@detectron-ts/config";
import { buildModel } from "@detectron-ts/modeling";
import { type AnyModule, init, Linear, Sequential } from "@detectron-ts/nn";
import { describe, expect, it } from "vitest";
import { checkConfig } from "../src/configs/check-config.ts";
import { configsPage } from "../src/configs/configs-page.ts";
import { holdsTheSame, readRecordedModels } from "../src/configs/recorded-models.ts";
import { spreadWeights } from "../src/configs/spread-weights.ts";

describe("the page of configs", () => {
  it("has a row for each config, with its problem if there is one", () => {
    const page = configsPage(
      [
        {
          name: "a.yaml",
          check: { parameters: 41_699_936, flops: 192_220_000_000 },
          isRecorded: true,
        },
        { name: "folder/b.yaml", check: { problem: "NotRegisteredError" }, isRecorded: true },
      ],
      [
        {
          name: "c.py",
          check: { parameters: 7, flops: 1e9, imageSize: [64, 32] },
          isRecorded: false,
        },
      ],
    );
    expect(page).toContain("## The 2 YAML files");
    expect(page.split("\n").filter((line) => line.startsWith("|"))).toEqual([
      "| Config          | State                 | Parameters | GFLOPs |",
      "| --------------- | --------------------- | ---------: | -----: |",
      "| `a.yaml`        | 🟢                    | 41,699,936 |  192.2 |",
      "| `folder/b.yaml` | 🔴 NotRegisteredError |            |        |",
      "| Config | State | Parameters | Image | GFLOPs |",
      "| ------ | ----- | ---------: | ----: | -----: |",
      "| `c.py` | 🟡    |          7 | 64×32 |    1.0 |",
    ]);
  });
});

describe("checkConfig", () => {
  const narrow = () => {
    const cfg = getCfg();
    cfg.MODEL.META_ARCHITECTURE = "ProposalNetwork";
    cfg.MODEL.RESNETS.STEM_OUT_CHANNELS = 8;
    cfg.MODEL.RESNETS.WIDTH_PER_GROUP = 4;
    cfg.MODEL.RESNETS.RES2_OUT_CHANNELS = 16;
    return cfg;
  };
  const model = init.withoutDrawing(() => buildModel<AnyModule>(narrow()));

  it("knows detectron2's tensors by name and shape", () => {
    const recorded = readRecordedModels("yaml").get("COCO-Detection/rpn_R_50_C4_1x.yaml")!;
    expect(recorded.parameters).toBe(18_027_787);
    expect(holdsTheSame(model, recorded)).toBe(false);
  });

  it("tells why a config isn't well", async () => {
    const recorded = { parameters: 0, sha256: "" };
    expect(await checkConfig(narrow(), undefined)).toMatchObject({ problem: "nothing recorded" });
    expect(await checkConfig(narrow(), recorded)).toMatchObject({
      problem: "other names or shapes",
    });
    const unknown = narrow();
    unknown.MODEL.META_ARCHITECTURE = "Unknown";
    expect(await checkConfig(unknown, recorded)).toMatchObject({ problem: "NotRegisteredError" });
  });
});

describe("spreadWeights", () => {
  it("makes weights that keep the magnitude of what they are given, and leaves biases alone", () => {
    const linear = new Linear({ inFeatures: 400, outFeatures: 300 });
    init.constant(linear.bias, 3);
    spreadWeights(new Sequential(linear));
    const weights = linear.weight.dataSync() as Float32Array;
    const square = weights.reduce((sum, weight) => sum + weight ** 2, 0) / 300;
    expect(square).toBeGreaterThan(0.95);
    expect(square).toBeLessThan(1.05);
    expect(linear.bias?.dataSync()).toEqual(new Float32Array(300).fill(3));
  });
});
