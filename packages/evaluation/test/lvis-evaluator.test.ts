import { mkdtemp, readFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CocoDetection } from "@detectron-ts/coco";
import { Boxes, Instances } from "@detectron-ts/structures";
import { describe, expect, it } from "vitest";

import {
  evaluateLvisResults,
  type LvisDataset,
  LVISEvaluator,
  type TaskMetrics,
} from "../src/index.ts";

interface Recorded {
  readonly groundTruth: LvisDataset;
  readonly results: readonly CocoDetection[];
  readonly expected: {
    readonly box_proposals: TaskMetrics;
    readonly [task: string]:
      { readonly metrics: TaskMetrics; readonly table: string } | TaskMetrics;
  };
}

const { groundTruth, results, expected }: Recorded = JSON.parse(
  readFileSync(new URL("./golden/lvis_evaluation.json", import.meta.url), "utf8"),
);

/** One image with a box of class 1; class 2 is known not to be there, class 3 was not looked for. */
const small: LvisDataset = {
  images: [
    { id: 1, height: 50, width: 50, neg_category_ids: [2], not_exhaustive_category_ids: [] },
  ],
  categories: [
    { id: 1, name: "ant", frequency: "f" },
    { id: 2, name: "bee", frequency: "c" },
    { id: 3, name: "cat", frequency: "r" },
  ],
  annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [5, 5, 20, 20], area: 400 }],
};
const found = (
  category_id: number,
  score: number,
  bbox: CocoDetection["bbox"] = [5, 5, 20, 20],
) => ({
  image_id: 1,
  category_id,
  score,
  bbox,
});

describe("evaluateLvisResults", () => {
  it.each([
    ["bbox", 300],
    ["segm", 300],
    ["bbox", 8],
    ["segm", 8],
  ] as const)("gives the recorded metrics and table of %s with %d detections", (task, limit) => {
    const lines: string[] = [];
    const { [task]: metrics } = evaluateLvisResults(groundTruth, results, {
      tasks: [task],
      maxDetsPerImage: limit,
      log: (message) => lines.push(message),
    });
    const recorded = expected[`${task}_${limit}`] as { metrics: TaskMetrics; table: string };
    expect(Object.keys(metrics)).toEqual(Object.keys(recorded.metrics));
    for (const [name, value] of Object.entries(recorded.metrics)) {
      expect(metrics[name]).toBeCloseTo(value, 10);
    }
    expect(lines[0]).toBe(recorded.table.trimEnd());
  });

  it("finds out from the results what to evaluate", () => {
    expect(Object.keys(evaluateLvisResults(groundTruth, results))).toEqual(["bbox", "segm"]);
    expect(Object.keys(evaluateLvisResults(small, [found(1, 0.5)]))).toEqual(["bbox"]);
  });

  it("leaves out detections of classes that nobody looked for", () => {
    const missed = found(3, 0.9, [30, 30, 9, 9]);
    const { bbox } = evaluateLvisResults(small, [missed, found(1, 0.8)]);
    expect(bbox.AP).toBeCloseTo(100, 9);
    // No ground truth: −100 in detectron2 as well.
    expect(bbox.APr).toBe(-100);
  });

  it("counts false detections of classes that are in the image, unless they are annotated in part", () => {
    const wrong = found(1, 0.9, [30, 30, 9, 9]);
    const { bbox } = evaluateLvisResults(small, [wrong, found(1, 0.8)]);
    expect(bbox.AP).toBeCloseTo(50, 9);
    const images = [{ ...small.images[0], not_exhaustive_category_ids: [1] }];
    const inPart = evaluateLvisResults({ ...small, images }, [wrong, found(1, 0.8)]);
    expect(inPart.bbox.AP).toBeCloseTo(100, 9);
  });

  it("takes crowds for objects", () => {
    const annotations = [{ ...small.annotations?.[0], iscrowd: 1 }] as LvisDataset["annotations"];
    const { bbox } = evaluateLvisResults({ ...small, annotations }, [found(1, 0.8)]);
    expect(bbox.AP).toBeCloseTo(100, 9);
  });

  it("has NaN for everything without results", () => {
    const { bbox } = evaluateLvisResults(small, []);
    expect(Object.values(bbox)).toEqual(Array<number>(9).fill(NaN));
  });
});

describe("LVISEvaluator", () => {
  const instances = (classes: number[], boxes: number[][]) =>
    new Instances([50, 50], {
      predBoxes: new Boxes(boxes),
      scores: Float32Array.from(classes, () => 0.5),
      predClasses: Int32Array.from(classes),
    });

  it("counts classes from 0, and categories from 1", async () => {
    const outputDir = await mkdtemp(join(tmpdir(), "detectron-lvis-"));
    const evaluator = new LVISEvaluator({ groundTruth: small, outputDir });
    evaluator.reset();
    evaluator.process([{ imageId: 1 }], [{ instances: instances([0], [[5, 5, 25, 25]]) }]);
    const { bbox } = await evaluator.evaluate();
    expect(bbox.AP).toBeCloseTo(100, 9);
    const saved = await readFile(join(outputDir, "lvis_instances_results.json"), "utf8");
    expect(JSON.parse(saved)).toEqual([
      { image_id: 1, category_id: 1, bbox: [5, 5, 20, 20], score: 0.5 },
    ]);
  });

  it("maps classes of other datasets", async () => {
    const thingDatasetIdToContiguousId = new Map([[1, 5]]);
    const evaluator = new LVISEvaluator({ groundTruth: small, thingDatasetIdToContiguousId });
    evaluator.process([{ imageId: 1 }], [{ instances: instances([5], [[5, 5, 25, 25]]) }]);
    expect((await evaluator.evaluate()).bbox.APf).toBeCloseTo(100, 9);
    evaluator.reset();
    expect(await evaluator.evaluate()).toEqual({});
  });

  it("measures proposals as detectron2 does", async () => {
    const evaluator = new LVISEvaluator({ groundTruth });
    for (const { id, height, width } of groundTruth.images) {
      const inImage = results.filter(({ image_id }) => image_id === id);
      const proposals = new Instances([height, width], {
        proposalBoxes: new Boxes(
          inImage.map(({ bbox = [0, 0, 0, 0] }) => [
            bbox[0],
            bbox[1],
            bbox[0] + bbox[2],
            bbox[1] + bbox[3],
          ]),
        ),
        objectnessLogits: Float32Array.from(inImage, ({ score }) => score),
      });
      evaluator.process([{ imageId: id }], [{ proposals }]);
    }
    const { box_proposals } = await evaluator.evaluate();
    for (const [name, value] of Object.entries(expected.box_proposals)) {
      expect(box_proposals[name]).toBeCloseTo(value, 4);
    }
  });

  it("saves results of test sets, and has no metrics of them", async () => {
    const evaluator = new LVISEvaluator({ groundTruth: { ...small, annotations: [] } });
    evaluator.processResults([found(1, 0.5)]);
    expect(await evaluator.evaluate()).toEqual({});
  });
});
