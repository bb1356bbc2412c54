import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { FrozenConfigError, UnknownKeyError } from "@detectron-ts/config";
import { ConfigNotFoundError, OverridesError, parseOpts, setupConfig } from "@detectron-ts/engine";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

describe("parseOpts", () => {
  it("takes keys and values in turn, joined by an equals sign, or both", () => {
    const wanted = ["MODEL.WEIGHTS", "a.pth", "SOLVER.BASE_LR", "0.01"];
    expect(parseOpts(["MODEL.WEIGHTS", "a.pth", "SOLVER.BASE_LR", "0.01"])).toEqual(wanted);
    expect(parseOpts(["MODEL.WEIGHTS=a.pth", "SOLVER.BASE_LR", "0.01"])).toEqual(wanted);
    expect(parseOpts([])).toEqual([]);
  });

  it("leaves equals signs in values alone", () => {
    expect(parseOpts(["MODEL.WEIGHTS", "https://host/a.pth?b=c"])[1]).toBe(
      "https://host/a.pth?b=c",
    );
    expect(parseOpts(["OUTPUT_DIR=a=b"])).toEqual(["OUTPUT_DIR", "a=b"]);
  });

  it("tells which key has no value, and what can't be a key", () => {
    expect(() => parseOpts(["MODEL.MASK_ON", "True", "SEED"])).toThrow(OverridesError);
    expect(() => parseOpts(["MODEL.MASK_ON", "True", "SEED"])).toThrow(/3 of 3, "SEED"/);
    expect(() => parseOpts(["--weights", "a.pth"])).toThrow(/"--weights", is no key/);
  });
});

describe("setupConfig", () => {
  let folder: string;
  let file: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "engine-test-"));
    file = join(folder, "own.yaml");
    writeFileSync(file, "MODEL:\n  WEIGHTS: from-file.pth\n  MASK_ON: True\nVERSION: 2\n");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("merges the file, then the overrides, then the checkpoint", () => {
    const opts = ["MODEL.WEIGHTS", "from-opts.pth", "MODEL.ROI_HEADS.NUM_CLASSES", "3"];
    expect(setupConfig({ configFile: file }).MODEL.WEIGHTS).toBe("from-file.pth");
    expect(setupConfig({ configFile: file, opts }).MODEL.WEIGHTS).toBe("from-opts.pth");
    const cfg = setupConfig({ configFile: file, opts, weights: "given.pth" });
    expect(cfg.MODEL.WEIGHTS).toBe("given.pth");
    expect(cfg.MODEL.ROI_HEADS.NUM_CLASSES).toBe(3);
    expect(cfg.MODEL.MASK_ON).toBe(true);
  });

  it("knows the model zoo by name, with or without the released checkpoint", () => {
    const configFile = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x";
    expect(setupConfig({ configFile }).MODEL.WEIGHTS).toMatch(/R-50\.pkl$/);
    expect(setupConfig({ configFile, trained: true }).MODEL.WEIGHTS).toMatch(/f10217\.pkl$/);
    const own = setupConfig({ configFile, trained: true, weights: "own.pth" });
    expect(own.MODEL.WEIGHTS).toBe("own.pth");
  });

  it("gives the defaults, frozen, when nothing is asked for", () => {
    const cfg = setupConfig({});
    expect(cfg.MODEL.META_ARCHITECTURE).toBe("GeneralizedRCNN");
    expect(() => cfg.set("SEED", 1)).toThrow(FrozenConfigError);
  });

  it("names near keys and configs for those it doesn't know", () => {
    expect(() => setupConfig({ opts: ["MODEL.MASKS_ON", "True"] })).toThrow(UnknownKeyError);
    const missing = (): unknown => setupConfig({ configFile: "mask_rcnn_R_50_FPN_3x" });
    expect(missing).toThrow(ConfigNotFoundError);
    expect(missing).toThrow(
      /There is no file mask_rcnn_R_50_FPN_3x\. The model zoo has no config .* Did you mean/,
    );
  });
});
