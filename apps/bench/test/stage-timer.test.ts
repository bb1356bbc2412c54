import { zeros } from "@detectron-ts/tensor";
import { expect, it } from "vitest";
import { median, medianStages, StageTimer, type StageTime } from "../src/inference/stage-timer.ts";

it("tells time inside ONNX Runtime from the rest", async () => {
  const timer = new StageTimer();
  await timer.time("compute", () => zeros([3, 5]).add(1).exp().data());
  await timer.time("wait", () => new Promise<void>((resolve) => setTimeout(resolve, 5)));
  expect(timer.stages.map(({ stage, runs, compilations }) => [stage, runs, compilations])).toEqual([
    ["compute", 1, 1],
    ["wait", 0, 0],
  ]);
  expect(timer.stages[0].onnxRuntimeMs).toBeLessThanOrEqual(timer.stages[0].totalMs);
  expect(timer.stages[1].onnxRuntimeMs).toBe(0);
});

it("takes medians, of stages by their total time", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  const run = (totalMs: number): StageTime[] => [
    { stage: "a", totalMs, onnxRuntimeMs: totalMs / 2, runs: 1, compilations: 0 },
  ];
  expect(medianStages([run(5), run(9), run(7)])).toEqual(run(7));
});
