import { EventStorage } from "@detectron-ts/events";
import { OptionError } from "@detectron-ts/layers";
import { runtime } from "@detectron-ts/runtime";
import { BitMasks, Boxes, Instances, Keypoints } from "@detectron-ts/structures";
import { grad, ones, Parameter, realize, tensor, zeros, type Tensor } from "@detectron-ts/tensor";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import {
  buildRoiHeads,
  CountMismatchError,
  keypointRcnnInference,
  keypointRcnnLoss,
  KRCNNConvDeconvUpsampleHead,
  MissingGroundTruthError,
  selectProposalsWithVisibleKeypoints,
  StandardROIHeads,
  type LabeledProposalFields,
  type Losses,
  type ROIHeads,
} from "../src/index.ts";
import { configFor, imagesOf, proposalsOf } from "./support.ts";

const BOX = [10, 10, 26, 26];

/** Keypoints of some objects, each a list of (x, y, visibility). */
function keypointsOf(...objects: number[][][]): Keypoints {
  const numKeypoints = objects[0].length;
  return new Keypoints(
    ndarray(Float32Array.from(objects.flat(2)), [objects.length, numKeypoints, 3]),
  );
}

/** Foreground proposals at {@link BOX}, with these keypoints. */
function labeled(...objects: number[][][]): Instances<LabeledProposalFields> {
  const count = objects.length;
  const fields: LabeledProposalFields = {
    proposalBoxes: new Boxes(objects.map(() => BOX)),
    gtClasses: new Int32Array(count),
    gtBoxes: new Boxes(objects.map(() => BOX)),
    gtKeypoints:
      count > 0 ? keypointsOf(...objects) : new Keypoints(ndarray(new Float32Array(0), [0, 2, 3])),
  };
  return new Instances<LabeledProposalFields>([64, 64], fields);
}

/** Logits R×K×4×4 with a one in cell `cell`. */
const logitsWithPeak = (numRows: number, numKeypoints: number, cell: number): Tensor =>
  tensor(
    Float32Array.from({ length: numRows * numKeypoints * 16 }, (_, i) => (i % 16 === cell ? 1 : 0)),
    { shape: [numRows, numKeypoints, 4, 4] },
  );

describe("keypointRcnnLoss", () => {
  // Softmax over one 1 and fifteen 0.
  const logSum = Math.log(Math.E + 15);
  const [hit, miss] = [logSum - 1, logSum];
  // In BOX with four cells of four pixels per side, (12, 12) is in cell 0, and (20, 12) in cell 2.
  const proposals = [
    labeled(
      [
        [12, 12, 2],
        [20, 12, 1],
      ],
      [
        [12, 12, 0],
        [40, 12, 2],
      ],
    ),
    labeled(),
  ];

  it("averages the cross entropy of keypoints that are labelled and in their box", async () => {
    const loss = keypointRcnnLoss(logitsWithPeak(2, 2, 0), proposals);
    expect(await loss.item()).toBeCloseTo((hit + miss) / 2, 6);
  });

  it("divides by another number when asked to", async () => {
    const loss = keypointRcnnLoss(logitsWithPeak(2, 2, 2), proposals, 10);
    expect(await loss.item()).toBeCloseTo((hit + miss) / 10, 6);
  });

  it("is zero, with gradients of zero, without such keypoints, and counts these batches", async () => {
    using storage = new EventStorage();
    const unlabelled = labeled([
      [12, 12, 0],
      [99, 99, 2],
    ]);
    for (const [numRows, batch] of [
      [1, [unlabelled]],
      [0, [labeled(), labeled()]],
    ] as const) {
      const size = numRows * 2 * 16;
      const logits = new Parameter(new Float32Array(size).fill(1), [numRows, 2, 4, 4]);
      const loss = keypointRcnnLoss(logits, batch);
      const [gradient] = grad(loss, [logits]);
      await realize(loss, gradient);
      expect(await loss.item()).toBe(0);
      expect([...(await gradient.data())].every((value) => value === 0)).toBe(true);
    }
    keypointRcnnLoss(logitsWithPeak(2, 2, 0), proposals);
    expect(storage.latest().get("kpts_num_skipped_batches")?.value).toBe(2);
    expect(storage.smoothingHints().get("kpts_num_skipped_batches")).toBe(false);
  });

  it("needs keypoints, a row for each proposal, and as many keypoints as there are heatmaps", () => {
    const [image] = proposals;
    const loss = (numRows: number, numKeypoints: number, of = image): Tensor =>
      keypointRcnnLoss(zeros([numRows, numKeypoints, 4, 4]), [of]);
    expect(() => loss(3, 2)).toThrow(CountMismatchError);
    expect(() => loss(2, 17)).toThrow(CountMismatchError);
    const { proposalBoxes, gtClasses } = image;
    const without = new Instances<LabeledProposalFields>([64, 64], { proposalBoxes, gtClasses });
    expect(() => loss(2, 2, without)).toThrow(MissingGroundTruthError);
  });
});

describe("keypointRcnnInference", () => {
  it("reads each image's keypoints from its own rows", async () => {
    const images = [
      new Instances([64, 64], { predBoxes: new Boxes([BOX]) }),
      new Instances([64, 64], { predBoxes: new Boxes([]) }),
      new Instances([64, 64], { predBoxes: new Boxes([[0, 0, 4, 4]]) }),
    ];
    const [first, none, last] = await keypointRcnnInference(logitsWithPeak(2, 1, 10), images);
    expect(first.predKeypoints.shape).toEqual([1, 1, 3]);
    expect(none.predKeypoints.shape).toEqual([0, 1, 3]);
    expect(none.predKeypointHeatmaps.shape).toEqual([0, 1, 4, 4]);
    const [x, y, score] = last.predKeypoints.data;
    expect([x, y]).toEqual([2.5, 2.5]);
    expect(score).toBeCloseTo(Math.E / (Math.E + 15), 6);
    expect(first.predKeypointHeatmaps.get(0, 0, 2, 2)).toBe(1);
  });

  it("needs a row for each instance", async () => {
    const images = [new Instances([64, 64], { predBoxes: new Boxes([BOX]) })];
    await expect(keypointRcnnInference(logitsWithPeak(2, 1, 0), images)).rejects.toThrow(
      CountMismatchError,
    );
  });
});

describe("selectProposalsWithVisibleKeypoints", () => {
  it("keeps proposals with a labelled keypoint in their box or on its border", () => {
    using storage = new EventStorage();
    const image = labeled([[26, 10, 1]], [[27, 10, 2]], [[12, 12, 0]], [[12, 12, 2]]);
    const [selected, empty] = selectProposalsWithVisibleKeypoints([image, labeled()]);
    expect([...selected.gtKeypoints!.tensor.data]).toEqual([26, 10, 1, 12, 12, 2]);
    expect(empty.length).toBe(0);
    // The mean over images that have proposals.
    expect(storage.latest().get("keypoint_head/num_fg_samples")?.value).toBe(2);
  });

  it("records nothing where no image has proposals", () => {
    using storage = new EventStorage();
    selectProposalsWithVisibleKeypoints([labeled(), labeled()]);
    expect(storage.latest().size).toBe(0);
  });

  it("needs keypoints", () => {
    const { proposalBoxes, gtClasses } = labeled([[12, 12, 2]]);
    const without = new Instances<LabeledProposalFields>([64, 64], { proposalBoxes, gtClasses });
    expect(() => selectProposalsWithVisibleKeypoints([without])).toThrow(MissingGroundTruthError);
  });
});

describe("KRCNNConvDeconvUpsampleHead", () => {
  const options = { inputShape: { channels: 3, height: 5, width: 5 }, numKeypoints: 2 };

  it("makes heatmaps four times as large as what is pooled", async () => {
    const head = new KRCNNConvDeconvUpsampleHead({ ...options, convDims: [4, 6] });
    expect(head(ones([2, 3, 5, 5])).shape).toEqual([2, 2, 20, 20]);
    const shapes = [...head.stateDict()].map(([name, { shape }]) => [name, shape]);
    expect(shapes).toEqual([
      ["conv_fcn1.weight", [4, 3, 3, 3]],
      ["conv_fcn1.bias", [4]],
      ["conv_fcn2.weight", [6, 4, 3, 3]],
      ["conv_fcn2.bias", [6]],
      ["score_lowres.weight", [6, 2, 4, 4]],
      ["score_lowres.bias", [2]],
    ]);
  });

  it("divides its loss by visible keypoints, or by a number for each image", async () => {
    const batch = [labeled([[12, 12, 2]]), labeled()];
    const lossWith = async (lossNormalizer?: number | "visible", lossWeight = 1) => {
      const head = new KRCNNConvDeconvUpsampleHead({
        ...options,
        numKeypoints: 1,
        convDims: [2],
        ...(lossNormalizer !== undefined && { lossNormalizer }),
        lossWeight,
      });
      // Zeroes of features and biases: all cells are equally likely.
      return head.losses(zeros([1, 3, 5, 5]), batch).loss_keypoint.item();
    };
    const uniform = Math.log(400);
    expect(await lossWith("visible")).toBeCloseTo(uniform, 5);
    expect(await lossWith("visible", 4)).toBeCloseTo(4 * uniform, 4);
    expect(await lossWith(5)).toBeCloseTo(uniform / 10, 5);
    expect(await lossWith()).toBeCloseTo(uniform / 2, 5);
  });

  it("takes its options from the config", () => {
    const file = "COCO-Keypoints/keypoint_rcnn_R_50_FPN_1x.yaml";
    const key = "MODEL.ROI_KEYPOINT_HEAD";
    const shape = { channels: 256, height: 14, width: 14 };
    const byVisible = KRCNNConvDeconvUpsampleHead.fromConfig(configFor(file), shape);
    expect(byVisible).toEqual({
      inputShape: shape,
      numKeypoints: 17,
      convDims: Array.from({ length: 8 }, () => 512),
      lossWeight: 1,
      lossNormalizer: "visible",
    });
    const overrides = [
      `${key}.NORMALIZE_LOSS_BY_VISIBLE_KEYPOINTS`,
      false,
      `${key}.LOSS_WEIGHT`,
      4,
    ];
    const byMost = KRCNNConvDeconvUpsampleHead.fromConfig(configFor(file, overrides), shape);
    expect(byMost).toMatchObject({ lossWeight: 4, lossNormalizer: 17 * 512 * 0.25 });
  });
});

describe("ROI heads with masks and keypoints", () => {
  const shapes = { p2: { channels: 4, stride: 4 }, p3: { channels: 4, stride: 8 } };
  const overrides = {
    "MODEL.MASK_ON": true,
    "MODEL.ROI_HEADS.IN_FEATURES": ["p2", "p3"],
    "MODEL.ROI_HEADS.SCORE_THRESH_TEST": 0.2,
    "MODEL.ROI_BOX_HEAD.FC_DIM": 8,
    "MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION": 2,
    "MODEL.ROI_MASK_HEAD.NAME": "MaskRCNNConvUpsampleHead",
    "MODEL.ROI_MASK_HEAD.CONV_DIM": 4,
    "MODEL.ROI_MASK_HEAD.POOLER_RESOLUTION": 2,
    "MODEL.ROI_KEYPOINT_HEAD.CONV_DIMS": [4, 4],
    "MODEL.ROI_KEYPOINT_HEAD.POOLER_RESOLUTION": 3,
    "MODEL.ROI_KEYPOINT_HEAD.NUM_KEYPOINTS": 2,
  };
  const cfg = configFor(
    "COCO-Keypoints/keypoint_rcnn_R_50_FPN_1x.yaml",
    Object.entries(overrides).flat(1),
  );
  const features = (numImages: number) => ({
    p2: ones([numImages, 4, 16, 16]),
    p3: ones([numImages, 4, 8, 8]),
  });
  const proposalsIn = (...counts: number[]) =>
    counts.map((count) =>
      proposalsOf(
        new Boxes(Array.from({ length: count }, (_, i) => [12 * i, 4, 12 * i + 9, 30])),
        [64, 64],
      ),
    );
  const images = (count: number) =>
    imagesOf(...Array.from({ length: count }, () => [64, 64] as const));
  const target = (keypoint: number[]) =>
    new Instances([64, 64], {
      gtBoxes: new Boxes([[0, 4, 9, 30]]),
      gtClasses: Int32Array.of(0),
      gtMasks: new BitMasks(ndarray(new Uint8Array(64 * 64).fill(1), [1, 64, 64])),
      gtKeypoints: keypointsOf([keypoint, [1, 1, 0]]),
    });
  const without = () => target([5, 10, 2]).select([]);

  it("find both, in three runs however many proposals there are, none included", async () => {
    const heads = buildRoiHeads(cfg, shapes).eval();
    if (!(heads instanceof StandardROIHeads)) throw new TypeError();
    expect([heads.maskOn, heads.keypointOn]).toEqual([true, true]);
    const [[first]] = await heads(images(2), features(2), proposalsIn(2, 1));
    expect(first.length).toBeGreaterThan(0);
    expect(first.predMasks!.shape).toEqual([first.length, 1, 4, 4]);
    expect(first.predKeypoints!.shape).toEqual([first.length, 2, 3]);
    expect(first.predKeypointHeatmaps!.shape).toEqual([first.length, 2, 12, 12]);

    const { compilations, runs } = runtime.stats();
    const [[none, some]] = await heads(images(2), features(2), proposalsIn(0, 3));
    expect(none.predKeypoints!.shape).toEqual([0, 2, 3]);
    expect(some.predKeypoints!.shape).toEqual([some.length, 2, 3]);
    expect(runtime.stats()).toMatchObject({ compilations, runs: runs + 3 });
  });

  it("train both, whatever is visible, in one compiled graph", async () => {
    using storage = new EventStorage();
    const heads = buildRoiHeads(cfg, shapes);
    const batches = [
      [target([5, 10, 2]), target([6, 20, 1])],
      [target([5, 10, 0]), target([50, 20, 2])],
      [without(), target([5, 20, 1])],
    ];
    let compilations = 0;
    for (const targets of batches) {
      const [, losses] = await heads(images(2), features(2), proposalsIn(4, 2), targets);
      expect(Object.keys(losses)).toEqual([
        "loss_cls",
        "loss_box_reg",
        "loss_mask",
        "loss_keypoint",
      ]);
      await backward(heads, losses);
      if (compilations > 0) expect(runtime.stats().compilations).toBe(compilations);
      compilations = runtime.stats().compilations;
    }
    expect(storage.latest().get("kpts_num_skipped_batches")?.value).toBe(1);
  });

  it("train on images without objects: neither masks nor keypoints have a loss", async () => {
    using _ = new EventStorage();
    const heads = buildRoiHeads(cfg, shapes);
    const [, losses] = await heads(images(2), features(2), proposalsIn(4, 0), [
      without(),
      without(),
    ]);
    await backward(heads, losses);
    expect([await losses.loss_mask.item(), await losses.loss_keypoint.item()]).toEqual([0, 0]);
    const { grad: gradient } = heads.namedParameters().get("keypoint_head.score_lowres.weight")!;
    expect([...gradient!.dataSync()].every((value) => value === 0)).toBe(true);
  });

  it("train the later branches on the boxes that the box branch predicts, when asked to", async () => {
    const options = { ...StandardROIHeads.fromConfig(cfg, shapes), trainOnPredBoxes: true };
    const { maskPooler: _pooler, maskHead: _head, ...keypointsOnly } = options;
    const heads = new StandardROIHeads(keypointsOnly);
    const pooled: (readonly Boxes[])[] = [];
    heads.keypointPooler!.registerForwardHook((_, [, boxes]) => void pooled.push(boxes));
    const targets = [target([5, 10, 2])];
    await heads(images(1), features(1), proposalsIn(0), targets);
    const [proposal] = targets[0].gtBoxes;
    const [[boxes]] = pooled;
    expect(boxes.length).toBe(1);
    // Weights of the box branch are small, so that boxes have moved, but not far.
    expect(boxes.tensor).toBeAllclose([proposal], { atol: 1, rtol: 0 });
    expect(boxes.data).not.toEqual(proposal);
  });

  it("need a keypoint head and its pooler together", () => {
    const { keypointPooler: _, ...half } = StandardROIHeads.fromConfig(cfg, shapes);
    expect(() => new StandardROIHeads(half)).toThrow(OptionError);
  });
});

/** Gradients of the sum of losses, all of which have to be finite. */
async function backward(heads: ROIHeads, losses: Losses): Promise<void> {
  const total = Object.values(losses).reduce((sum, loss) => sum.add(loss));
  heads.zeroGrad();
  await total.backward();
  expect(Number.isFinite(await total.item())).toBe(true);
  for (const [, { grad: gradient }] of heads.namedParameters()) {
    const values = Array.from<number | bigint, number>(gradient!.dataSync(), Number);
    expect(values.every(Number.isFinite)).toBe(true);
  }
}
