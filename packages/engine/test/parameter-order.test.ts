import { readdirSync } from "node:fs";
import { join } from "node:path";

import { readCheckpoint } from "@detectron-ts/checkpoint";
import { setupConfig } from "@detectron-ts/engine";
import { buildModel } from "@detectron-ts/modeling";
import { init } from "@detectron-ts/nn";
import { goldenRoot } from "@detectron-ts/testing";
import { describe, expect, it } from "vitest";

const trained = join(goldenRoot() ?? "", "trained");

describe.runIf(goldenRoot())("the order of parameters", () => {
  // Optimisers know parameters by position: only in the same order can a training move between the two.
  it.each(goldenRoot() ? readdirSync(trained).filter((name) => name.includes("rcnn")) : [])(
    "is detectron2's in %s",
    async (name) => {
      const cfg = setupConfig({ configFile: join(trained, name, "config.yaml") });
      const model = init.withoutDrawing(() => buildModel(cfg));
      await using checkpoint = await readCheckpoint(join(trained, name, "model_final.pth"));
      expect([...model.stateDict().keys()]).toEqual([...checkpoint.model.keys()]);
    },
  );
});
