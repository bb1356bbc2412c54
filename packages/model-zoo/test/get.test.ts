import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { writePth } from "@detectron-ts/checkpoint";
import { init } from "@detectron-ts/nn";
import { describe, expect, it } from "vitest";

import { get, getCheckpointUrl, NoCheckpointError, UnknownConfigError } from "../src/index.ts";

const BIAS = "head.cls_score.bias";

describe("get", () => {
  it("builds a config's model without its weights", async () => {
    const model = await init.withoutDrawing(() =>
      get("COCO-Detection/retinanet_R_50_FPN_3x", { weights: false }),
    );
    expect(model.training).toBe(true);
    expect(model.stateDict().get(BIAS)?.shape).toEqual([720]);
  });

  it.each([
    ["COCO-Detection/retinanet_R_50_FPN_1x.yaml"],
    ["COCO-Detection/retinanet_R_50_FPN_1x.py"],
  ])("loads the released checkpoint of %s, from the cache where it is there", async (name) => {
    const cacheDir = mkdtempSync(join(tmpdir(), "zoo-"));
    const file = join(cacheDir, new URL(getCheckpointUrl(name)).pathname);
    mkdirSync(dirname(file), { recursive: true });
    const data = Float32Array.from({ length: 720 }, (_, i) => i / 720);
    const entries = new Map([[BIAS, { shape: [720], dtype: "float32" as const, data }]]);
    await writePth(file, new Map([["model", entries]]));
    const model = await get(name, { trained: true, cacheDir });
    expect(await model.stateDict().get(BIAS)?.data()).toEqual(data);
  });

  it("says what there isn't", async () => {
    await expect(get("COCO-Detection/retinanet_R_50_FPN_2x")).rejects.toThrow(UnknownConfigError);
    const untrained = "Misc/semantic_R_50_FPN_1x.yaml";
    await expect(get(untrained, { trained: true })).rejects.toThrow(NoCheckpointError);
  });
});
