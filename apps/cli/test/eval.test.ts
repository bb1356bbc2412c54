import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { dataRoot, goldenRoot } from "@detectron-ts/testing";
import { describe, expect, it } from "vitest";

import { DEMO_FILES } from "../src/demo-files.ts";
import { detectron, detectronInTerminal, type Outcome, temporaryFolder } from "./command-line.ts";
import {
  CLASSES,
  readJson,
  unpackTrained,
  writeCoco,
  writePennFudan,
  writeVoc,
} from "./datasets.ts";

/** Metrics by task; null stands for NaN. */
type Metrics = Record<string, Record<string, number | null>>;

const folder = await temporaryFolder();
const at = (...names: string[]): string => join(folder, ...names);
const MODEL = ["--config-file", DEMO_FILES.config, "--weights", DEMO_FILES.weights];

const coco = await writeCoco(at("coco"));
const GROUND_TRUTH = ["--annotations", coco.annotations, "--images", coco.images];

/** Runs `detectron eval` with the demo's model. */
function evaluate(...argv: string[]): Promise<Outcome> {
  return detectron("eval", ...MODEL, ...argv);
}

/** The same tasks and metrics, null in the same places, and no number further off than told. */
function expectMetrics(got: Metrics, wanted: Metrics, tolerance: number): void {
  expect(Object.keys(got)).toEqual(Object.keys(wanted));
  for (const [task, metrics] of Object.entries(wanted)) {
    expect(Object.keys(got[task])).toEqual(Object.keys(metrics));
    for (const [metric, value] of Object.entries(metrics)) {
      if (value === null) expect(got[task][metric], `${task} ${metric}`).toBeNull();
      else {
        expect(Math.abs((got[task][metric] ?? NaN) - value), `${task} ${metric}`).toBeLessThan(
          tolerance,
        );
      }
    }
  }
}

/** Detectron2's detections on the demo's photograph, as a results file. */
async function writeDemoResults(): Promise<string> {
  const golden = new URL("golden/demo-detections.json", import.meta.url);
  const { detections } = await readJson<{ readonly detections: readonly object[] }>(golden);
  const file = at("demo-results.json");
  await writeFile(file, JSON.stringify(detections.map((entry) => ({ image_id: 3, ...entry }))));
  return file;
}

describe("detectron eval of recorded predictions", () => {
  it.each(["mask_rcnn_fruits", "faster_rcnn_bccd"])(
    "gives the metrics that detectron2 recorded of %s, without a model",
    async (model) => {
      await mkdir(at(model));
      await unpackTrained(model, at(model));
      const json = at(model, "metrics.json");
      const { code, stdout, stderr } = await detectron(
        "eval",
        "--predictions",
        at(model, "coco_instances_results.json"),
        "--annotations",
        at(model, "test_annotations.json"),
        "--json",
        json,
      );
      expect(stderr).toBe("");
      expect(code).toBe(0);
      const { results } = await readJson<{ readonly results: Metrics }>(
        at(model, "metrics_eval.json"),
      );
      expectMetrics(await readJson(json), results, 1e-6);
      expect(stdout).toContain(`| ${results.bbox.AP?.toFixed(3)} |`);
      expect(stdout).toContain("Per-category bbox AP:");
      expect(stdout).toContain("copypaste: AP,AP50,AP75,APs,APm,APl");
      expect(stdout).toContain(`${json}: metrics in percent`);
    },
  );

  it("warns of categories that the ground truth doesn't have", async () => {
    const results = at("from-zero.json");
    const entry = { image_id: 3, bbox: [1, 1, 9, 9], score: 0.5 };
    await writeFile(
      results,
      JSON.stringify([0, 1, 2].map((category_id) => ({ ...entry, category_id }))),
    );
    const { code, stderr } = await detectron(
      "eval",
      "--predictions",
      results,
      "--dataset",
      `fruits=${coco.location}`,
    );
    expect(code).toBe(0);
    expect(stderr).toBe(
      'warning: 1 result of 3 are of categories 0, which "fruits" doesn\'t have (it has 1, 2, 3): they are left out\n',
    );
  });

  it("has nothing but NaN to say about an empty list", async () => {
    await writeFile(at("empty.json"), "[]");
    const json = at("empty-metrics.json");
    const { code } = await detectron(
      "eval",
      "--predictions",
      at("empty.json"),
      "--annotations",
      coco.annotations,
      "--json",
      json,
    );
    expect(code).toBe(0);
    const { bbox } = await readJson<Metrics>(json);
    expect(Object.values(bbox)).toEqual(Array(6).fill(null));
  });

  it.each([
    ["that isn't there", undefined, "can't be read"],
    ["that is no JSON", "[1,", "is no JSON file"],
    ["of another kind", "{}", "is no list of results"],
    ["of detectron predict", '{"images": []}', "not what detectron predict --json writes"],
    ["with an entry that is none", '[{"image_id": 3}]', "has an entry 0 that is no result"],
    [
      "with an image that the ground truth doesn't have",
      '[{"image_id": 99, "category_id": 1, "score": 1, "bbox": [0, 0, 1, 1]}]',
      "99",
    ],
  ])("refuses a file %s", async (what, content, message) => {
    const file = at(`bad ${what}.json`);
    if (content !== undefined) await writeFile(file, content);
    const { code, stderr } = await detectron(
      "eval",
      "--predictions",
      file,
      "--annotations",
      coco.annotations,
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });
});

describe("detectron eval of a model", () => {
  it("gives the AP of what detectron2 detected on the same image", async () => {
    const json = at("model.json");
    const recordedJson = at("recorded.json");
    const { code, stdout, stderr } = await evaluate(...GROUND_TRUTH, "--json", json);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toContain("Running the model on 1 image of annotations\n");
    expect(stdout).toMatch(/Inference done 1\/1\. Dataloading: .* ETA=0:00:00/);
    await detectron(
      "eval",
      "--predictions",
      await writeDemoResults(),
      "--annotations",
      coco.annotations,
      "--json",
      recordedJson,
    );
    const got = await readJson<Metrics>(json);
    // The kernels of the demo's model are rounded to half precision.
    expectMetrics(got, await readJson(recordedJson), 0.1);
    expect(Object.keys(got)).toEqual(["bbox", "segm"]);
    expect(Object.keys(got.segm)).toEqual([
      "AP",
      "AP50",
      "AP75",
      "APs",
      "APm",
      "APl",
      ...CLASSES.map((name) => `AP-${name}`),
    ]);
    expect(got.bbox.APs).toBeNull();
    expect(got.segm.AP).toBeGreaterThan(60);
  });

  it("shows a bar with the time left in a terminal", async () => {
    const { stdout } = await detectronInTerminal("eval", ...MODEL, ...GROUND_TRUTH);
    expect(stdout).toMatch(/░ 0\/1 images, \? left/);
    expect(stdout).toMatch(/█ 1\/1 images, 0:00:00 left/);
    expect(stdout).not.toContain("Inference done");
  });

  it("measures several datasets by their names, and saves what the model gave", async () => {
    const output = at("saved");
    const json = at("several.json");
    const people = await writePennFudan(at("several"));
    const { code, stderr } = await evaluate(
      "--dataset",
      `fruits=${coco.location}`,
      "--dataset",
      `one=penn-fudan:${people},fruit`,
      "--json",
      json,
      "--output",
      output,
      "--opts",
      "MODEL.ROI_HEADS.SCORE_THRESH_TEST",
      "0.9",
    );
    // The model's classes beyond the first have no place in a dataset of one.
    expect(code).toBe(2);
    expect(stderr).toContain('dataset "one" has 1 class (fruit), but the model has 3');

    const twice = await evaluate(
      "--dataset",
      `fruits=${coco.location}`,
      "--dataset",
      `again=${coco.location}`,
      "--json",
      json,
      "--output",
      output,
    );
    expect(twice.stderr).toBe("");
    const results = await readJson<Record<string, Metrics>>(json);
    expect(Object.keys(results)).toEqual(["fruits", "again"]);
    expect(results.again).toEqual(results.fruits);
    expect((await readdir(output)).toSorted()).toEqual(["again", "fruits"]);
    expect(await readdir(join(output, "fruits"))).toEqual(["coco_instances_results.json"]);
  });

  it("measures a VOC folder by VOC's rules, those of 2007 by its name", async () => {
    const root = await writeVoc(at("voc"));
    const aps: (number | null)[] = [];
    for (const name of ["fruits", "fruits_2007"]) {
      const json = at(`${name}-voc.json`);
      const { code } = await evaluate(
        "--dataset",
        `${name}=voc:${root},test,${CLASSES.join(",")}`,
        "--json",
        json,
      );
      expect(code).toBe(0);
      const { bbox } = await readJson<Metrics>(json);
      expect(Object.keys(bbox)).toEqual(["AP", "AP50", "AP75"]);
      expect(bbox.AP50).toBeGreaterThan(85);
      aps.push(bbox.AP);
    }
    expect(aps[0]).not.toBe(aps[1]);
  });

  it("measures the recall of a proposal network", async () => {
    const json = at("recall.json");
    const { code, stdout } = await evaluate(
      ...GROUND_TRUTH,
      "--json",
      json,
      "--opts",
      "MODEL.META_ARCHITECTURE",
      "ProposalNetwork",
    );
    expect(code).toBe(0);
    expect(stdout).toContain("Proposal metrics:\n");
    const { box_proposals: recall } = await readJson<Metrics>(json);
    expect(recall["AR@1000"]).toBeGreaterThan(50);
    expect(recall["ARs@100"]).toBeNull();
  });

  it("says at once that model and dataset have different numbers of classes", async () => {
    const fewer = await writeCoco(at("fewer"), (content) => ({
      ...content,
      categories: content.categories.slice(0, 2),
      annotations: content.annotations.filter(({ category_id }) => category_id < 3),
    }));
    const refused = await evaluate("--dataset", `two=${fewer.location}`);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toBe(
      'error: dataset "two" has 2 classes (date, fig), but the model has 3: set MODEL.ROI_HEADS.NUM_CLASSES to 2\n',
    );
    const more = await writeCoco(at("more"), (content) => ({
      ...content,
      categories: [...content.categories, { id: 4, name: "raisin" }],
    }));
    const warned = await evaluate("--dataset", `four=${more.location}`);
    expect(warned.code).toBe(0);
    expect(warned.stderr).toMatch(
      /^warning: dataset "four" has 4 classes .* the model has 3: .*\n$/,
    );
    expect(warned.stdout).toMatch(/\| raisin +\| nan /);
  });

  it("names an image that isn't there, and writes no metrics", async () => {
    const broken = await writeCoco(at("broken"), (content) => ({
      ...content,
      images: content.images.map((image) => ({ ...image, file_name: "lost.jpg" })),
    }));
    const json = at("never.json");
    const { code, stderr } = await evaluate(
      "--annotations",
      broken.annotations,
      "--images",
      broken.images,
      "--json",
      json,
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: [^\n]*lost\.jpg[^\n]*\n$/);
    await expect(readJson(json)).rejects.toThrow("ENOENT");
  });
});

describe("detectron eval with options that don't go together", () => {
  const annotations = ["--annotations", coco.annotations];
  it.each([
    ["nothing to measure on", MODEL, 'DATASETS.TEST names "fruits_nuts_test"'],
    [
      "no dataset at all",
      [...MODEL, "--opts", "DATASETS.TEST", "()"],
      "There is nothing to measure on",
    ],
    ["annotations without images", [...MODEL, ...annotations], "--annotations needs --images"],
    ["images without annotations", [...MODEL, "--images", coco.images], "--images needs"],
    [
      "two kinds of ground truth",
      [...MODEL, ...GROUND_TRUTH, "--dataset", `a=${coco.location}`],
      "exclude each other",
    ],
    ["neither model nor predictions", GROUND_TRUTH, "or --predictions FILE"],
    [
      "predictions and a checkpoint",
      ["--predictions", "a.json", ...annotations, "--weights", "model.pth"],
      "--predictions takes a model's place",
    ],
    [
      "predictions and two datasets",
      [
        "--predictions",
        "a.json",
        "--dataset",
        `a=${coco.location}`,
        "--dataset",
        `b=${coco.location}`,
      ],
      "those of one --dataset",
    ],
    [
      "a dataset given twice",
      [...MODEL, "--dataset", `a=${coco.location}`, "--dataset", `a=${coco.location}`],
      "--dataset a=… is given twice",
    ],
    [
      "a config without checkpoint",
      ["--config-file", DEMO_FILES.config, ...GROUND_TRUTH],
      "--weights",
    ],
    ["a JSON file that is a folder", [...MODEL, ...GROUND_TRUTH, "--json", folder], "is a folder"],
  ])("exits with 2 for %s", async (_, argv, message) => {
    const { code, stderr } = await detectron("eval", ...argv);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });

  it("does not score results in COCO's format by VOC's rules", async () => {
    const root = await writeVoc(at("voc-recorded"));
    const { code, stderr } = await detectron(
      "eval",
      "--predictions",
      await writeDemoResults(),
      "--dataset",
      `fruits=voc:${root},test,${CLASSES.join(",")}`,
    );
    expect(code).toBe(2);
    expect(stderr).toContain('"fruits" is not measured by COCO\'s rules');
  });
});

const root = goldenRoot();
const data = dataRoot();

describe.runIf(root && data)("detectron eval of checkpoints as detectron2 wrote them", () => {
  it.each(["mask_rcnn_fruits", "faster_rcnn_bccd"])(
    "gives the AP that detectron2 measured of %s, to 0.1",
    async (model) => {
      const training = join(root ?? "", "trained", model);
      const json = at(`${model}-measured.json`);
      const { code, stderr } = await detectron(
        "eval",
        "--config-file",
        join(training, "config.yaml"),
        "--weights",
        join(training, "model_final.pth"),
        "--annotations",
        join(training, "test_annotations.json"),
        "--images",
        data ?? "",
        "--json",
        json,
      );
      expect(stderr).toBe("");
      expect(code).toBe(0);
      const { results } = await readJson<{ readonly results: Metrics }>(
        join(training, "metrics_eval.json"),
      );
      expectMetrics(await readJson(json), results, 0.1);
    },
    180_000,
  );
});
