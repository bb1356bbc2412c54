import { readFileSync } from "node:fs";
import { type CompressedRle, decode } from "@detectron-ts/coco";
import { Boxes, Instances } from "@detectron-ts/structures";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import {
  type CityscapesEvaluationLabel,
  CityscapesInstanceEvaluator,
  CityscapesSemSegEvaluator,
  ClassIndexError,
  MaskSizeError,
  MetadataMismatchError,
  MissingGroundTruthError,
  MissingPredictionError,
  type TaskMetrics,
} from "../src/index.ts";

interface Recorded {
  readonly size: readonly [number, number];
  readonly predictions: Readonly<
    Record<string, { segmentation: CompressedRle; category: number; score: number }[]>
  >;
  /** Values and how often they follow one another. */
  readonly instanceIds: Readonly<Record<string, number[]>>;
  readonly labels: Readonly<Record<string, number[]>>;
  readonly instances: {
    readonly results: { readonly segm: TaskMetrics };
    readonly classes: Readonly<Record<string, { ap: number }>>;
  };
  readonly sem_seg: { readonly results: { readonly sem_seg: TaskMetrics } };
}

const recorded: Recorded = JSON.parse(
  readFileSync(new URL("./golden/cityscapes_evaluation.json", import.meta.url), "utf8"),
);
const [height, width] = recorded.size;
const thingClasses = ["person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle"];

// prettier-ignore
const LABELS: CityscapesEvaluationLabel[] = [
  ...["unlabeled", "ego vehicle", "rectification border", "out of roi", "static", "dynamic", "ground"].map((name) => ["void", name, 255]),
  ["flat", "road", 0], ["flat", "sidewalk", 1], ["flat", "parking", 255], ["flat", "rail track", 255],
  ["construction", "building", 2], ["construction", "wall", 3], ["construction", "fence", 4],
  ["construction", "guard rail", 255], ["construction", "bridge", 255], ["construction", "tunnel", 255],
  ["object", "pole", 5], ["object", "polegroup", 255], ["object", "traffic light", 6], ["object", "traffic sign", 7],
  ["nature", "vegetation", 8], ["nature", "terrain", 9], ["sky", "sky", 10], ["human", "person", 11], ["human", "rider", 12],
  ["vehicle", "car", 13], ["vehicle", "truck", 14], ["vehicle", "bus", 15], ["vehicle", "caravan", 255],
  ["vehicle", "trailer", 255], ["vehicle", "train", 16], ["vehicle", "motorcycle", 17], ["vehicle", "bicycle", 18],
  ["vehicle", "license plate", -1],
].map(([category, name, trainId], index) => ({
  name: String(name),
  id: name === "license plate" ? -1 : index,
  trainId: Number(trainId),
  category: String(category),
  hasInstances: (category === "human" || category === "vehicle") && name !== "license plate",
  ignoreInEval: Number(trainId) < 0 || trainId === 255,
}));

/** Values of a picture from how often they follow one another. */
function expand(runs: readonly number[]): Int32Array {
  const values = new Int32Array(height * width);
  for (let i = 0, at = 0; i < runs.length; at += runs[i + 1], i += 2) {
    values.fill(runs[i], at, at + runs[i + 1]);
  }
  return values;
}

const groundTruth = new Map(
  Object.entries(recorded.instanceIds).map(([image, runs]) => [
    image,
    () => Promise.resolve(ndarray(expand(runs), [height, width])),
  ]),
);

/** A picture of 20×20 pixels, one value in its left half, another in the right. */
const halves = (left: number, right: number) => () =>
  Promise.resolve(
    ndarray(
      Int32Array.from({ length: 400 }, (_, i) => (i % 20 < 10 ? left : right)),
      [20, 20],
    ),
  );

describe("CityscapesInstanceEvaluator", () => {
  const output = (
    masks: readonly Uint8Array[],
    classes: number[],
    scores: number[],
    size = recorded.size,
  ) => {
    const pixels = new Uint8Array(masks.length * size[0] * size[1]);
    masks.forEach((mask, i) => pixels.set(mask, i * size[0] * size[1]));
    return {
      instances: new Instances(size, {
        predBoxes: new Boxes(masks.map(() => [0, 0, 1, 1])),
        scores: Float32Array.from(scores),
        predClasses: Int32Array.from(classes),
        predMasks: ndarray(pixels, [masks.length, ...size]),
      }),
    };
  };
  const left = Uint8Array.from({ length: 400 }, (_, i) => (i % 20 < 10 ? 1 : 0));
  const right = left.map((value) => 1 - value);
  const make = (truth: NonNullable<Parameters<typeof halves>>, more = {}) =>
    new CityscapesInstanceEvaluator({
      groundTruth: new Map([["a", halves(...truth)]]),
      labels: LABELS,
      thingClasses,
      ...more,
    });

  it("gives the metrics of cityscapesScripts", async () => {
    const lines: string[] = [];
    const log = (message: string) => lines.push(message);
    const evaluator = new CityscapesInstanceEvaluator({
      groundTruth,
      labels: LABELS,
      thingClasses,
      log,
    });
    evaluator.reset();
    for (const [imageId, predictions] of Object.entries(recorded.predictions)) {
      const masks = predictions.map(({ segmentation }) => decode(segmentation));
      const classes = predictions.map(({ category }) => category);
      const scores = predictions.map(({ score }) => score);
      await evaluator.process([{ imageId }], [output(masks, classes, scores)]);
    }
    const { segm } = evaluator.evaluate();
    expect(segm.AP).toBeCloseTo(recorded.instances.results.segm.AP, 10);
    expect(segm.AP50).toBeCloseTo(recorded.instances.results.segm.AP50, 10);
    for (const [name, { ap }] of Object.entries(recorded.instances.classes)) {
      expect(lines[1]).toContain(name);
      expect(lines[1]).toContain((ap * 100).toFixed(3));
    }
  });

  it("finds objects, and ignores what lies on groups and void", async () => {
    const evaluator = make([26000, 26]);
    await evaluator.process(
      [{ imageId: "a" }],
      [output([left, right], [2, 2], [0.5, 0.9], [20, 20])],
    );
    expect(evaluator.evaluate().segm.AP).toBeCloseTo(100, 9);
    const onVoid = make([26000, 4]);
    await onVoid.process([{ imageId: "a" }], [output([left, right], [2, 2], [0.5, 0.9], [20, 20])]);
    expect(onVoid.evaluate().segm.AP).toBeCloseTo(100, 9);
    const onRoad = make([26000, 7]);
    await onRoad.process([{ imageId: "a" }], [output([left, right], [2, 2], [0.5, 0.9], [20, 20])]);
    // Precision 1/2 at recall 1 holds for a half, and for the other half its mean with 1 at recall 0.
    expect(onRoad.evaluate().segm.AP).toBeLessThan(80);
  });

  it("has 0 where nothing was found, and NaN where there is nothing", async () => {
    const nothing = output([], [], [], [20, 20]);
    const missed = make([26000, 7]);
    await missed.process([{ imageId: "a" }], [nothing]);
    expect(missed.evaluate().segm).toEqual({ AP: 0, AP50: 0 });
    const empty = make([7, 7]);
    await empty.process([{ imageId: "a" }], [nothing]);
    expect(empty.evaluate().segm).toEqual({ AP: NaN, AP50: NaN });
  });

  it("names what does not fit", async () => {
    const evaluator = make([26000, 7]);
    const process = (imageId: string, answer: ReturnType<typeof output>) =>
      evaluator.process([{ imageId }], [answer]);
    expect(() => evaluator.evaluate()).toThrow(MissingPredictionError);
    await expect(process("b", output([], [], []))).rejects.toThrow(MissingGroundTruthError);
    await expect(process("a", output([left], [8], [1], [20, 20]))).rejects.toThrow(ClassIndexError);
    const tall = output([new Uint8Array(40)], [0], [1], [2, 20]);
    await expect(process("a", tall)).rejects.toThrow(MaskSizeError);
    const boxes = new Instances([20, 20], {
      predBoxes: new Boxes([[0, 0, 1, 1]]),
      scores: Float32Array.of(1),
      predClasses: Int32Array.of(0),
    });
    await expect(evaluator.process([{ imageId: "a" }], [{ instances: boxes }])).rejects.toThrow(
      "the model has no masks",
    );
    expect(() => make([7, 7], { thingClasses: ["dragon"] })).toThrow(MetadataMismatchError);
  });
});

describe("CityscapesSemSegEvaluator", () => {
  const segmentation = (classes: Int32Array, size: readonly [number, number]) => ({
    argmax: () => Promise.resolve(ndarray(classes, [...size])),
  });
  it("gives the metrics of cityscapesScripts", async () => {
    const lines: string[] = [];
    const log = (message: string) => lines.push(message);
    const evaluator = new CityscapesSemSegEvaluator({ groundTruth, labels: LABELS, log });
    for (const [imageId, runs] of Object.entries(recorded.labels)) {
      const semSeg = segmentation(expand(runs), recorded.size);
      await evaluator.process([{ imageId }], [{ semSeg }]);
    }
    const { sem_seg } = evaluator.evaluate();
    expect(Object.keys(sem_seg)).toEqual(Object.keys(recorded.sem_seg.results.sem_seg));
    for (const [name, value] of Object.entries(recorded.sem_seg.results.sem_seg)) {
      expect(sem_seg[name]).toBeCloseTo(value, 10);
    }
    expect(lines).toHaveLength(1);
    evaluator.reset();
    expect(() => evaluator.evaluate()).toThrow(MissingPredictionError);
  });

  it("has NaN for kinds that do not occur, and does not count void", async () => {
    const truth = new Map([["a", halves(7, 0)]]);
    const evaluator = new CityscapesSemSegEvaluator({ groundTruth: truth, labels: LABELS });
    const semSeg = segmentation(new Int32Array(400), [20, 20]);
    await evaluator.process([{ imageId: "a" }], [{ semSeg }]);
    expect(evaluator.evaluate().sem_seg).toEqual({
      IoU: 100,
      iIoU: NaN,
      IoU_sup: 100,
      iIoU_sup: NaN,
    });
  });

  it("names a segmentation of another size", async () => {
    const evaluator = new CityscapesSemSegEvaluator({ groundTruth, labels: LABELS });
    const [imageId] = groundTruth.keys();
    const semSeg = segmentation(new Int32Array(4), [2, 2]);
    await expect(evaluator.process([{ imageId }], [{ semSeg }])).rejects.toThrow(MaskSizeError);
    await expect(evaluator.process([{ imageId: "b" }], [{ semSeg }])).rejects.toThrow(
      MissingGroundTruthError,
    );
  });
});
