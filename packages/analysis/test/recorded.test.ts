import { analyzeModel, parameterCountTable } from "@detectron-ts/analysis";
import { describe, expect, it } from "vitest";

import { emptyModel, recordedImage, recording } from "./recorded-costs.ts";

/** Operators whose counts are comparable: norms of batches are folded into convolutions here. */
const COMPARABLE = ["conv", "linear", "group_norm"];

function comparable(counts: ReadonlyMap<string, number>): number[] {
  return COMPARABLE.map((operator) => counts.get(operator) ?? 0);
}

describe("a full-size model costs what fvcore counts", () => {
  it.each(recording.cases)("$config", async (recorded) => {
    const model = await emptyModel(recorded.config);
    const { flops, activations } = await analyzeModel(model, [{ image: recordedImage() }], {
      dryRun: true,
    });

    expect(comparable(flops.byOperator())).toEqual(
      comparable(new Map(Object.entries(recorded.flops))),
    );
    const millions = [...activations.byOperator()].map(([name, count]) => [name, count / 1e6]);
    expect(Object.fromEntries(millions)).toEqual(recorded.activations);

    const paths = Object.keys(recorded.flopsByModule);
    const own = paths.map((path) => {
      const [conv, linear, groupNorm] = comparable(flops.byOperator(path));
      return [path, conv + linear + groupNorm];
    });
    expect(Object.fromEntries(own)).toEqual(recorded.flopsByModule);
  });
});

describe("parameterCountTable", () => {
  it.each([
    ["modules of the first level", "faster_rcnn_R_50_FPN_1x", 1, "depth1"],
    ["modules and shapes of parameters", "faster_rcnn_R_50_FPN_1x", undefined, "depth3"],
    ["more than a hundred millions", "faster_rcnn_R_50_DC5_1x", undefined, "DC5"],
  ] as const)("writes %s as fvcore does", async (_, name, maxDepth, table) => {
    const model = await emptyModel(`COCO-Detection/${name}`);
    expect(parameterCountTable(model, { maxDepth })).toBe(recording.parameterTables[table]);
  });
});
