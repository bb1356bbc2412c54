import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { COCO_CATEGORIES, MetadataCatalog } from "@detectron-ts/data";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import { DEMO_FILES } from "../src/demo-files.ts";
import { detectron, temporaryFolder } from "./command-line.ts";
import { type DemoAnnotations, readJson } from "./datasets.ts";

const root = await temporaryFolder();
const at = (...names: string[]): string => join(root, ...names);

/** The demo's photograph and its objects as if they were COCO's: persons, bicycles and cars. */
beforeAll(async () => {
  const { images, annotations } = await readJson<DemoAnnotations>(
    new URL("golden/demo-annotations.json", import.meta.url),
  );
  const categories = COCO_CATEGORIES.filter(([, , isThing]) => isThing).map(([id, name]) => ({
    id,
    name,
  }));
  for (const folder of ["val2017", "train2017", "annotations"]) {
    await mkdir(at("coco", folder), { recursive: true });
  }
  await mkdir(at("lvis"));
  for (const split of ["val2017", "train2017"]) {
    for (const { file_name } of images) {
      await copyFile(DEMO_FILES.photograph, at("coco", split, file_name));
    }
    const file = at("coco", "annotations", `instances_${split}.json`);
    await writeFile(file, JSON.stringify({ images, categories, annotations }));
  }
  await writeFile(
    at("lvis", "lvis_v1_val.json"),
    JSON.stringify({
      images: images.map((image) => ({
        ...image,
        coco_url: `http://images.cocodataset.org/val2017/${image.file_name}`,
        neg_category_ids: [],
        not_exhaustive_category_ids: [],
      })),
      categories: [1, 2, 3].map((id) => ({ id, name: `class ${id}`, frequency: "f" })),
      annotations,
    }),
  );
});
beforeEach(() => vi.stubEnv("DETECTRON2_DATASETS", root));
afterEach(() => {
  vi.unstubAllEnvs();
  for (const name of MetadataCatalog.list()) MetadataCatalog.remove(name);
});

const ZOO = ["--config-file", "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x.yaml"];
const MODEL = ["--config-file", DEMO_FILES.config, "--weights", DEMO_FILES.weights];

describe("a config of detectron2 as it is", () => {
  it("finds its datasets in their folder, to check them", async () => {
    const { code, stdout, stderr } = await detectron("check-data", ...ZOO);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toContain("coco_2017_train");
    expect(stdout).toContain("coco_2017_val");
  });

  it("finds its datasets to draw them", async () => {
    const output = at("pictures");
    const { code, stdout } = await detectron("visualize-data", ...ZOO, "--output", output);
    expect(code).toBe(0);
    expect(stdout).toContain("12 objects");
  });

  it("is told where its datasets were looked for, and what else there is to do", async () => {
    vi.stubEnv("DETECTRON2_DATASETS", at("elsewhere"));
    for (const command of ["check-data", "visualize-data", "train"]) {
      const { code, stderr } = await detectron(command, ...ZOO);
      expect(code).toBe(2);
      const [key, name] = command === "train" ? ["TEST", "val"] : ["TRAIN", "train"];
      expect(stderr).toContain(
        `error: Dataset "coco_2017_${name}" is not in the folder ${resolve(at("elsewhere"))}: there is no ` +
          `coco/${name}2017/, no coco/annotations/instances_${name}2017.json. Set DETECTRON2_DATASETS to the folder of datasets`,
      );
      expect(stderr).toContain(
        `Or add --dataset with coco_2017_${name}=ANNOTATIONS.json,IMAGE_DIR`,
      );
      if (key === "TEST") expect(stderr).toContain('DATASETS.TEST "()"');
    }
  });
});

describe("builtin names on the command line", () => {
  it("are measured on by COCO's rules", async () => {
    const opts = ["--opts", "DATASETS.TEST", "('coco_2017_val',)", "INPUT.MIN_SIZE_TEST", "200"];
    const { code, stdout, stderr } = await detectron("eval", ...MODEL, ...opts);
    expect(stderr).toContain('dataset "coco_2017_val" has 80 classes');
    expect(code).toBe(0);
    expect(stdout).toContain("copypaste: AP,AP50,AP75,APs,APm,APl");
  });

  it("are measured on by LVIS's rules, recorded results as well", async () => {
    const opts = ["--opts", "DATASETS.TEST", "('lvis_v1_val',)"];
    const { annotations } = await readJson<DemoAnnotations>(at("lvis", "lvis_v1_val.json"));
    const results = annotations.map(({ image_id, category_id, bbox }) => ({
      image_id,
      category_id,
      bbox,
      score: 1,
    }));
    const file = at("results.json");
    await writeFile(file, JSON.stringify(results));
    const { code, stdout } = await detectron("eval", "--predictions", file, ...opts);
    expect(code).toBe(0);
    expect(stdout).toContain("copypaste: AP,AP50,AP75,APs,APm,APl,APr,APc,APf");
    expect(stdout).toContain("catIds=  f] = 1.000");
  });
});
