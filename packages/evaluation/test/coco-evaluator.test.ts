import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { decode, type CocoDataset, type CocoDetection } from "@detectron-ts/coco";
import { BitMasks, Boxes, Instances } from "@detectron-ts/structures";
import { goldenRoot, loadGolden, nullToNaN } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import {
  ClassIndexError,
  COCOEvaluator,
  evaluateCocoResults,
  instancesToCocoJson,
  MetadataMismatchError,
  type DetectionOutput,
  type EvaluationResults,
} from "../src/index.ts";

interface Metrics {
  results: Record<string, Record<string, number>>;
}

function load<T>(folder: URL | string, name: string): T {
  return loadGolden<T>(folder instanceof URL ? new URL(name, folder) : join(folder, name)).json;
}

function expectResults(
  got: EvaluationResults,
  wanted: Record<string, Record<string, number | null>>,
): void {
  expect(Object.keys(got).toSorted()).toEqual(Object.keys(wanted).toSorted());
  for (const [task, metrics] of Object.entries(nullToNaN(wanted))) {
    expect(Object.keys(got[task])).toEqual(Object.keys(metrics));
    for (const [metric, value] of Object.entries(metrics)) {
      if (Number.isNaN(value)) expect(got[task][metric], `${task}/${metric}`).toBeNaN();
      else expect(got[task][metric], `${task}/${metric}`).toBeCloseTo(value, 10);
    }
  }
}

const fruits = new URL("./golden/mask_rcnn_fruits/", import.meta.url);
const groundTruth = load<CocoDataset>(fruits, "test_annotations");
const recorded = load<CocoDetection[]>(fruits, "coco_instances_results");
const { results: metrics } = load<Metrics>(fruits, "metrics_eval");

/** The model's answer that led to the recorded results of an image. */
function output(results: readonly CocoDetection[], imageId: number | string): DetectionOutput {
  const { height, width } = groundTruth.images.find(({ id }) => id === imageId)!;
  const pixels = results.flatMap(({ segmentation }) =>
    segmentation ? [decode(segmentation)] : [],
  );
  const masks = new Uint8Array(pixels.length * height * width);
  pixels.forEach((mask, i) => masks.set(mask, i * mask.length));
  return {
    instances: new Instances([height, width], {
      predBoxes: new Boxes(
        results.map(({ bbox: [x, y, w, h] = [0, 0, 0, 0] }) => [x, y, x + w, y + h]),
      ),
      scores: ndarray(
        Float32Array.from(results, ({ score }) => score),
        [results.length],
      ),
      predClasses: ndarray(
        Int32Array.from(results, ({ category_id }) => category_id - 1),
        [results.length],
      ),
      predMasks: ndarray(masks, [pixels.length, height, width]),
    }),
  };
}

function processAll(evaluator: COCOEvaluator): void {
  for (const { id } of groundTruth.images) {
    const results = recorded.filter(({ image_id }) => image_id === id);
    evaluator.process([{ imageId: id }], [output(results, id)]);
  }
}

describe("evaluateCocoResults", () => {
  it("gives detectron2's metrics of a trained Mask R-CNN from its results file", () => {
    expectResults(evaluateCocoResults(groundTruth, recorded), metrics);
  });

  it("gives NaN, and no classes, for an empty list of results", () => {
    expect(evaluateCocoResults(groundTruth, [])).toEqual({
      bbox: { AP: NaN, AP50: NaN, AP75: NaN, APs: NaN, APm: NaN, APl: NaN },
    });
  });

  it("leaves classes out where there is one only", () => {
    const oneClass = { ...groundTruth, categories: groundTruth.categories.slice(0, 1) };
    expect(Object.keys(evaluateCocoResults(oneClass, recorded, { tasks: ["bbox"] }).bbox)).toEqual([
      "AP",
      "AP50",
      "AP75",
      "APs",
      "APm",
      "APl",
    ]);
  });

  it("logs pycocotools' and detectron2's tables of each task", () => {
    const messages: string[] = [];
    evaluateCocoResults(groundTruth, recorded, { log: (message) => messages.push(message) });
    expect(messages).toHaveLength(8);
    expect(messages[0]).toContain("Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all");
    expect(messages.slice(1, 4)).toEqual([
      `Evaluation results for bbox:
|   AP   |  AP50   |  AP75  |  APs  |  APm   |  APl   |
|:------:|:-------:|:------:|:-----:|:------:|:------:|
| 56.960 | 100.000 | 63.916 |  nan  | 55.481 | 50.150 |`,
      "Some metrics cannot be computed and are shown as nan.",
      `Per-category bbox AP:
| category   | AP     | category   | AP     | category   | AP     |
|:-----------|:-------|:-----------|:-------|:-----------|:-------|
| date       | 75.979 | fig        | 31.562 | hazelnut   | 63.339 |`,
    ]);
    expect(messages[5]).toMatch(/^Evaluation results for segm:\n\|   AP   \|/);
  });

  it("fills up the last line of the categories' table", () => {
    const categories = [...groundTruth.categories, { id: 9, name: "raisin" }];
    const messages: string[] = [];
    evaluateCocoResults({ ...groundTruth, categories }, recorded, {
      tasks: ["bbox"],
      log: (message) => messages.push(message),
    });
    const lines = messages.at(-1)?.split("\n") ?? [];
    expect(lines).toHaveLength(5);
    expect(lines[4]).toBe("| raisin     | nan    |            |        |            |        |");
  });

  it("takes AP at another limit on detections", () => {
    const { bbox } = evaluateCocoResults(groundTruth, recorded, { maxDetsPerImage: 1000 });
    expect(bbox.AP).toBeCloseTo(metrics.bbox.AP, 10);
    const few = evaluateCocoResults(groundTruth, recorded, {
      maxDetsPerImage: 10,
      tasks: ["bbox"],
    });
    expect(few.bbox.AP).toBeLessThanOrEqual(bbox.AP);
  });

  it("refuses class names of another number than the categories", () => {
    expect(() => evaluateCocoResults(groundTruth, recorded, { thingClasses: ["fig"] })).toThrow(
      MetadataMismatchError,
    );
  });
});

describe("COCOEvaluator", () => {
  let outputDir: string;
  beforeEach(async () => {
    outputDir = await mkdtemp(join(tmpdir(), "coco-evaluator-"));
  });
  afterEach(() => rm(outputDir, { recursive: true }));

  it("turns instances into detectron2's results file and metrics", async () => {
    const evaluator = new COCOEvaluator({ groundTruth, outputDir: join(outputDir, "inference") });
    processAll(evaluator);
    expectResults(await evaluator.evaluate(), metrics);

    expect(await readdir(join(outputDir, "inference"))).toEqual(["coco_instances_results.json"]);
    const file = join(outputDir, "inference", "coco_instances_results.json");
    const saved: CocoDetection[] = JSON.parse(await readFile(file, "utf8"));
    const order = groundTruth.images.flatMap(({ id }) => recorded.filter((r) => r.image_id === id));
    expect(saved.map(({ segmentation }) => segmentation)).toEqual(
      order.map(({ segmentation }) => segmentation),
    );
    expect(saved.map(({ score, category_id }) => [score, category_id])).toEqual(
      order.map(({ score, category_id }) => [score, category_id]),
    );
    // Corners were not recorded; to sum them up again costs a rounding of float32.
    const sides = (list: CocoDetection[]) => list.flatMap(({ bbox = [0, 0, 0, 0] }) => bbox);
    const differences = sides(saved).map((side, i) => Math.abs(side - sides(order)[i]));
    expect(Math.max(...differences)).toBeLessThan(1e-4);
  });

  it("takes in recorded results in the place of a model's", async () => {
    const evaluator = new COCOEvaluator({ groundTruth });
    evaluator.processResults(recorded);
    expectResults(await evaluator.evaluate(), metrics);
    evaluator.reset();
    evaluator.processResults([]);
    const { bbox } = await evaluator.evaluate();
    expect(Object.values(bbox)).toEqual(Array(6).fill(NaN));
  });

  it("has nothing to say before anything was processed, and after a reset", async () => {
    const evaluator = new COCOEvaluator({ groundTruth, outputDir });
    expect(await evaluator.evaluate()).toEqual({});
    processAll(evaluator);
    evaluator.reset();
    expect(await evaluator.evaluate()).toEqual({});
    expect(await readdir(outputDir)).toEqual([]);
  });

  it("gives NaN when nothing was found in any image", async () => {
    const evaluator = new COCOEvaluator({ groundTruth, outputDir });
    for (const { id } of groundTruth.images) evaluator.process([{ imageId: id }], [output([], id)]);
    const { bbox } = await evaluator.evaluate();
    expect(Object.values(bbox)).toEqual(Array(6).fill(NaN));
    expect(await readFile(join(outputDir, "coco_instances_results.json"), "utf8")).toBe("[]\n");
  });

  it("saves results of a dataset whose annotations are secret without evaluating them", async () => {
    const secret = { ...groundTruth, annotations: undefined };
    const evaluator = new COCOEvaluator({ groundTruth: secret, outputDir });
    processAll(evaluator);
    expect(await evaluator.evaluate()).toEqual({});
    expect(await readdir(outputDir)).toEqual(["coco_instances_results.json"]);
  });

  it("maps classes to category ids by the metadata", async () => {
    const reversed = new Map([
      [1, 2],
      [2, 1],
      [3, 0],
    ]);
    const evaluator = new COCOEvaluator({
      groundTruth,
      outputDir,
      thingDatasetIdToContiguousId: reversed,
    });
    processAll(evaluator);
    await evaluator.evaluate();
    const file = join(outputDir, "coco_instances_results.json");
    const saved: CocoDetection[] = JSON.parse(await readFile(file, "utf8"));
    const [{ id }] = groundTruth.images;
    const first = recorded.find(({ image_id }) => image_id === id);
    expect(saved[0].category_id).toBe(4 - (first?.category_id ?? 0));
  });

  it("names a class that the dataset does not have, and ids with gaps", () => {
    const categories = groundTruth.categories.slice(0, 1);
    const evaluator = new COCOEvaluator({ groundTruth: { ...groundTruth, categories } });
    expect(() => processAll(evaluator)).toThrow(ClassIndexError);
    const gaps = new Map([
      [1, 0],
      [2, 2],
    ]);
    expect(() => new COCOEvaluator({ groundTruth, thingDatasetIdToContiguousId: gaps })).toThrow(
      MetadataMismatchError,
    );
  });
});

describe("instancesToCocoJson", () => {
  it("moves keypoints by half a pixel and leaves the instances as they are", () => {
    const predKeypoints = ndarray(Float32Array.of(10.5, 20.5, 0.75, 3, 4, 0.5), [1, 2, 3]);
    const instances = new Instances([40, 40], {
      predBoxes: new Boxes([[1, 2, 11, 22]]),
      scores: Float32Array.of(0.5),
      predClasses: Int32Array.of(4),
      predKeypoints,
    });
    expect(instancesToCocoJson(instances, "a")).toEqual([
      {
        image_id: "a",
        category_id: 4,
        bbox: [1, 2, 10, 20],
        score: 0.5,
        keypoints: [10, 20, 0.75, 2.5, 3.5, 0.5],
      },
    ]);
    expect(predKeypoints.data[0]).toBe(10.5);
  });

  it("takes masks as BitMasks too", () => {
    const masks = ndarray(Uint8Array.of(0, 1, 1, 0, 1, 1), [1, 2, 3]);
    const instances = new Instances([2, 3], {
      predBoxes: new Boxes([[1, 0, 3, 2]]),
      scores: Float32Array.of(1),
      predClasses: Int32Array.of(0),
      predMasks: new BitMasks(masks),
    });
    const [{ segmentation }] = instancesToCocoJson(instances, 1);
    expect(segmentation && [...decode(segmentation)]).toEqual([...masks.data]);
  });

  it("gives nothing for no instances", () => {
    const instances = new Instances([2, 3], {
      predBoxes: new Boxes([]),
      scores: new Float32Array(0),
      predClasses: new Int32Array(0),
      predMasks: ndarray(new Uint8Array(0), [0, 2, 3]),
    });
    expect(instancesToCocoJson(instances, 1)).toEqual([]);
  });
});

describe.runIf(goldenRoot())("recorded evaluations of detectron2", () => {
  const root = goldenRoot() ?? "";

  it("repeats the metrics of a trained Faster R-CNN", () => {
    const folder = join(root, "trained/faster_rcnn_bccd");
    expectResults(
      evaluateCocoResults(
        load<CocoDataset>(folder, "test_annotations"),
        load<CocoDetection[]>(folder, "coco_instances_results"),
      ),
      load<Metrics>(folder, "metrics_eval").results,
    );
  });

  it("repeats the metrics of boxes, masks and keypoints", () => {
    const folder = join(root, "eval");
    expectResults(
      evaluateCocoResults(load(folder, "coco_gt"), load(folder, "coco_dets")),
      load<{ detectron2: Metrics["results"] }>(folder, "coco_results").detectron2,
    );
    expectResults(
      evaluateCocoResults(load(folder, "coco_kp_gt"), load(folder, "coco_kp_dets"), {
        tasks: ["keypoints"],
      }),
      load<{ detectron2: Metrics["results"] }>(folder, "coco_kp_results").detectron2,
    );
  });
});
