import { Box2BoxTransform } from "@detectron-ts/box-regression";
import {
  buildModel,
  type FCOS,
  FCOSHead,
  GroundTruthClassError,
  LossNormalizer,
  MissingInputError,
  type ModelInput,
  ModelModeError,
  ModelOptionsError,
  permuteToNHWAK,
  RetinaNet,
  RetinaNetHead,
} from "@detectron-ts/modeling";
import { OptionError } from "@detectron-ts/layers";
import { init } from "@detectron-ts/nn";
import { runtime } from "@detectron-ts/runtime";
import { Boxes, Instances, LengthMismatchError } from "@detectron-ts/structures";
import { full, tensor, type Tensor, zeros } from "@detectron-ts/tensor";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import { findDetections } from "../src/dense-detector/find-detections.ts";
import { tinyFcos } from "./tiny-fcos.ts";
import { noise, type Overrides, tinyConfig } from "./tiny-model.ts";

const CONFIGS = [
  "COCO-Detection/retinanet_R_50_FPN_1x.yaml",
  "COCO-Detection/retinanet_R_50_FPN_3x.yaml",
  "COCO-Detection/retinanet_R_101_FPN_3x.yaml",
  "quick_schedules/retinanet_R_50_FPN_inference_acc_test.yaml",
  "quick_schedules/retinanet_R_50_FPN_instant_test.yaml",
];

const NARROW = { "MODEL.RETINANET.NUM_CONVS": 1, "MODEL.RETINANET.NUM_CLASSES": 4 };

function retinaNet(overrides: Overrides = {}, name = CONFIGS[0]): RetinaNet {
  return buildModel<RetinaNet>(tinyConfig(name, { ...NARROW, ...overrides }));
}

const FCOS_SIZES = { depth: 18, channels: 4, pyramidChannels: 8, numConvs: 1, numClasses: 4 };
const fcos = (): FCOS => tinyFcos({ ...FCOS_SIZES, norm: "" });

/** Has every anchor found with the same probability of every class. */
function flatten<Model extends RetinaNet | FCOS>(model: Model, logit: number): Model {
  const { clsScore, bboxPred } = model.head as RetinaNetHead | FCOSHead;
  for (const { weight } of [clsScore, bboxPred]) init.constant(weight, 0);
  init.constant(clsScore.bias!, logit);
  // Else the boxes of FCOS would be empty.
  init.constant(bboxPred.bias!, 0.5);
  return model;
}

function input(height: number, width: number, boxes: number[][], classes: number[]): ModelInput {
  const instances = new Instances([height, width], {
    gtBoxes: new Boxes(boxes),
    gtClasses: Int32Array.from(classes),
  });
  return { image: noise(height, width), instances };
}

describe.each([
  ...CONFIGS.map((name) => [name, () => retinaNet({}, name)] as const),
  ["FCOS", fcos] as const,
])("%s", (_name, build) => {
  it("finds boxes in a batch of two sizes, and compiles nothing for others", async () => {
    const model = flatten(build(), 2).eval();
    const outputs = await model.inference([
      { image: noise(48, 64), height: 96, width: 128 },
      { image: noise(64, 40) },
    ]);
    expect(outputs.map(({ instances }) => instances.imageSize)).toEqual([
      [96, 128],
      [64, 40],
    ]);
    for (const { instances } of outputs) {
      expect(instances.length).toBeGreaterThan(0);
      expect(instances.length).toBeLessThanOrEqual(100);
      const scores = [...instances.scores.data];
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    }
    runtime.resetStats();
    await model.inference([{ image: noise(80, 70) }, { image: noise(33, 90) }]);
    expect(runtime.stats().compilations).toBe(0);
  });

  it("finds nothing where no score passes", async () => {
    const model = flatten(build(), -9).eval();
    const [{ instances }] = await model.inference([{ image: noise(48, 64) }]);
    expect(instances.length).toBe(0);
    expect(instances.predBoxes.tensor.shape).toEqual([0, 4]);
  });
});

describe.each([
  ["RetinaNet", retinaNet],
  ["FCOS", fcos],
])("%s", (_name, build) => {
  it("trains on images with objects and without any", async () => {
    const model = build();
    for (const boxes of [[[8, 8, 40, 40]], []]) {
      const batch = [
        input(
          48,
          64,
          boxes,
          boxes.map(() => 3),
        ),
        input(64, 40, [], []),
      ];
      const losses = Object.values(await model.losses(batch));
      const [classLoss, ...positiveLosses] = losses.map((loss) => loss.keep());
      model.zeroGrad();
      await positiveLosses.reduce((sum, loss) => sum.add(loss), classLoss).backward();
      expect(classLoss.dataSync()[0]).toBeGreaterThan(0);
      for (const loss of positiveLosses) {
        const value = Number(loss.dataSync()[0]);
        expect(Number.isFinite(value)).toBe(true);
        expect(value > 0).toBe(boxes.length > 0);
      }
      const gradients = model.parameters().flatMap(({ grad }) => grad?.dataSync() ?? []);
      expect(gradients.length).toBeGreaterThan(0);
      const isFinite = (gradient: ArrayLike<number | bigint>) =>
        Array.from(gradient, Number).every(Number.isFinite);
      expect(gradients.every(isFinite)).toBe(true);
    }
  });

  it("refuses ground truth that is missing or of a class there isn't, and the other mode", async () => {
    const model = build();
    await expect(model.losses([{ image: noise(48, 64) }])).rejects.toThrow(MissingInputError);
    const unknown = [
      input(48, 64, [], []),
      input(
        48,
        64,
        [
          [0, 0, 9, 9],
          [8, 8, 40, 40],
        ],
        [3, 4],
      ),
    ];
    await expect(model.losses(unknown)).rejects.toThrow(
      expect.objectContaining({ name: "GroundTruthClassError", index: 1, row: 1, label: 4 }),
    );
    const negative = [input(48, 64, [[8, 8, 40, 40]], [-1])];
    await expect(model.losses(negative)).rejects.toThrow(GroundTruthClassError);
    await expect(model.inference([{ image: noise(48, 64) }])).rejects.toThrow(ModelModeError);
    await expect(model.eval().losses(unknown)).rejects.toThrow(ModelModeError);
  });
});

describe("labels of anchors", () => {
  it("are the class of what overlaps most, background, or none in between", () => {
    const model = retinaNet();
    const anchors = [
      new Boxes([
        [0, 0, 10, 10],
        [0, 0, 10, 4.5],
      ]),
      new Boxes([
        [0, 0, 10, 3],
        [20, 20, 30, 30],
        [20, 20, 30, 26],
      ]),
    ];
    const truth = new Instances([64, 64], {
      gtBoxes: new Boxes([
        [0, 0, 10, 10],
        [20, 20, 30, 30],
      ]),
      gtClasses: Int32Array.of(2, 0),
    });
    const none = new Instances([64, 64], {
      gtBoxes: new Boxes([]),
      gtClasses: new Int32Array(0),
    });
    const { gtLabels, gtBoxes } = model.labelAnchors(anchors, [truth, none]);
    expect([...gtLabels[0]]).toEqual([2, -1, 4, 0, 0]);
    expect([...gtLabels[1]]).toEqual([4, 4, 4, 4, 4]);
    expect([...gtBoxes[0].data.subarray(12, 16)]).toEqual([20, 20, 30, 30]);
    expect(gtBoxes[1].shape).toEqual([5, 4]);
  });

  it("have no loss where there is none: a prediction there changes nothing", async () => {
    const model = retinaNet();
    const anchors = new Boxes([
      [0, 0, 10, 10],
      [0, 0, 10, 4.5],
    ]);
    model.anchorGenerator.forward = () => [anchors];
    const truth = new Instances([16, 16], {
      gtBoxes: new Boxes([[0, 0, 10, 10]]),
      gtClasses: Int32Array.of(1),
    });
    const lossOf = (logits: number[]) => {
      const predLogits = [tensor(Float32Array.from(logits), { shape: [1, 8, 1, 1] })];
      const deltas = [zeros([1, 8, 1, 1])];
      model.lossNormalizer.value = 1;
      const images = model.preprocessImage([{ image: noise(16, 16) }]);
      return model.forwardTraining(images, [], [predLogits, deltas], [truth]);
    };
    const quiet = lossOf([0, 0, 0, 0, 0, 0, 0, 0]);
    const loud = lossOf([0, 0, 0, 0, 9, 9, -9, 9]);
    expect(await loud.loss_cls.item()).toBe(await quiet.loss_cls.item());
    // Three negatives at 1/2 and one positive: (3 · 0.75 + 0.25) · 0.5² · log 2, over 0.9 + 0.1.
    expect(await quiet.loss_cls.item()).toBeAllclose(2.5 * 0.25 * Math.log(2), { rtol: 1e-6 });
  });

  it("of FCOS are the smallest box around whose middle a location lies, on the level for its size", () => {
    const model = fcos();
    const square = (x: number, y: number, size: number) => [
      x - size / 2,
      y - size / 2,
      x + size / 2,
      y + size / 2,
    ];
    // Locations at strides 8, 16 and 32.
    const anchors = [
      new Boxes([square(28, 28, 8), square(44, 28, 8), square(36, 36, 8)]),
      new Boxes([square(40, 40, 16), square(72, 40, 16)]),
      new Boxes([square(48, 48, 32)]),
    ];
    const gtBoxes = new Boxes([
      [0, 0, 64, 64],
      [20, 20, 44, 44],
      [30, 30, 94, 50],
      [-40, -40, 130, 130],
    ]);
    const quality = model.matchAnchors(gtBoxes, anchors);
    expect(quality.shape).toEqual([4, 6]);
    const matched = [0, 1, 2, 3].map((truth) =>
      [0, 1, 2, 3, 4, 5].filter((anchor) => quality.get(truth, anchor) > 0),
    );
    // At a stride of 8, middles are at most 12 away; at one of 16, the farthest side is between 64 and 128 away.
    expect(matched).toEqual([[0, 2], [0, 2], [], [3]]);
    expect(quality.get(1, 0)).toBe(Math.fround(1e8 - 576));
    const { gtLabels } = model.labelAnchors(anchors, [
      new Instances([100, 100], { gtBoxes, gtClasses: Int32Array.of(0, 1, 2, 3) }),
    ]);
    expect([...gtLabels[0]]).toEqual([1, 4, 1, 3, 4, 4]);
  });

  it("of FCOS say how central a location is", () => {
    const anchors = ndarray(Float32Array.of(4, 4, 12, 12, 4, 4, 12, 12), [2, 4]);
    const boxes = ndarray(Float32Array.of(0, 0, 16, 16, 4, 0, 24, 40), [2, 4]);
    const targets = fcos().computeCtrnessTargets(anchors, boxes);
    expect(targets).toBeAllclose([1, Math.sqrt((4 / 16) * (8 / 32))]);
  });
});

describe("what becomes of predictions", () => {
  const selection = {
    numClasses: 2,
    box2boxTransform: new Box2BoxTransform({ weights: [1, 1, 1, 1] }),
    testScoreThresh: 0.25,
    testTopkCandidates: 3,
    testNmsThresh: 0.5,
    maxDetectionsPerImage: 10,
  };
  const anchors = [
    new Boxes([
      [0, 0, 4, 4],
      [10, 0, 14, 4],
      [0, 10, 4, 14],
      [10, 10, 14, 14],
    ]),
  ];
  // One anchor at each of 2×2 locations: four scores of the first class, four of the second.
  const find = (scores: number[], changes: Partial<typeof selection> = {}) => {
    const [instances] = findDetections(
      {
        scores: [tensor(Float32Array.from(scores), { shape: [1, 2, 2, 2] })],
        deltas: [tensor(new Float32Array(16), { shape: [1, 4, 2, 2] })],
        anchors,
        imageSizes: [[16, 16]],
      },
      { ...selection, ...changes },
    );
    return Array.from(instances.scores.data, (score, i) => [
      score,
      instances.predClasses.get(i),
      ...instances.predBoxes.data.subarray(4 * i, 4 * i + 2),
    ]);
  };

  it("are those above the threshold and of the highest scores, in the order of the anchors where equal", () => {
    expect(find([0.25, 0.5, 0, 0.5, 0, 0.75, 0.5, NaN])).toEqual([
      [0.75, 1, 10, 0],
      [0.5, 0, 10, 0],
      [0.5, 1, 0, 10],
    ]);
    expect(find([0.25, 0.5, 0, 0.5, 0, 0.75, 0.5, NaN], { maxDetectionsPerImage: 1 })).toHaveLength(
      1,
    );
    expect(find([0.25, 0.25, 0.25, 0, 0, 0, 0, 0])).toEqual([]);
  });

  it.each([Infinity, -Infinity, NaN])(
    "aren't sorted out where they are %d: boxes of such deltas are as they come, and no score is NaN",
    async (value) => {
      const model = retinaNet({ "MODEL.RETINANET.SCORE_THRESH_TEST": -1 }).eval();
      const images = model.preprocessImage([{ image: noise(64, 64) }]);
      const features = model.features(images.tensor);
      const [logits, deltas] = model.head(features);
      const broken = (levels: readonly Tensor[]) => levels.map(({ shape }) => full(shape, value));
      const predictions = [broken(logits), broken(deltas)] as const;
      const [instances] = await model.forwardInference(images, features, predictions);
      expect(instances.predBoxes.data.some(Number.isFinite)).toBe(false);
      expect(instances.length > 0).toBe(!Number.isNaN(value));
    },
  );

  it("lie in the order of the anchors: by row, column, anchor", async () => {
    // Two anchors at each of 1×3 locations, two numbers each: channel-major, and number = 10 · anchor + what.
    const predictions = [0, 1, 10, 11].flatMap((channel) =>
      [0, 1, 2].map((x) => 100 * x + channel),
    );
    const permuted = permuteToNHWAK(
      tensor(predictions, { dtype: "float32" }).reshape([1, 4, 1, 3]),
      2,
    );
    expect(permuted.shape).toEqual([1, 6, 2]);
    expect([...(await permuted.data())]).toEqual([
      0, 1, 10, 11, 100, 101, 110, 111, 200, 201, 210, 211,
    ]);
  });
});

describe("heads of dense detectors", () => {
  const inputShape = [{ channels: 8 }, { channels: 8 }];
  const options = { inputShape, numClasses: 3, numAnchors: 2, convDims: [8, 6] };

  it("begin with a probability for every anchor, and have norms for each level by the name BN", () => {
    const head = new RetinaNetHead({ ...options, norm: "BN", priorProb: 0.01 });
    expect(head.clsScore.bias!.dataSync()).toBeAllclose(new Float32Array(6).fill(-4.59512));
    const names = [...head.stateDict().keys()].filter((name) => name.startsWith("cls_subnet.1."));
    expect(names).toContain("cls_subnet.1.weight");
    expect(names).toContain("cls_subnet.1.1.running_mean");
    const shared = new RetinaNetHead({ ...options, convDims: [32], norm: "GN" });
    expect([...shared.stateDict().keys()]).toContain("bbox_subnet.1.bias");
  });

  it("refuse options that make no head, and another number of feature maps", () => {
    const build = (changes: Partial<typeof options> & { priorProb?: number }) => () =>
      new RetinaNetHead({ ...options, ...changes });
    expect(build({ inputShape: [] })).toThrow(OptionError);
    expect(build({ inputShape: [{ channels: 8 }, { channels: 4 }] })).toThrow(OptionError);
    expect(build({ convDims: [] })).toThrow(OptionError);
    expect(build({ priorProb: 1 })).toThrow(OptionError);
    const head = new FCOSHead({ inputShape, numClasses: 3, convDims: [8] });
    expect(() => head([zeros([1, 8, 4, 4])])).toThrow(LengthMismatchError);
  });

  it("of a config have levels that the backbone gives, with as many anchors each", () => {
    const build = (overrides: Overrides) => () => retinaNet(overrides);
    expect(build({ "MODEL.RETINANET.IN_FEATURES": ["p2", "p3"] })).toThrow(ModelOptionsError);
    expect(build({ "MODEL.RETINANET.BBOX_REG_LOSS_TYPE": "l2" })).toThrow(OptionError);
    const sizes = "[[32], [64, 80], [128], [256], [512]]";
    expect(build({ "MODEL.ANCHOR_GENERATOR.SIZES": sizes })).toThrow(OptionError);
    const model = retinaNet({
      "MODEL.RETINANET.IN_FEATURES": ["p4", "p6"],
      "MODEL.ANCHOR_GENERATOR.SIZES": "[[32], [64]]",
    });
    expect(model.features(zeros([1, 3, 64, 64])).map(({ shape }) => shape[2])).toEqual([4, 1]);
  });
});

describe("what losses are divided by", () => {
  it("is the number of positives, averaged over batches, each of at least one", () => {
    const normalizer = new LossNormalizer(100);
    const mask = (...flags: number[]) => ndarray(Uint8Array.from(flags), [1, flags.length]);
    expect(normalizer.update(mask(1, 0, 1, 1))).toBeAllclose(90.3, { rtol: 1e-12 });
    expect(normalizer.update(mask(0, 0))).toBeAllclose(81.37, { rtol: 1e-12 });
    expect(normalizer.value).toBeAllclose(81.37, { rtol: 1e-12 });
  });
});
