import { createHash } from "node:crypto";

import { buildModel } from "@detectron-ts/modeling";
import { init, type AnyModule } from "@detectron-ts/nn";
import { describe, expect, it } from "vitest";

import { recordedConfigs, recordedModel } from "./recorded-parameters.ts";
import { getConfig, listConfigs } from "./zoo-config.ts";

describe("the model of every config holds what detectron2's does", () => {
  it("is recorded for each config there is", () => {
    expect(listConfigs()).toEqual(recordedConfigs);
    expect(recordedConfigs).toHaveLength(92);
  });

  it.each(recordedConfigs)("%s", (name) => {
    const model = init.withoutDrawing(() => buildModel<AnyModule>(getConfig(name)));
    const { lines, sha256, parameters, trainable, tensors } = recordedModel(name);
    const own = [...model.stateDict()].map(([path, { shape }]) => `${path} ${shape.join("x")}`);

    const [ownLines, recordedLines] = [new Set(own), new Set(lines)];
    expect({
      missing: lines.filter((line) => !ownLines.has(line)),
      unknown: own.filter((line) => !recordedLines.has(line)),
    }).toEqual({ missing: [], unknown: [] });
    // The order is that of an optimizer's state.
    expect(own).toEqual(lines);
    expect(own).toHaveLength(tensors);
    expect(createHash("sha256").update(own.toSorted().join("\n")).digest("hex")).toBe(sha256);

    const count = (requiresGrad: boolean): number =>
      model
        .parameters()
        .filter((parameter) => parameter.requiresGrad || !requiresGrad)
        .reduce((sum, { size }) => sum + size, 0);
    expect({ parameters: count(false), trainable: count(true) }).toEqual({ parameters, trainable });
  });
});
