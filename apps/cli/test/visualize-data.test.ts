import { copyFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { readImage } from "@detectron-ts/image";
import { describe, expect, it } from "vitest";

import { DEMO_FILES } from "../src/demo-files.ts";
import { detectron, temporaryFolder } from "./command-line.ts";
import { writeCoco, writePennFudan } from "./datasets.ts";

const folder = await temporaryFolder();
const at = (...names: string[]): string => join(folder, ...names);
const coco = await writeCoco(at("coco"));
const DATASET = ["--dataset", `fruits=${coco.location}`];

describe("detectron visualize-data", () => {
  it("draws annotations onto the images, and prints what it wrote", async () => {
    const output = at("annotation");
    const { code, stdout, stderr } = await detectron(
      "visualize-data",
      ...DATASET,
      "--output",
      output,
    );
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const image = join(coco.images, "fruits_and_nuts.jpg");
    const picture = join(output, "fruits_and_nuts.jpg");
    expect(stdout).toBe(`${image}: 12 objects → ${picture}\n1 picture in ${output}\n`);
    const [before, after] = [await readImage(image), await readImage(picture)];
    expect(after.shape).toEqual(before.shape);
    expect(after.data).not.toEqual(before.data);
  });

  it("draws run-length encodings, and PNG images as PNG", async () => {
    const output = at("penn-pictures");
    const root = await writePennFudan(at("penn"));
    const { code } = await detectron(
      "visualize-data",
      "--dataset",
      `p=penn-fudan:${root},fruit`,
      "--output",
      output,
    );
    expect(code).toBe(0);
    expect(await readdir(output)).toEqual(["fruits.png"]);
    expect((await readImage(join(output, "fruits.png"))).shape).toEqual([600, 800, 3]);
  });

  it("draws what the training loader gives, repeatably by a seed", async () => {
    const draw = async (name: string, seed: string) => {
      const argv = ["--source", "dataloader", "--config-file", DEMO_FILES.config, ...DATASET];
      const output = at(name);
      const more = ["--output", output, "--limit", "3", "--seed", seed];
      const { code, stdout } = await detectron("visualize-data", ...argv, ...more);
      expect(code).toBe(0);
      expect(stdout).toContain(`3 pictures in ${output}\n`);
      const names = await readdir(output);
      expect(names.toSorted()).toEqual([
        "fruits_and_nuts-2.jpg",
        "fruits_and_nuts-3.jpg",
        "fruits_and_nuts.jpg",
      ]);
      return Promise.all(names.toSorted().map((file) => readImage(join(output, file))));
    };
    const [first, again, other] = [
      await draw("s1", "1"),
      await draw("s2", "1"),
      await draw("s3", "2"),
    ];
    // INPUT.MIN_SIZE_TRAIN of the demo's config.
    for (const { shape } of first) expect([240, 272, 304, 336]).toContain(shape[0]);
    expect(again.map(({ data }) => data)).toEqual(first.map(({ data }) => data));
    expect(other.map(({ data }) => data)).not.toEqual(first.map(({ data }) => data));
  });

  it("stops at the limit, and takes other images by another seed", async () => {
    const many = await writeCoco(at("many"), ({ images: [image], ...content }) => ({
      ...content,
      images: Array.from({ length: 9 }, (_, id) => ({ ...image, id, file_name: `${id}.jpg` })),
      annotations: [],
    }));
    for (let id = 0; id < 9; id++) {
      await copyFile(DEMO_FILES.photograph, join(many.images, `${id}.jpg`));
    }
    const draw = async (...argv: string[]) => {
      const output = at(`limit${argv.join("")}`);
      const dataset = ["--dataset", `many=${many.location}`, "--output", output];
      await detectron("visualize-data", ...dataset, "--limit", "2", ...argv);
      return (await readdir(output)).toSorted();
    };
    expect(await draw()).toEqual(["0.jpg", "1.jpg"]);
    const drawn: string[][] = [];
    for (const seed of ["1", "2", "3", "4"]) drawn.push(await draw("--seed", seed));
    expect(new Set(drawn.map((names) => names.join())).size).toBeGreaterThan(1);
    for (const names of drawn) expect(names).toHaveLength(2);
  });

  it("leaves out an image that can't be read, and says so at the end", async () => {
    const broken = await writeCoco(at("broken"), ({ images: [image], ...content }) => ({
      ...content,
      images: [{ ...image, id: 1, file_name: "no.jpg" }, image],
    }));
    const argv = ["--dataset", `b=${broken.location}`, "--output", at("broken-pictures")];
    const { code, stdout, stderr } = await detectron("visualize-data", ...argv);
    expect(code).toBe(1);
    expect(stdout).toContain("1 picture in");
    expect(stderr).toContain("1 of 2 images could not be read and was left out");
  });

  it.each([
    ["a loader without config", [...DATASET, "--source", "dataloader"], "needs --config-file"],
    ["overrides without config", [...DATASET, "--opts", "SEED", "1"], "--opts needs --config-file"],
    [
      "an unknown source",
      [...DATASET, "--source", "files"],
      "Allowed choices are annotation, dataloader",
    ],
    ["a limit that is none", [...DATASET, "--limit", "0"], "Wanted a whole number from 1"],
    ["a seed that is none", [...DATASET, "--seed", "-1"], "Wanted a whole number from 0"],
    ["the images' own folder", [...DATASET, "--output", coco.images], "would overwrite it"],
  ])("exits with 2 for %s", async (_, argv, message) => {
    const { code, stderr } = await detectron("visualize-data", ...argv);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
