import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram, typeScriptBlocks } from "@detectron-ts/testing";
import { expect, it } from "vitest";

import { drawPeople } from "../src/draw-people.ts";

const tutorial = new URL("../../../docs/tutorials/fine-tune-mask-rcnn.md", import.meta.url);

it("the tutorial's program learns to outline people in scenes that it has not seen", async () => {
  const blocks = typeScriptBlocks(await readFile(tutorial, "utf8"));
  expect(blocks.length).toBeGreaterThan(5);
  // What it leaves behind is looked at before its folder goes.
  const looks = `
    import { stat } from "node:fs/promises";
    for (const file of ["drawn/ground-truth.png", "drawn/scene-06.png", "output/report.html"]) {
      console.log(file, (await stat(file)).size > 10_000);
    }`;
  const { stdout } = await runProgram(new URL("..", import.meta.url), blocks.join("\n") + looks, {
    prepare: async (folder) => {
      await drawPeople(join(folder, "people/train"), 16, 1);
      await drawPeople(join(folder, "people/test"), 6, 2);
    },
    timeLimit: 900_000,
  });
  expect(stdout).toContain("16 scenes to train on, 0 problems");
  const taken = /(\d+) weights taken over; new:\n((?: {2}\S+\n)+)/.exec(stdout);
  expect(Number(taken?.[1])).toBeGreaterThan(250);
  expect(taken?.[2].match(/predictor/g)).toHaveLength(6);

  const printed = (name: string): number =>
    Number(new RegExp(`^${name} ([\\d.]+)$`, "m").exec(stdout)?.[1]);
  expect(printed("bbox/AP50")).toBeGreaterThan(70);
  expect(printed("bbox/AP")).toBeGreaterThan(35);
  expect(printed("segm/AP50")).toBeGreaterThan(70);
  expect(printed("segm/AP")).toBeGreaterThan(28);

  expect(stdout).toMatch(/scene-06\.png: \d people/);
  expect(stdout.match(/(png|html) true$/gm)).toHaveLength(3);
}, 930_000);
