import { getCfg, type Config } from "@detectron-ts/config";
import { EventStorage } from "@detectron-ts/events";
import { OptionError } from "@detectron-ts/layers";
import { init } from "@detectron-ts/nn";
import { runtime } from "@detectron-ts/runtime";
import { Boxes, Instances } from "@detectron-ts/structures";
import { ones } from "@detectron-ts/tensor";
import { describe, expect, it } from "vitest";

import {
  buildRoiHeads,
  CascadeROIHeads,
  CountMismatchError,
  StandardROIHeads,
  type FeatureShapes,
} from "../src/index.ts";
import { averageScores } from "../src/cascade/average-scores.ts";
import { configFor, imagesOf, proposalsOf, toArray } from "./support.ts";

const SHAPES: FeatureShapes = {
  p2: { channels: 4, stride: 4 },
  p3: { channels: 4, stride: 8 },
};
const IMAGE_SIZE = [64, 64] as const;

function config(overrides: Readonly<Record<string, unknown>> = {}): Config {
  const cfg = getCfg();
  const all = {
    "MODEL.ROI_HEADS.NAME": "CascadeROIHeads",
    "MODEL.ROI_HEADS.IN_FEATURES": ["p2", "p3"],
    "MODEL.ROI_HEADS.NUM_CLASSES": 3,
    "MODEL.ROI_HEADS.SCORE_THRESH_TEST": 0.2,
    "MODEL.ROI_BOX_HEAD.NAME": "FastRCNNConvFCHead",
    "MODEL.ROI_BOX_HEAD.CLS_AGNOSTIC_BBOX_REG": true,
    "MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION": 2,
    "MODEL.ROI_BOX_HEAD.NUM_FC": 1,
    "MODEL.ROI_BOX_HEAD.FC_DIM": 8,
    ...overrides,
  };
  cfg.mergeFromList(Object.entries(all).flat(1));
  return cfg;
}

const features = (numImages: number) => ({
  p2: ones([numImages, 4, 16, 16]),
  p3: ones([numImages, 4, 8, 8]),
});
const boxes = (count: number) =>
  new Boxes(Array.from({ length: count }, (_, i) => [12 * i, 4, 12 * i + 9, 30 + i]));
const proposalsIn = (...counts: number[]) =>
  counts.map((count) => proposalsOf(boxes(count), IMAGE_SIZE));
const targetIn = (count: number) =>
  new Instances(IMAGE_SIZE, {
    gtBoxes: boxes(count),
    gtClasses: Int32Array.from({ length: count }, (_, i) => i % 3),
  });

describe("CascadeROIHeads", () => {
  it("has a head, a predictor and a matcher of higher IoU for each stage", () => {
    const file = "Misc/cascade_mask_rcnn_R_50_FPN_1x.yaml";
    const shapes = Object.fromEntries(
      [4, 8, 16, 32].map((stride, i) => [`p${i + 2}`, { channels: 256, stride }]),
    );
    const cfg = configFor(file);
    const options = init.withoutDrawing(() => CascadeROIHeads.fromConfig(cfg, shapes));
    const weights = options.boxPredictors.map(({ box2boxTransform }) =>
      "weights" in box2boxTransform ? box2boxTransform.weights : undefined,
    );
    expect(weights).toEqual([
      [10, 10, 5, 5],
      [20, 20, 10, 10],
      [30, 30, 15, 15],
    ]);
    const heads = new CascadeROIHeads(options);
    expect(heads.numCascadeStages).toBe(3);
    expect(heads.proposalMatcher).toBe(heads.proposalMatchers[0]);
    expect([heads.maskOn, heads.keypointOn]).toEqual([true, false]);
  });

  it("names weights as detectron2 does, in its order", () => {
    const names = [...buildRoiHeads(config(), SHAPES).stateDict().keys()];
    const of = (stage: number, part: string, layer: string) =>
      ["weight", "bias"].map((kind) => `${part}.${stage}.${layer}.${kind}`);
    expect(names).toEqual([
      ...[0, 1, 2].flatMap((stage) => of(stage, "box_head", "fc1")),
      ...[0, 1, 2].flatMap((stage) => [
        ...of(stage, "box_predictor", "cls_score"),
        ...of(stage, "box_predictor", "bbox_pred"),
      ]),
    ]);
  });

  it("finds instances in one run per stage, however many proposals there are, none included", async () => {
    const heads = buildRoiHeads(config(), SHAPES).eval();
    const images = imagesOf(IMAGE_SIZE, IMAGE_SIZE);
    const [[first]] = await heads(images, features(2), proposalsIn(2, 1));
    expect(first.length).toBeGreaterThan(0);
    const { compilations, runs } = runtime.stats();
    const [[none, some]] = await heads(images, features(2), proposalsIn(0, 4));
    expect([none.length, some.length > 0]).toEqual([0, true]);
    expect(runtime.stats()).toMatchObject({ compilations, runs: runs + 3 });
  });

  it("trains without compiling again for other numbers of objects and proposals", async () => {
    using _ = new EventStorage();
    const heads = buildRoiHeads(config(), SHAPES);
    let compilations = 0;
    for (const [counts, objects] of [
      [
        [4, 3],
        [2, 1],
      ],
      [
        [5, 0],
        [1, 3],
      ],
      [
        [2, 2],
        [0, 1],
      ],
    ]) {
      const targets = objects.map(targetIn);
      const images = imagesOf(IMAGE_SIZE, IMAGE_SIZE);
      const [, losses] = await heads(images, features(2), proposalsIn(...counts), targets);
      expect(Object.keys(losses)).toEqual(
        [0, 1, 2].flatMap((stage) => [`loss_cls_stage${stage}`, `loss_box_reg_stage${stage}`]),
      );
      heads.zeroGrad();
      const total = Object.values(losses).reduce((sum, loss) => sum.add(loss));
      await total.backward();
      expect(Number.isFinite(await total.item())).toBe(true);
      if (compilations > 0) expect(runtime.stats().compilations).toBe(compilations);
      compilations = runtime.stats().compilations;
    }
  });

  it("does not train on boxes that have no extent once they are clipped", async () => {
    using storage = new EventStorage();
    const heads = buildRoiHeads(config(), SHAPES);
    const outside = [proposalsOf(new Boxes([[70, 4, 90, 30]]), IMAGE_SIZE)];
    const [, losses] = await heads(imagesOf(IMAGE_SIZE), features(1), outside, [targetIn(1)]);
    expect(await losses.loss_cls_stage1.item()).toBeGreaterThan(0);
    // The object's own box, appended to the proposals, is what is left.
    const scalars = storage.latest();
    const counts = ["num_fg_samples", "num_bg_samples"].map(
      (name) => scalars.get(`stage1/roi_head/${name}`)?.value,
    );
    expect(counts).toEqual([1, 0]);
  });

  it.each([
    ["boxes of single classes", { "MODEL.ROI_BOX_HEAD.CLS_AGNOSTIC_BBOX_REG": false }],
    ["a first IoU that isn't that of the proposals", { "MODEL.ROI_HEADS.IOU_THRESHOLDS": [0.4] }],
    ["fewer IoUs than box weights", { "MODEL.ROI_BOX_CASCADE_HEAD.IOUS": [0.5, 0.6] }],
    [
      "box weights that aren't four",
      {
        "MODEL.ROI_BOX_CASCADE_HEAD.BBOX_REG_WEIGHTS": [
          [1, 1, 1],
          [1, 1, 1, 1],
          [1, 1, 1, 1],
        ],
      },
    ],
  ])("refuses %s", (_, overrides) => {
    expect(() => buildRoiHeads(config(overrides), SHAPES)).toThrow(OptionError);
  });

  it("needs as many heads, predictors and matchers, and one box for all classes", () => {
    const options = CascadeROIHeads.fromConfig(config(), SHAPES);
    const { boxPredictors, proposalMatchers } = options;
    for (const fewer of [
      { boxPredictors: boxPredictors.slice(1) },
      { proposalMatchers: proposalMatchers.slice(1) },
    ]) {
      expect(() => new CascadeROIHeads({ ...options, ...fewer })).toThrow(CountMismatchError);
    }
    expect(() => new CascadeROIHeads({ ...options, boxHeads: [] })).toThrow(OptionError);
    const ofClasses = config({ "MODEL.ROI_BOX_HEAD.CLS_AGNOSTIC_BBOX_REG": false });
    const { boxPredictor } = StandardROIHeads.fromConfig(ofClasses, SHAPES);
    const mixed = [boxPredictor, ...boxPredictors.slice(1)];
    expect(() => new CascadeROIHeads({ ...options, boxPredictors: mixed })).toThrow(OptionError);
  });
});

describe("averageScores", () => {
  it("is the mean of all stages, as float32 has it", () => {
    const stage = (...values: number[]) =>
      toArray({ data: Float32Array.from(values), shape: [1, values.length], dtype: "F32" });
    const mean = averageScores([stage(0.1, 1), stage(0.2, 0), stage(0.7, 0.5)]);
    const { fround } = Math;
    const sum = fround(fround(fround(0.1) + fround(0.2)) + fround(0.7));
    expect([...mean.data]).toEqual([fround(sum * fround(1 / 3)), 0.5]);
    expect(mean.shape).toEqual([1, 2]);
  });
});
