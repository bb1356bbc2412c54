import { Box2BoxTransformRotated } from "@detectron-ts/box-regression";
import type { Config } from "@detectron-ts/config";
import { OptionError } from "@detectron-ts/layers";
import { manualSeed } from "@detectron-ts/nn";
import { runtime } from "@detectron-ts/runtime";
import {
  BoxKindError,
  Boxes,
  Instances,
  pairwiseIouRotated,
  RotatedBoxes,
  type ImageSize,
} from "@detectron-ts/structures";
import { tensor } from "@detectron-ts/tensor";
import { loadGolden } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import {
  buildRoiHeads,
  CountMismatchError,
  fastRcnnInferenceRotated,
  RotatedFastRCNNOutputLayers,
  RROIHeads,
  StandardROIHeads,
  type Features,
} from "../src/index.ts";
import { configFor, imagesOf, proposalsOf, toArray } from "./support.ts";

interface Recorded {
  readonly image_shape: ImageSize;
  readonly score_thresh: number;
  readonly nms_thresh: number;
  readonly topk_per_image: number;
}

const golden = loadGolden<Recorded>(
  new URL("./golden/fast_rcnn_inference_rotated_op", import.meta.url),
);

const ROTATED = [
  ["MODEL.ROI_HEADS.NAME", "RROIHeads"],
  ["MODEL.ROI_HEADS.IN_FEATURES", ["p2", "p3"]],
  ["MODEL.ROI_HEADS.NUM_CLASSES", 3],
  ["MODEL.ROI_HEADS.BATCH_SIZE_PER_IMAGE", 16],
  ["MODEL.ROI_BOX_HEAD.POOLER_TYPE", "ROIAlignRotated"],
  ["MODEL.ROI_BOX_HEAD.BBOX_REG_WEIGHTS", [10, 10, 5, 5, 1]],
  ["MODEL.ROI_BOX_HEAD.FC_DIM", 8],
].flat();

function rotatedCfg(overrides: readonly unknown[] = []): Config {
  return configFor("COCO-Detection/faster_rcnn_R_50_FPN_1x.yaml", [...ROTATED, ...overrides]);
}

const SHAPES = { p2: { channels: 4, stride: 4 }, p3: { channels: 4, stride: 8 } };
const SIZES: readonly ImageSize[] = [[64, 64], [48, 64]]; // prettier-ignore

function featuresOf(seed: number): Features {
  const map = (side: number) =>
    tensor(
      Float32Array.from({ length: 8 * side * side }, (_, i) => Math.sin(seed + i)),
      { shape: [2, 4, side, side] },
    );
  return { p2: map(16), p3: map(8) };
}

const boxes = (...rows: number[][]) => new RotatedBoxes(rows);
const proposals = [
  proposalsOf(boxes([20, 20, 24, 10, 30], [40, 44, 16, 30, -70], [30, 30, 40, 40, 0]), SIZES[0]),
  proposalsOf(boxes(), SIZES[1]),
];

describe("fastRcnnInferenceRotated", () => {
  it.each(["", "agnostic_"])(
    "finds detectron2's detections in its order, past rows that are not finite: %sboxes",
    (kind) => {
      const { image_shape, score_thresh, nms_thresh, topk_per_image } = golden.json;
      const [[instances], [kept]] = fastRcnnInferenceRotated(
        [toArray(golden.float32(`${kind}boxes`))],
        [toArray(golden.float32("scores"))],
        [image_shape],
        { scoreThresh: score_thresh, nmsThresh: nms_thresh, topkPerImage: topk_per_image },
      );
      const expected = (name: string) => golden.float32(`${kind}out.${name}`).data;
      const integers = (name: string) => [...golden.int64(`${kind}out.${name}`).data].map(Number);
      expect(instances.predBoxes).toBeInstanceOf(RotatedBoxes);
      expect(instances.predBoxes.data).toEqual(expected("pred_boxes"));
      expect(instances.scores.data).toEqual(expected("scores"));
      expect([...instances.predClasses.data]).toEqual(integers("pred_classes"));
      expect([...kept.data]).toEqual(integers("kept_indices"));
    },
  );

  it("finds nothing in images without proposals, and wants as many boxes as images", () => {
    const none = (columns: number) => ndarray(new Float32Array(0), [0, columns]);
    const options = { scoreThresh: 0.1, nmsThresh: 0.5, topkPerImage: -1 };
    const [[instances]] = fastRcnnInferenceRotated([none(10)], [none(3)], [SIZES[0]], options);
    expect(instances.predBoxes.tensor.shape).toEqual([0, 5]);
    expect(() => fastRcnnInferenceRotated([], [none(3)], [SIZES[0]], options)).toThrow(
      CountMismatchError,
    );
    expect(() => fastRcnnInferenceRotated([none(8)], [none(3)], [SIZES[0]], options)).toThrow(
      "[0, 5] or [0, 10]",
    );
  });
});

describe("RROIHeads", () => {
  it("are what a config names, with five deltas for each class", () => {
    const heads = buildRoiHeads(rotatedCfg(), SHAPES);
    expect(heads).toBeInstanceOf(RROIHeads);
    const shapes = Object.fromEntries(
      [...heads.namedParameters()].map(([name, { shape }]) => [name, shape]),
    );
    expect(shapes).toMatchObject({
      "box_predictor.cls_score.weight": [4, 8],
      "box_predictor.bbox_pred.weight": [15, 8],
    });
    const agnostic = rotatedCfg(["MODEL.ROI_BOX_HEAD.CLS_AGNOSTIC_BBOX_REG", true]);
    const { boxPredictor } = buildRoiHeads(agnostic, SHAPES) as RROIHeads;
    expect(boxPredictor).toBeInstanceOf(RotatedFastRCNNOutputLayers);
    expect(boxPredictor.bboxPred.weight.shape).toEqual([5, 8]);
  });

  it("detect rotated boxes, none in an image without proposals", async () => {
    manualSeed(4);
    const cfg = rotatedCfg(["MODEL.ROI_HEADS.SCORE_THRESH_TEST", 0.01]);
    const heads = buildRoiHeads(cfg, SHAPES).eval();
    const [[first, second], losses] = await heads(imagesOf(...SIZES), featuresOf(1), proposals);
    expect(losses).toEqual({});
    expect(first.predBoxes).toBeInstanceOf(RotatedBoxes);
    expect(first.length).toBe(9);
    expect(second.predBoxes).toEqual(boxes());
    // Untrained, the boxes are close to the proposals.
    const best = pairwiseIouRotated(first.predBoxes as RotatedBoxes, boxes([20, 20, 24, 10, 30]));
    expect(Math.max(...best.data)).toBeGreaterThan(0.95);
  });

  it("have losses whose gradients reach every weight, and train on images without objects", async () => {
    manualSeed(5);
    const heads = buildRoiHeads(rotatedCfg(), SHAPES).train();
    const targets = [boxes([22, 20, 24, 12, 40]), boxes()].map((gtBoxes, i) => {
      return new Instances(SIZES[i], {
        gtBoxes,
        gtClasses: new Int32Array(gtBoxes.length).fill(2),
      });
    });
    const step = async (truth: typeof targets) => {
      const [, losses] = await heads(imagesOf(...SIZES), featuresOf(2), proposals, truth);
      expect(Object.keys(losses)).toEqual(["loss_cls", "loss_box_reg"]);
      await losses.loss_cls.add(losses.loss_box_reg).backward();
      return losses;
    };
    const losses = await step(targets);
    expect(await losses.loss_box_reg.item()).toBeGreaterThan(0);
    for (const [name, { grad }] of heads.namedParameters()) {
      const values = await grad!.data();
      expect([name, Array.from(values, Number).some((value) => value !== 0)]).toEqual([name, true]);
    }
    const nothing = targets.map(({ imageSize }) => {
      return new Instances(imageSize, { gtBoxes: boxes(), gtClasses: new Int32Array(0) });
    });
    expect(await (await step(nothing)).loss_box_reg.item()).toBe(0);
  });

  it("label by the overlap of rotated boxes", () => {
    const heads = buildRoiHeads(rotatedCfg(), SHAPES) as RROIHeads;
    // Two crossed bars: the upright rectangles around them are the same, their overlap is small.
    const crossed = proposalsOf(boxes([30, 30, 40, 6, 45], [30, 30, 40, 6, -44]), SIZES[0]);
    const target = new Instances(SIZES[0], {
      gtBoxes: boxes([30, 30, 40, 6, 46]),
      gtClasses: Int32Array.of(1),
    });
    const [labeled] = heads.labelAndSampleProposals([crossed], [target]);
    const angles = Array.from(labeled.proposalBoxes, (box) => box[4]);
    const classes = labeled.gtClasses as ndarray.NdArray<Int32Array>;
    const byAngle = new Map(angles.map((angle, i) => [angle, classes.get(i)]));
    expect(byAngle).toEqual(new Map([[45, 1], [46, 1], [-44, 3]])); // prettier-ignore
  });

  it("compile once for any number of boxes", async () => {
    const heads = buildRoiHeads(rotatedCfg(), SHAPES).eval();
    await heads(imagesOf(...SIZES), featuresOf(1), proposals);
    const compiled = runtime.stats().compilations;
    const more = [proposals[1], proposals[0].select({ end: 2 })].map(({ proposalBoxes }, i) =>
      proposalsOf(proposalBoxes, SIZES[i]),
    );
    await heads(imagesOf(...SIZES), featuresOf(3), more);
    expect(runtime.stats().compilations).toBe(compiled);
  });

  it("refuse masks, keypoints, upright poolers, boxes and predictors", async () => {
    const build = (overrides: readonly unknown[]) => buildRoiHeads(rotatedCfg(overrides), SHAPES);
    expect(() => build(["MODEL.MASK_ON", true])).toThrow(OptionError);
    expect(() => build(["MODEL.KEYPOINT_ON", true])).toThrow(OptionError);
    expect(() => build(["MODEL.ROI_BOX_HEAD.TRAIN_ON_PRED_BOXES", true])).toThrow(OptionError);
    expect(() => build(["MODEL.ROI_BOX_HEAD.POOLER_TYPE", "ROIAlignV2"])).toThrow(OptionError);
    expect(() => build(["MODEL.ROI_BOX_HEAD.BBOX_REG_LOSS_TYPE", "giou"])).toThrow(OptionError);
    expect(() => build(["MODEL.ROI_BOX_HEAD.BBOX_REG_WEIGHTS", [10, 10, 5, 5]])).toThrow(
      OptionError,
    );
    const upright = configFor("COCO-Detection/faster_rcnn_R_50_FPN_1x.yaml", [
      "MODEL.ROI_HEADS.IN_FEATURES",
      ["p2", "p3"],
      "MODEL.ROI_BOX_HEAD.FC_DIM",
      8,
    ]);
    const options = StandardROIHeads.fromConfig(upright, SHAPES);
    expect(() => new RROIHeads(options)).toThrow(OptionError);
    const inputShape = { channels: 4 };
    const { box2boxTransform } = options.boxPredictor;
    expect(
      () => new RotatedFastRCNNOutputLayers({ inputShape, numClasses: 1, box2boxTransform }),
    ).toThrow(OptionError);
    const rotated = new Box2BoxTransformRotated({ weights: [1, 1, 1, 1, 1] });
    const predictor = new RotatedFastRCNNOutputLayers({
      inputShape,
      numClasses: 1,
      box2boxTransform: rotated,
    });
    expect(predictor.bboxPred.weight.shape).toEqual([5, 4]);

    const heads = build([]).eval();
    const given = SIZES.map((size) => proposalsOf(new Boxes([[0, 0, 9, 9]]), size));
    await expect(heads(imagesOf(...SIZES), featuresOf(1), given)).rejects.toThrow(BoxKindError);
  });
});
