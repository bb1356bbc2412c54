import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { configure, getCfg, type Config } from "@detectron-ts/config";
import { EventStorage } from "@detectron-ts/events";
import { OptionError } from "@detectron-ts/layers";
import { Matcher } from "@detectron-ts/matcher";
import { Linear, Module } from "@detectron-ts/nn";
import { runtime } from "@detectron-ts/runtime";
import { BitMasks, Boxes, Instances } from "@detectron-ts/structures";
import { tensor, zeros, type Tensor } from "@detectron-ts/tensor";
import ndarray from "ndarray";
import { beforeAll, describe, expect, it } from "vitest";

import {
  buildRoiHeads,
  ClassIndexError,
  InputShapeError,
  maskRcnnInference,
  MissingGroundTruthError,
  Res5ROIHeads,
  ROI_BOX_HEAD_REGISTRY,
  selectForegroundProposals,
  StandardROIHeads,
  type BoxHead,
  type FeatureShapes,
  type MaskBranchOptions,
} from "../src/index.ts";
import { imagesOf, proposalsOf } from "./support.ts";

const SHAPES: FeatureShapes = {
  p2: { channels: 4, stride: 4 },
  p3: { channels: 4, stride: 8 },
  res4: { channels: 16, stride: 16 },
};

type Overrides = Readonly<Record<string, unknown>>;

function config(overrides: Overrides): Config {
  const all: Overrides = {
    "MODEL.ROI_HEADS.NUM_CLASSES": 3,
    "MODEL.ROI_HEADS.SCORE_THRESH_TEST": 0.2,
    "MODEL.MASK_ON": true,
    "MODEL.ROI_MASK_HEAD.POOLER_RESOLUTION": 2,
    "MODEL.ROI_MASK_HEAD.CONV_DIM": 4,
    "MODEL.ROI_MASK_HEAD.NUM_CONV": 1,
    ...overrides,
  };
  const cfg = getCfg();
  cfg.mergeFromList(Object.entries(all).flat(1));
  return cfg;
}

const standardConfig = (overrides: Overrides = {}): Config =>
  config({
    "MODEL.ROI_HEADS.NAME": "StandardROIHeads",
    "MODEL.ROI_HEADS.IN_FEATURES": ["p2", "p3"],
    "MODEL.ROI_BOX_HEAD.NAME": "FastRCNNConvFCHead",
    "MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION": 2,
    "MODEL.ROI_BOX_HEAD.NUM_FC": 1,
    "MODEL.ROI_BOX_HEAD.FC_DIM": 8,
    "MODEL.ROI_BOX_HEAD.NUM_CONV": 1,
    "MODEL.ROI_BOX_HEAD.CONV_DIM": 4,
    ...overrides,
  });

const c4Config = (overrides: Overrides = {}): Config =>
  config({
    "MODEL.RESNETS.RES2_OUT_CHANNELS": 4,
    "MODEL.RESNETS.WIDTH_PER_GROUP": 1,
    "MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION": 4,
    "MODEL.ROI_MASK_HEAD.NUM_CONV": 0,
    ...overrides,
  });

const ramp = (...shape: number[]): Tensor =>
  tensor(
    Float32Array.from(
      { length: shape.reduce((size, side) => size * side, 1) },
      (_, i) => (i % 7) / 7,
    ),
    { shape },
  );
const features = (numImages: number) => ({
  p2: ramp(numImages, 4, 16, 16),
  p3: ramp(numImages, 4, 8, 8),
  res4: ramp(numImages, 16, 4, 4),
});

/** Boxes far enough apart to survive suppression. */
const boxes = (count: number): Boxes =>
  new Boxes(Array.from({ length: count }, (_, i) => [12 * i, 4, 12 * i + 9, 30 + i]));

const proposalsIn = (...counts: number[]) =>
  counts.map((count) => proposalsOf(boxes(count), [64, 64]));

const HEADS = [
  ["StandardROIHeads", standardConfig],
  ["Res5ROIHeads", c4Config],
] as const;

describe.each(HEADS)("%s", (_, cfgWith) => {
  it("detects with masks, in two runs however many proposals there are, none included", async () => {
    const heads = buildRoiHeads(cfgWith(), SHAPES).eval();
    const run = async (...counts: number[]) => {
      const images = imagesOf(...counts.map(() => [64, 64] as const));
      const [instances] = await heads(images, features(counts.length), proposalsIn(...counts));
      return instances;
    };
    const [first, second] = await run(2, 1);
    expect(first.predMasks!.shape.slice(1)).toEqual([1, 4, 4]);
    expect(first.length + second.length).toBeGreaterThan(0);

    const { compilations, runs } = runtime.stats();
    const [none, some] = await run(0, 3);
    expect(none.length).toBe(0);
    expect(none.predMasks!.shape).toEqual([0, 1, 4, 4]);
    expect(some.length).toBeGreaterThan(0);
    expect(runtime.stats()).toMatchObject({ compilations, runs: runs + 2 });

    const [alone] = await run(0);
    expect(alone.predMasks!.shape).toEqual([0, 1, 4, 4]);
    expect(await run()).toEqual([]);
    expect(runtime.stats().compilations).toBe(compilations);
  });

  it("gives masks of no detections where no score passes", async () => {
    const cfg = cfgWith({ "MODEL.ROI_HEADS.SCORE_THRESH_TEST": 0.99 });
    const heads = buildRoiHeads(cfg, SHAPES).eval();
    const [[instances]] = await heads(imagesOf([64, 64]), features(1), proposalsIn(4));
    expect(instances.length).toBe(0);
    expect(instances.predMasks!.shape).toEqual([0, 1, 4, 4]);
    expect(instances.predBoxes.tensor.shape).toEqual([0, 4]);
  });

  it("adds masks to boxes found elsewhere and leaves the given instances as they are", async () => {
    const heads = buildRoiHeads(cfgWith(), SHAPES).eval();
    const given = new Instances([64, 64], {
      predBoxes: boxes(2),
      predClasses: ndarray(Int32Array.of(2, 0)),
      tag: ["a", "b"],
    });
    const [withMasks] = await heads.forwardWithGivenBoxes(features(1), [given]);
    expect(withMasks.predMasks!.shape).toEqual([2, 1, 4, 4]);
    expect(withMasks.tag).toEqual(["a", "b"]);
    expect(given.has("predMasks")).toBe(false);
  });

  it("has no masks without MASK_ON", async () => {
    const heads = buildRoiHeads(cfgWith({ "MODEL.MASK_ON": false }), SHAPES).eval();
    const [[instances]] = await heads(imagesOf([64, 64]), features(1), proposalsIn(2));
    expect(instances.has("predMasks")).toBe(false);
    expect([...heads.stateDict().keys()].join()).not.toContain("mask_head");
  });

  it("returns lazy losses of all branches in training, whose gradients reach every weight", async () => {
    const heads = buildRoiHeads(cfgWith({ "MODEL.RESNETS.NORM": "BN" }), SHAPES);
    const pixels = ndarray(new Uint8Array(2 * 64 * 64).fill(1), [2, 64, 64]);
    const targets = [
      new Instances([64, 64], {
        gtBoxes: boxes(2),
        gtClasses: Int32Array.of(0, 2),
        gtMasks: new BitMasks(pixels),
      }),
    ];
    const images = imagesOf([64, 64]);
    const [instances, losses] = await heads(images, features(1), proposalsIn(4), targets);
    expect(instances).toEqual([]);
    expect(Object.keys(losses)).toEqual(["loss_cls", "loss_box_reg", "loss_mask"]);
    await Object.values(losses)
      .reduce((sum, loss) => sum.add(loss))
      .backward();
    const untrained = [...heads.namedParameters()].filter(([, { grad }]) => grad === null);
    expect(untrained).toEqual([]);
    await expect(heads(images, features(1), proposalsIn(4))).rejects.toThrow(
      MissingGroundTruthError,
    );
  });

  it("trains on images without objects: nothing is foreground", async () => {
    const heads = buildRoiHeads(cfgWith(), SHAPES);
    const empty = new Instances([64, 64], {
      gtBoxes: new Boxes([]),
      gtClasses: new Int32Array(0),
      gtMasks: new BitMasks(ndarray(new Uint8Array(0), [0, 64, 64])),
    });
    const [, losses] = await heads(imagesOf([64, 64]), features(1), proposalsIn(3), [empty]);
    expect(await losses.loss_cls.item()).toBeGreaterThan(0);
    expect(await losses.loss_box_reg.item()).toBe(0);
    expect(await losses.loss_mask.item()).toBe(0);
  });
});

describe("names in checkpoints", () => {
  const namesOf = (cfg: Config): string[] =>
    [...buildRoiHeads(cfg, SHAPES).stateDict().keys()].filter((name) => name.endsWith("weight"));

  it("are detectron2's in StandardROIHeads", () => {
    expect(namesOf(standardConfig({ "MODEL.ROI_BOX_HEAD.NORM": "BN" }))).toEqual([
      "box_head.conv1.weight",
      "box_head.conv1.norm.weight",
      "box_head.fc1.weight",
      "box_predictor.cls_score.weight",
      "box_predictor.bbox_pred.weight",
      "mask_head.mask_fcn1.weight",
      "mask_head.deconv.weight",
      "mask_head.predictor.weight",
    ]);
  });

  it("are detectron2's in Res5ROIHeads", () => {
    const names = namesOf(c4Config());
    expect(names).toContain("res5.0.shortcut.norm.weight");
    expect(names).toContain("res5.2.conv3.weight");
    expect(names).toContain("mask_head.predictor.weight");
    expect(names.filter((name) => name.startsWith("res5."))).toHaveLength(20);
  });
});

describe("extending ROI heads", () => {
  beforeAll(() => {
    class MeanHead extends Module<[x: Tensor], Tensor> {
      readonly outputShape = { channels: 5 };
      readonly project: Linear;

      constructor(inFeatures: number) {
        super();
        this.project = new Linear({ inFeatures, outFeatures: 5 });
      }

      forward(x: Tensor): Tensor {
        return this.project(x.mean([2, 3])).relu();
      }
    }
    ROI_BOX_HEAD_REGISTRY.register(
      "MeanHead",
      (_cfg, { channels = 0 }): BoxHead => new MeanHead(channels),
    );
  });

  it("takes a box head that is registered and named in a YAML file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "roi-heads-"));
    const cfg = standardConfig();
    try {
      const file = join(folder, "mean-head.yaml");
      writeFileSync(file, "MODEL:\n  ROI_BOX_HEAD:\n    NAME: MeanHead\nVERSION: 2\n");
      cfg.mergeFromFile(file);
    } finally {
      rmSync(folder, { recursive: true });
    }
    const heads = buildRoiHeads(cfg, SHAPES).eval();
    expect(heads.stateDict().get("box_head.project.weight")!.shape).toEqual([5, 4]);
    const [[instances]] = await heads(imagesOf([64, 64]), features(1), proposalsIn(2));
    expect(instances.length).toBeGreaterThan(0);
  });

  it("takes one branch from a subclass, and single options from overrides", () => {
    class BoxesOnly extends StandardROIHeads {
      protected static override initMaskHead(): MaskBranchOptions {
        return {};
      }
    }
    expect(configure(BoxesOnly, [standardConfig(), SHAPES]).maskOn).toBe(false);
    const heads = configure(StandardROIHeads, [standardConfig(), SHAPES], { batchSizePerImage: 7 });
    expect(heads.batchSizePerImage).toBe(7);
    expect(heads.maskOn).toBe(true);
  });

  it("refuses what does not fit: missing features, uneven channels, half a mask branch", () => {
    const cfg = standardConfig({ "MODEL.ROI_HEADS.IN_FEATURES": ["p2", "p9"] });
    expect(() => buildRoiHeads(cfg, SHAPES)).toThrow("Feature p9: not among p2, p3, res4.");
    const uneven = { ...SHAPES, p3: { channels: 8, stride: 8 } };
    expect(() => buildRoiHeads(standardConfig(), uneven)).toThrow(InputShapeError);
    const options = StandardROIHeads.fromConfig(standardConfig(), SHAPES);
    expect(() => new StandardROIHeads({ ...options, maskHead: undefined })).toThrow(OptionError);
    const two = c4Config({ "MODEL.ROI_HEADS.IN_FEATURES": ["p2", "p3"] });
    expect(() => Res5ROIHeads.fromConfig(two, SHAPES)).toThrow("a single feature");
  });
});

describe("labelAndSampleProposals", () => {
  const sampling = (overrides: object = {}): StandardROIHeads =>
    new StandardROIHeads({
      ...StandardROIHeads.fromConfig(standardConfig({ "MODEL.MASK_ON": false }), SHAPES),
      ...overrides,
    });
  const target = new Instances([64, 64], {
    gtBoxes: new Boxes([
      [0, 0, 10, 10],
      [40, 40, 60, 60],
    ]),
    gtClasses: Int32Array.of(2, 1),
    gtNames: ["first", "second"],
  });
  const proposal = proposalsOf(
    new Boxes([
      [30, 0, 40, 10],
      [41, 41, 60, 60],
      [0, 0, 10, 4],
    ]),
    [64, 64],
  );

  it("labels by overlap, appends ground truth, and puts foreground first", () => {
    using storage = new EventStorage();
    const [sampled] = sampling().labelAndSampleProposals([proposal], [target]);
    // Three of five are foreground: one proposal and the two boxes of the ground truth; 3 is background.
    const classes = [...ndarrayValues(sampled.gtClasses)];
    expect(classes.slice(0, 3).toSorted()).toEqual([1, 1, 2]);
    expect(classes.slice(3)).toEqual([3, 3]);
    expect([...storage.latest()]).toEqual([
      ["roi_head/num_fg_samples", { value: 3, iter: 0 }],
      ["roi_head/num_bg_samples", { value: 2, iter: 0 }],
    ]);
    const { gtNames: names } = sampled.fields() as { readonly gtNames?: string[] };
    expect(names).toHaveLength(5);
    for (let i = 0; i < 3; i++) {
      expect([...sampled.gtBoxes!.select(i).data].slice(0, 2)).toEqual(
        classes[i] === 1 ? [40, 40] : [0, 0],
      );
    }
    const { rows, proposals } = selectForegroundProposals([sampled], 3);
    expect([[...rows], proposals[0].length]).toEqual([[0, 1, 2], 3]);
  });

  it("repeats itself with an equal generator, and takes no more than asked", () => {
    const counting = () => {
      let state = 1;
      return { next: () => (state = (state * 16807) % 2147483647) / 2147483647 };
    };
    const sample = () =>
      sampling({ batchSizePerImage: 4, positiveFraction: 0.5, generator: counting() })
        .labelAndSampleProposals([proposal], [target])
        .map((image) => [...image.proposalBoxes.data]);
    expect(sample()).toEqual(sample());
    expect(sample()[0]).toHaveLength(4 * 4);
  });

  it("leaves ground truth out unless it is to be appended, and ignores what the matcher ignores", () => {
    const proposalMatcher = new Matcher({ thresholds: [0.3, 0.5], labels: [0, -1, 1] });
    const heads = sampling({ proposalAppendGt: false, proposalMatcher });
    const [sampled] = heads.labelAndSampleProposals([proposal], [target]);
    // The third proposal overlaps by 0.4.
    expect([...ndarrayValues(sampled.gtClasses)]).toEqual([1, 3]);
  });
});

describe("maskRcnnInference", () => {
  it("picks the predicted class's mask, or the only one there is", async () => {
    const logits = tensor(Float32Array.of(0, 1, 2, 3, 4, 5), { shape: [2, 3, 1, 1] });
    const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
    const instances = [
      { predClasses: ndarray(Int32Array.of(2)) },
      { predClasses: ndarray(new Int32Array(0)) },
      { predClasses: ndarray(Int32Array.of(1)) },
    ].map((fields) => new Instances([9, 9], fields));
    const masks = await maskRcnnInference(logits, instances);
    expect(masks.map(({ shape }) => shape)).toEqual([
      [1, 1, 1, 1],
      [0, 1, 1, 1],
      [1, 1, 1, 1],
    ]);
    expect(masks[0].get(0, 0, 0, 0)).toBeCloseTo(sigmoid(2), 6);
    expect(masks[2].get(0, 0, 0, 0)).toBeCloseTo(sigmoid(4), 6);
    const [agnostic] = await maskRcnnInference(zeros([1, 1, 1, 1]), [instances[0]]);
    expect(agnostic.get(0, 0, 0, 0)).toBe(0.5);
  });

  it.each([-1, 3])("refuses class %i of three, instead of a neighbour's mask", async (label) => {
    const instances = [new Instances([9, 9], { predClasses: ndarray(Int32Array.of(0, label)) })];
    const masks = maskRcnnInference(zeros([2, 3, 1, 1]), instances);
    await expect(masks).rejects.toThrow(ClassIndexError);
    await expect(masks).rejects.toMatchObject({ classIndex: label, numClasses: 3 });
    await expect(masks).rejects.toThrow(`class ${label} `);
  });
});

function ndarrayValues(values: Int32Array | { readonly data: Int32Array }): Int32Array {
  return values instanceof Int32Array ? values : values.data;
}
