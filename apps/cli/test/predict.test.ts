import { copyFile, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeSafetensors } from "@detectron-ts/checkpoint";
import { decode, iou } from "@detectron-ts/coco";
import { readImage } from "@detectron-ts/image";
import { dataRoot, goldenRoot } from "@detectron-ts/testing";
import { describe, expect, it } from "vitest";

import { DEMO_FILES } from "../src/demo-files.ts";
import type { PredictedInstance, Predictions } from "../src/prediction/results.ts";
import { detectron, detectronInTerminal, type Outcome, temporaryFolder } from "./command-line.ts";

interface RecordedDetection {
  readonly bbox: readonly number[];
  readonly score: number;
  readonly category_id: number;
  readonly segmentation: { readonly size: [number, number]; readonly counts: string };
}

const CLASSES = ["date", "fig", "hazelnut"];
const folder = await temporaryFolder();
const at = (...names: string[]): string => join(folder, ...names);
const { photograph } = DEMO_FILES;

/** Runs `detectron predict` with the demo's model. */
function predict(...argv: string[]): Promise<Outcome> {
  const { config, weights } = DEMO_FILES;
  return detectron("predict", "--config-file", config, "--weights", weights, ...argv);
}

async function readJson<Value>(path: string | URL): Promise<Value> {
  return JSON.parse(await readFile(path, "utf8"));
}

/** Largest differences between what was found and what detectron2 recorded, in order. */
function compare(found: readonly PredictedInstance[], recorded: readonly RecordedDetection[]) {
  expect(found.map(({ classId }) => classId)).toEqual(recorded.map((x) => x.category_id - 1));
  let [box, score, leastIou] = [0, 0, 1];
  for (const [i, { bbox, ...instance }] of found.entries()) {
    const [x, y, width, height] = recorded[i].bbox;
    const corners = [x, y, x + width, y + height];
    corners.forEach((corner, k) => (box = Math.max(box, Math.abs(corner - bbox[k]))));
    score = Math.max(score, Math.abs(instance.score - recorded[i].score));
    const { segmentation } = instance;
    if (segmentation === undefined) throw new Error("an instance has no mask");
    leastIou = Math.min(leastIou, iou([segmentation], [recorded[i].segmentation])[0]);
  }
  return { box, score, leastIou };
}

describe("detectron predict", () => {
  it("writes JSON by its contract, with detectron2's numbers", async () => {
    const json = at("deep", "results.json");
    const { code, stdout, stderr } = await predict("--input", photograph, "--json", json);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toMatch(/fruits_and_nuts\.jpg: 16 instances, \d+ ms\n/);

    const { images, ...others } = await readJson<Predictions>(json);
    expect(others).toEqual({});
    expect(images).toHaveLength(1);
    const [{ instances, ...image }] = images;
    expect(image).toEqual({ file: photograph, height: 600, width: 800 });
    for (const instance of instances) {
      expect(Object.keys(instance)).toEqual([
        "bbox",
        "score",
        "classId",
        "category",
        "segmentation",
      ]);
      expect(instance.category).toBe(CLASSES[instance.classId]);
      expect(instance.segmentation?.size).toEqual([600, 800]);
    }
    const golden = new URL("golden/demo-detections.json", import.meta.url);
    const { detections } = await readJson<{ readonly detections: RecordedDetection[] }>(golden);
    const { box, score, leastIou } = compare(instances, detections);
    // The kernels of the demo's model are rounded to half precision.
    expect(box).toBeLessThan(0.1);
    expect(score).toBeLessThan(0.003);
    expect(leastIou).toBeGreaterThan(0.99);
    // What a file was written in beside its place is gone.
    expect(await readdir(at("deep"))).toEqual(["results.json"]);
  });

  it("draws pictures of the images' sizes and types", async () => {
    const output = at("pictures");
    const { code, stdout } = await predict("--input", photograph, "--output", output);
    expect(code).toBe(0);
    const picture = join(output, "fruits_and_nuts.jpg");
    expect(stdout).toContain(`→ ${picture}`);
    const [before, after] = [await readImage(photograph), await readImage(picture)];
    expect(after.shape).toEqual(before.shape);
    expect(after.data).not.toEqual(before.data);
  });

  it("lets the confidence threshold change the picture alone", async () => {
    const results: Predictions[] = [];
    const pictures: Uint8Array[] = [];
    for (const threshold of ["0.99", "0"]) {
      const output = at(`threshold-${threshold}`);
      const json = join(output, "results.json");
      const files = ["--input", photograph, "--output", output, "--json", json];
      await predict(...files, "--confidence-threshold", threshold);
      results.push(await readJson(json));
      pictures.push(await readFile(join(output, "fruits_and_nuts.jpg")));
    }
    expect(results[0]).toEqual(results[1]);
    expect(pictures[0]).not.toEqual(pictures[1]);
  });

  it("finds nothing above the highest threshold, and draws the photograph as it is", async () => {
    const json = at("nothing.json");
    const output = at("nothing");
    const files = ["--input", photograph, "--json", json, "--output", output];
    const { code, stdout } = await predict(
      ...files,
      "--opts",
      "MODEL.ROI_HEADS.SCORE_THRESH_TEST",
      "0.99999",
    );
    expect(code).toBe(0);
    expect(stdout).toContain("0 instances");
    const { images } = await readJson<Predictions>(json);
    expect(images[0].instances).toEqual([]);
    expect((await stat(join(output, "fruits_and_nuts.jpg"))).size).toBeGreaterThan(0);
  });

  it("gives the proposals of a proposal network", async () => {
    const json = at("proposals.json");
    const files = ["--input", photograph, "--json", json, "--output", at("proposals")];
    const { code, stdout } = await predict(
      ...files,
      "--opts",
      "MODEL.META_ARCHITECTURE",
      "ProposalNetwork",
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/\d+ proposals/);
    const [{ instances, proposals = [] }] = (await readJson<Predictions>(json)).images;
    expect(instances).toEqual([]);
    expect(proposals.length).toBeGreaterThan(100);
    const logits = proposals.map(({ objectnessLogit }) => objectnessLogit);
    expect(logits).toEqual(logits.toSorted((a, b) => b - a));
    for (const { bbox } of proposals) {
      const [x1, y1, x2, y2] = bbox;
      expect(0 <= x1 && x1 <= x2 && x2 <= 800 && 0 <= y1 && y1 <= y2 && y2 <= 600).toBe(true);
    }
  });

  it("names classes by --classes, and takes as many as the model has", async () => {
    const json = at("named.json");
    await predict("--input", photograph, "--json", json, "--classes", "dattero, fico, nocciola");
    const { images } = await readJson<Predictions>(json);
    expect(images[0].instances[0].category).toBe("nocciola");

    const { code, stderr } = await predict("--input", photograph, "--classes", "date,fig");
    expect(code).toBe(2);
    expect(stderr).toContain("--classes has 2 names (date, fig), but the model has 3 classes");
  });

  it("says that nothing was written when neither --output nor --json is given", async () => {
    const { code, stdout } = await predict("--input", photograph, "--threads", "1");
    expect(code).toBe(0);
    expect(stdout).toContain("Nothing was written");
  });
});

describe("detectron predict with images that can't be read", () => {
  it("finds a missing image before anything is done", async () => {
    const json = at("never.json");
    const missing = at("missing.jpg");
    const { code, stdout, stderr } = await predict("--input", photograph, missing, "--json", json);
    expect(code).toBe(1);
    expect(stderr).toBe(`error: --input ${missing}: no such file or folder\n`);
    expect(stdout).toBe("");
    await expect(stat(json)).rejects.toThrow("ENOENT");
  });

  it("leaves a bad image out, does the others, and says so at the end", async () => {
    await mkdir(at("mixed"));
    await copyFile(photograph, at("mixed", "1.jpg"));
    await writeFile(at("mixed", "2.jpg"), "no image");
    await writeFile(at("mixed", "3.jpg"), (await readFile(photograph)).subarray(0, 100_000));
    await copyFile(photograph, at("mixed", "4.jpg"));
    const json = at("mixed.json");
    const output = at("mixed-pictures");
    const files = ["--input", at("mixed"), "--json", json, "--output", output];
    const { code, stdout, stderr } = await predict(...files);
    expect(code).toBe(1);
    const lines = stderr.trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[0]).toContain(`${at("mixed", "2.jpg")} is in no known image format`);
    expect(lines[1]).toContain(`${at("mixed", "3.jpg")} is truncated or damaged`);
    expect(lines[2]).toContain("2 of 4 images could not be read and were left out");
    expect(stdout).toContain(`${json}: results of 2 images`);
    const { images } = await readJson<Predictions>(json);
    expect(images.map(({ file }) => file)).toEqual([at("mixed", "1.jpg"), at("mixed", "4.jpg")]);
    expect(images[0].instances).toEqual(images[1].instances);
    expect((await readdir(output)).toSorted()).toEqual(["1.jpg", "4.jpg"]);
  });

  it("keeps an older JSON file when not one image could be read", async () => {
    await writeFile(at("bad.jpg"), "no image");
    await writeFile(at("kept.json"), "old");
    const { code, stderr } = await predict("--input", at("bad.jpg"), "--json", at("kept.json"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: [^\n]*bad\.jpg is in no known image format[^\n]*\n$/);
    expect(await readFile(at("kept.json"), "utf8")).toBe("old");
  });
});

describe("detectron predict with an error that is not an image's", () => {
  it("ends the run and keeps what was done", async () => {
    await mkdir(at("fine"));
    for (const name of ["1.jpg", "2.jpg", "3.jpg"]) await copyFile(photograph, at("fine", name));
    // A folder where the second picture belongs.
    const output = at("blocked");
    await mkdir(join(output, "2.jpg"), { recursive: true });
    const json = at("blocked.json");
    const files = ["--input", at("fine"), "--json", json, "--output", output];
    const { code, stdout, stderr } = await predict(...files);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: EISDIR[^\n]*\n$/);
    expect(stdout).toContain(`${json}: results of 1 image\n`);
    const { images } = await readJson<Predictions>(json);
    expect(images.map(({ file }) => file)).toEqual([at("fine", "1.jpg")]);
    expect((await readdir(output)).toSorted()).toEqual(["1.jpg", "2.jpg"]);
  });
});

describe("detectron predict in a terminal", () => {
  it("shows how far it is, below a line for each image", async () => {
    await mkdir(at("shown"));
    await copyFile(photograph, at("shown", "1.jpg"));
    await writeFile(at("shown", "2.jpg"), "no image");
    const { config, weights } = DEMO_FILES;
    const model = ["--config-file", config, "--weights", weights];
    const { code, stdout } = await detectronInTerminal("predict", ...model, "--input", at("shown"));
    expect(code).toBe(1);
    expect(stdout).toContain(`${at("shown", "1.jpg")}: 16 instances`);
    expect(stdout).toContain(`${at("shown", "2.jpg")} is in no known image format`);
    expect(stdout).toMatch(/░ 0\/2 images/);
    expect(stdout).toMatch(/█ 2\/2 images/);
  });
});

describe("detectron predict with a wrong model", () => {
  const image = ["--input", photograph];

  it.each([
    [
      "an unknown config",
      1,
      ["--config-file", "COCO-Detection/faster_rcnn_R_50_FPM_3x"],
      "There is no file COCO-Detection/faster_rcnn_R_50_FPM_3x. The model zoo has no config " +
        "COCO-Detection/faster_rcnn_R_50_FPM_3x. Did you mean COCO-Detection/faster_rcnn_R_50_FPN_3x",
    ],
    ["a config without checkpoint", 2, ["--config-file", DEMO_FILES.config], "add --weights FILE"],
    [
      "a checkpoint that isn't there",
      1,
      ["--config-file", DEMO_FILES.config, "--weights", "missing.pth"],
      "missing.pth not found",
    ],
    [
      "a file that is no checkpoint",
      1,
      ["--config-file", DEMO_FILES.config, "--weights", photograph],
      "is no checkpoint",
    ],
    [
      "a JSON file that is a folder",
      2,
      ["--config-file", DEMO_FILES.config, "--weights", DEMO_FILES.weights, "--json", folder],
      "is a folder",
    ],
  ])("exits with a readable line for %s", async (_, exitCode, argv, message) => {
    const { code, stderr } = await detectron("predict", ...image, ...argv);
    expect(code).toBe(exitCode);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^error: [^\n]+\n$/);
  });

  it("refuses a damaged checkpoint", async () => {
    const bytes = await readFile(DEMO_FILES.weights);
    await writeFile(at("damaged.safetensors"), bytes.subarray(0, 1_000_000));
    const argv = ["--config-file", DEMO_FILES.config, "--weights", at("damaged.safetensors")];
    const { code, stderr } = await detectron("predict", ...image, ...argv);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: [^\n]+\n$/);
  });

  it("refuses a checkpoint of quite another model", async () => {
    const other = at("other.safetensors");
    const tensor = { shape: [1], dtype: "float32", data: Float32Array.of(1) } as const;
    await writeSafetensors(other, new Map([["other.weight", tensor]]));
    const argv = ["--config-file", DEMO_FILES.config, "--weights", other];
    const { code, stderr } = await detectron("predict", ...image, ...argv);
    expect(code).toBe(2);
    expect(stderr).toContain(`${other} has no tensor of the model that ${DEMO_FILES.config}`);
  });

  it("warns of tensors that the checkpoint doesn't have", async () => {
    const { code, stderr } = await predict(...image, "--opts", "MODEL.ROI_MASK_HEAD.NUM_CONV", "3");
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: .*mask_fcn3\.weight and 1 more; left zero\n$/);
  });
});

const root = goldenRoot();

describe.runIf(root)("detectron predict with the checkpoint as detectron2 wrote it", () => {
  it("finds in all test images what detectron2 found", async () => {
    const training = join(root ?? "", "trained", "mask_rcnn_fruits");
    const { images: tests } = await readJson<{
      readonly images: readonly { readonly id: number; readonly file_name: string }[];
    }>(join(training, "test_annotations.json"));
    const recorded = await readJson<readonly (RecordedDetection & { readonly image_id: number })[]>(
      join(training, "coco_instances_results.json"),
    );
    const json = at("trained.json");
    const photographs = tests.map(({ file_name }) => join(dataRoot() ?? "", file_name));
    const weights = ["--weights", join(training, "model_final.pth")];
    const config = ["--config-file", join(training, "config.yaml")];
    const files = ["--input", ...photographs, "--json", json];
    const { code } = await detectron("predict", ...config, ...weights, ...files);
    expect(code).toBe(0);
    const { images } = await readJson<Predictions>(json);
    for (const [i, { instances, height, width }] of images.entries()) {
      for (const { segmentation } of instances) {
        expect(segmentation && decode(segmentation).length).toBe(height * width);
      }
      expect(instances.every((instance) => instance.category === undefined)).toBe(true);
      const { box, score, leastIou } = compare(
        instances,
        recorded.filter((x) => x.image_id === tests[i].id),
      );
      expect(box).toBeLessThan(1e-3);
      expect(score).toBeLessThan(1e-5);
      expect(leastIou).toBeGreaterThan(0.999);
    }
  });
});
