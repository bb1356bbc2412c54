import { beforeAll, describe, expect, it, vi } from "vitest";

beforeAll(() => {
  vi.spyOn(console, "log").mockImplementation(() => undefined);
});

describe("the examples", () => {
  it("partial-execution: pools mask features for every instance", async () => {
    const { instances, maskFeatures } = await import("../src/partial-execution.ts");
    expect(instances).toHaveLength(1);
    expect(instances[0].length).toBe(16);
    expect(maskFeatures?.shape).toEqual([16, 64, 14, 14]);
    expect(maskFeatures?.data.some((value) => value !== 0)).toBe(true);
  });

  it("forward-hook: captures res4 of a model that runs as before, at no extra run", async () => {
    const { res4, instances, extraRuns } = await import("../src/forward-hook.ts");
    // 288×384 pixels of the network's input, at stride 16.
    expect(res4.shape).toEqual([1, 256, 18, 24]);
    expect(res4.data.some((value) => value > 0)).toBe(true);
    expect(instances.length).toBe(16);
    expect(extraRuns).toBe(0);
  });

  it("custom-box-head: takes the place that the YAML file gives it", async () => {
    const { AveragePoolHead, model, report, instances } = await import("../src/custom-box-head.ts");
    expect(model.roiHeads.boxHead).toBeInstanceOf(AveragePoolHead);
    expect(report.missing).toEqual(["roi_heads.box_head.fc.weight", "roi_heads.box_head.fc.bias"]);
    expect(instances.has("predMasks")).toBe(true);
  });

  it("custom-backbone: carries the proposal generator", async () => {
    const { model, patches, proposals } = await import("../src/custom-backbone.ts");
    expect(patches.shape).toEqual([1, 32, 18, 24]);
    expect(proposals.length).toBeGreaterThan(0);
    expect(proposals.imageSize).toEqual([288, 384]);
    expect(model.namedParameters().has("backbone.patches.weight")).toBe(true);
  });

  it("change-a-weight: finds no figs while their score is out of reach, and all of them again after", async () => {
    const { before, without, after } = await import("../src/change-a-weight.ts");
    expect(before).toContain(1);
    expect(without).not.toContain(1);
    expect(without.length).toBeGreaterThan(0);
    expect(after).toEqual(before);
  });

  it("custom-mask-loss: trains a head that the YAML file selects, and its loss falls", async () => {
    const { DiceMaskHead, losses, trainer } = await import("../src/custom-mask-loss.ts");
    expect(trainer.model.modules().some((module) => module instanceof DiceMaskHead)).toBe(true);
    expect(losses).toHaveLength(40);
    const mean = (values: readonly number[]): number =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(losses.slice(-5))).toBeLessThan(0.9 * mean(losses.slice(0, 5)));
  }, 300_000);
});
