import { loadGolden } from "@detectron-ts/testing";
import { Boxes, Instances } from "@detectron-ts/structures";
import { describe, expect, it } from "vitest";

import {
  ClassIndexError,
  MissingGroundTruthError,
  PascalVOCDetectionEvaluator,
  vocAp,
  vocEval,
  type DetectionOutput,
  type VocDetection,
  type VocObject,
} from "../src/index.ts";

interface VocJson {
  classes: string[];
  ground_truth: Record<string, { name: string; difficult: number; bbox: VocObject["bbox"] }[]>;
  predictions: Record<string, { class: string; score: number; bbox_xyxy: number[] }[]>;
  results: Record<
    "2007" | "2012",
    {
      AP: number;
      AP50: number;
      AP75: number;
      ap_per_class_and_threshold: Record<string, Record<string, number>>;
    }
  >;
}

const { json } = loadGolden<VocJson>(new URL("./golden/voc", import.meta.url));
const groundTruth = new Map(
  Object.entries(json.ground_truth).map(([imageId, objects]) => [
    imageId,
    objects.map((object) => ({ ...object, difficult: object.difficult === 1 })),
  ]),
);

function output(predictions: VocJson["predictions"][string]): DetectionOutput {
  return {
    instances: new Instances([300, 300], {
      predBoxes: new Boxes(predictions.map(({ bbox_xyxy: bbox }) => bbox)),
      scores: Float32Array.from(predictions, ({ score }) => score),
      predClasses: Int32Array.from(predictions, (one) => json.classes.indexOf(one.class)),
    }),
  };
}

describe.each([["2007"], ["2012"]] as const)("PascalVOCDetectionEvaluator of VOC %s", (year) => {
  const evaluator = new PascalVOCDetectionEvaluator({
    groundTruth,
    classNames: json.classes,
    is2007: year === "2007",
  });
  for (const [imageId, predictions] of Object.entries(json.predictions)) {
    evaluator.process([{ imageId }], [output(predictions)]);
  }

  it("gives detectron2's AP, AP50 and AP75", () => {
    const { AP, AP50, AP75 } = json.results[year];
    const { bbox } = evaluator.evaluate();
    expect(bbox.AP).toBeCloseTo(AP, 10);
    expect(bbox.AP50).toBeCloseTo(AP50, 10);
    expect(bbox.AP75).toBeCloseTo(AP75, 10);
  });

  it("logs a table of the classes", () => {
    const messages: string[] = [];
    const telling = new PascalVOCDetectionEvaluator({
      groundTruth,
      classNames: json.classes,
      is2007: year === "2007",
      log: (message) => messages.push(message),
    });
    for (const [imageId, predictions] of Object.entries(json.predictions)) {
      telling.process([{ imageId }], [output(predictions)]);
    }
    telling.evaluate();
    const { AP, ap_per_class_and_threshold: aps } = json.results[year];
    expect(messages).toHaveLength(2);
    expect(messages[0]).toContain(`bbox using VOC ${year} metric:`);
    expect(messages[0]).toContain(`| ${AP.toFixed(3)} |`);
    for (const name of json.classes) {
      expect(messages[1]).toMatch(
        new RegExp(`\\| ${name} +\\| ${(100 * aps[name]["0.5"]).toFixed(3)} `),
      );
    }
  });

  it("forgets predictions when reset", () => {
    const fresh = new PascalVOCDetectionEvaluator({
      groundTruth,
      classNames: json.classes,
      is2007: year === "2007",
    });
    fresh.process([{ imageId: "000000" }], [output(json.predictions["000000"])]);
    fresh.reset();
    expect(fresh.evaluate()).toEqual({ bbox: { AP: 0, AP50: 0, AP75: 0 } });
  });
});

describe("vocEval", () => {
  const box = [10, 10, 19, 19] as const;
  const found = (score: number, bbox: VocDetection["bbox"] = box): VocDetection => ({
    imageId: "a",
    score,
    bbox,
  });
  const options = { ovthresh: 0.5, use07Metric: false };
  const truth = (...objects: readonly Partial<VocObject>[]) =>
    new Map([
      ["a", objects.map((object) => ({ name: "cat", difficult: false, bbox: box, ...object }))],
    ]);

  it("counts the second detection of an object as false", () => {
    const { rec, prec } = vocEval(truth({}), [found(0.2), found(0.9)], "cat", options);
    expect([...rec]).toEqual([1, 1]);
    expect([...prec]).toEqual([1, 0.5]);
  });

  it("counts difficult objects neither way, however often they are found", () => {
    const objects = truth({ difficult: true }, { bbox: [50, 50, 60, 60] });
    const { rec, prec } = vocEval(objects, [found(0.9), found(0.8)], "cat", options);
    expect([...rec]).toEqual([0, 0]);
    expect([...prec]).toEqual([0, 0]);
  });

  it("includes the last pixel of a box, and asks for more than the threshold", () => {
    // 10 × 10 pixels against the left half of them: exactly one half.
    const half = [10, 10, 14, 19] as const;
    expect(vocEval(truth({}), [found(1, half)], "cat", options).ap).toBe(0);
    expect(vocEval(truth({}), [found(1, half)], "cat", { ...options, ovthresh: 0.49 }).ap).toBe(1);
  });

  it("is zero for a class without detections or objects", () => {
    expect(vocEval(truth(), [], "cat", options).ap).toBe(0);
    expect(vocAp(new Float64Array(0), new Float64Array(0), true)).toBe(0);
  });
});

describe("predictions that do not fit the dataset", () => {
  const evaluator = new PascalVOCDetectionEvaluator({
    groundTruth,
    classNames: ["ape"],
    is2007: false,
  });

  it("name the image or the class", () => {
    expect(() => evaluator.process([{ imageId: "elsewhere" }], [output([])])).toThrow(
      MissingGroundTruthError,
    );
    const doe = output([{ class: "doe", score: 1, bbox_xyxy: [0, 0, 1, 1] }]);
    expect(() => evaluator.process([{ imageId: "000000" }], [doe])).toThrow(ClassIndexError);
  });
});
