import { join } from "node:path";
import { describe, expect, it } from "vitest";

import type { DataCheck } from "../src/data-check/check-datasets.ts";
import { DEMO_FILES } from "../src/demo-files.ts";
import { detectron, temporaryFolder } from "./command-line.ts";
import { CLASSES, type DemoAnnotations, writeCoco, writePennFudan, writeVoc } from "./datasets.ts";

const folder = await temporaryFolder();
const at = (...names: string[]): string => join(folder, ...names);
const coco = await writeCoco(at("coco"));
const CONFIG = ["--config-file", DEMO_FILES.config];

/** Runs `detectron check-data` on the demo's dataset with something changed. */
async function check(
  name: string,
  change: (content: DemoAnnotations) => unknown,
  ...argv: string[]
) {
  const { location, images } = await writeCoco(at(name), change);
  const outcome = await detectron("check-data", "--dataset", `${name}=${location}`, ...argv);
  return { ...outcome, image: join(images, "fruits_and_nuts.jpg") };
}

/** The first annotation with some values replaced. */
const withFirst = (values: object) => (content: DemoAnnotations) => {
  const [first, ...others] = content.annotations;
  return { ...content, annotations: [{ ...first, ...values }, ...others] };
};

describe("detectron check-data", () => {
  it("prints what is in a dataset, and finds nothing wrong with a good one", async () => {
    const { code, stdout, stderr } = await detectron(
      "check-data",
      ...CONFIG,
      "--dataset",
      `fruits=${coco.location}`,
    );
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toContain("fruits\n  1 image, 0 without objects; pixels of 1 were read\n");
    expect(stdout).toContain("12 objects, 12.0 in an image on average, 12 at most");
    expect(stdout).toContain("No problems found.");
    expect(stdout).toMatch(/ {2}Objects of 3 classes\n {2}date +5 +41\.7 % +█{30}\n/);
    expect(stdout).toMatch(/hazelnut +3 +25\.0 % +█{18}\n/);
    expect(stdout).toMatch(/least +5 % +25 % +median +75 % +95 % +greatest\n/);
    expect(stdout).toMatch(/image height +600( +600){6}\n/);
    expect(stdout).toContain("0 objects are small (below 32²), 3 medium, 9 large (from 96²)");
    expect(stdout).toContain("The model has 3 classes.");
    expect(stdout).toMatch(
      /For batches of 4 images the linear rule gives SOLVER.BASE_LR 0.005; it is 0.02/,
    );
  });

  it("names file, annotation and values of warnings, which leave the exit code 0", async () => {
    const { code, stdout, stderr, image } = await check(
      "empty",
      withFirst({ bbox: [10, 20, 0, 30] }),
    );
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toContain("warning: Boxes without extent inside their image");
    expect(stdout).toMatch(/training \(1 case\)\n/);
    expect(stdout).toContain(
      `${image}, annotation 28: bbox [10, 20, 0, 30], image 600 × 800 (height × width)\n`,
    );
  });

  it("shows broken polygons, which a training would leave out without a word", async () => {
    const { stdout } = await check("polygon", withFirst({ segmentation: [[1, 1, 5, 5]] }));
    expect(stdout).toContain("warning: Polygons have fewer than three corners");
    expect(stdout).toContain("12 objects");
  });

  it("exits with 1 when there are errors", async () => {
    const { code, stdout, stderr } = await check("lost", (content) => ({
      ...content,
      images: content.images.map((image) => ({ ...image, file_name: "lost.jpg" })),
    }));
    expect(code).toBe(1);
    expect(stdout).toContain("error: Image files are missing");
    expect(stdout).toContain("lost.jpg: image 600 × 800");
    expect(stderr).toBe("error: There are errors in lost\n");
  });

  it("compares the number of classes and the mask format with the config", async () => {
    const opts = ["--opts", "MODEL.ROI_HEADS.NUM_CLASSES", "80"];
    const counted = await check("counted", (content) => content, ...CONFIG, ...opts);
    expect(counted.code).toBe(1);
    expect(counted.stdout).toContain(
      "The dataset has 3 classes (date, fig, hazelnut), the model 80",
    );

    const root = await writePennFudan(at("penn"));
    const { code, stdout } = await detectron(
      "check-data",
      ...CONFIG,
      "--dataset",
      `p=penn-fudan:${root},fruit`,
    );
    expect(code).toBe(1);
    expect(stdout).toContain('Masks are run-length encodings, but INPUT.MASK_FORMAT is "polygon"');
    expect(stdout).toContain("(12 cases)");
    expect(stdout).toContain("… and 7 more");
  });

  it("prints the report as JSON", async () => {
    const voc = await writeVoc(at("voc"));
    const { code, stdout } = await detectron(
      "check-data",
      "--json",
      ...CONFIG,
      "--dataset",
      `fruits=${coco.location}`,
      "--dataset",
      `voc=voc:${voc},test,${CLASSES.join(",")}`,
    );
    // The objects of the VOC folder have no masks, which the demo's model wants.
    expect(code).toBe(1);
    const { datasets, config }: DataCheck = JSON.parse(stdout);
    expect(config).toEqual({
      numClasses: 3,
      imsPerBatch: 4,
      baseLr: 0.02,
      suggestedBaseLr: 0.005,
    });
    const [fruits, other] = datasets;
    expect(fruits).toMatchObject({
      name: "fruits",
      images: 1,
      objects: 12,
      crowds: 0,
      problems: [],
    });
    expect(fruits.classes).toEqual([
      { name: "date", objects: 5 },
      { name: "fig", objects: 4 },
      { name: "hazelnut", objects: 3 },
    ]);
    expect(fruits.boxSize).toHaveLength(7);
    expect(other.problems.map(({ kind, count }) => [kind, count])).toEqual([["mask-missing", 12]]);
    expect(other.problems[0].examples[0]).toMatchObject({
      annotationId: 0,
      bbox: [234, 3, 350, 114],
    });
  });

  it("says in one line what keeps a file from being read at all", async () => {
    const { code, stdout, stderr } = await check("unknown", withFirst({ category_id: 7 }));
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(
      /^error: .*annotation 28 has category 7; the file's categories are 1, 2, 3\n$/,
    );
  });

  it("survives a dataset without images and objects", async () => {
    const nothing = { images: [], annotations: [] };
    const { code, stdout } = await check("nothing", (content) => ({ ...content, ...nothing }));
    expect(code).toBe(0);
    expect(stdout).toContain("0 images");
    expect(stdout).not.toContain("NaN");
  });

  it("wants a config for overrides", async () => {
    const argv = ["--dataset", `a=${coco.location}`, "--opts", "SEED", "1"];
    const { code, stderr } = await detectron("check-data", ...argv);
    expect(code).toBe(2);
    expect(stderr).toContain("--opts needs --config-file");
  });
});
