import { Box2BoxTransform } from "@detectron-ts/box-regression";
import { getCfg, configure } from "@detectron-ts/config";
import { OptionError } from "@detectron-ts/layers";
import { runtime } from "@detectron-ts/runtime";
import { Boxes, Instances } from "@detectron-ts/structures";
import { tensor, zeros } from "@detectron-ts/tensor";
import { loadGolden } from "@detectron-ts/testing";
import { describe, expect, it } from "vitest";

import {
  CountMismatchError,
  FastRCNNOutputLayers,
  type FastRCNNOutputLayersOptions,
} from "../src/index.ts";
import { proposalsOf, toBoxes, toTensor } from "./support.ts";

// Predictions and detections of detectron2's Mask R-CNN R50-FPN for one image of 184×245.
const golden = loadGolden(new URL("./golden/box_predictor", import.meta.url));
const recorded = () => {
  const predictor = configure(FastRCNNOutputLayers, [getCfg(), { channels: 64 }]);
  const proposals = [
    proposalsOf(toBoxes(golden.float32("0.proposals.proposal_boxes")), [184, 245]),
  ];
  const predictions = [
    toTensor(golden.float32("box_predictor.scores")),
    toTensor(golden.float32("box_predictor.proposal_deltas")),
  ] as const;
  return { predictor, proposals, predictions };
};

const layers = (options: Partial<FastRCNNOutputLayersOptions> = {}): FastRCNNOutputLayers =>
  new FastRCNNOutputLayers({
    inputShape: { channels: 3 },
    box2boxTransform: new Box2BoxTransform({ weights: [1, 1, 1, 1] }),
    numClasses: 2,
    ...options,
  });

describe("FastRCNNOutputLayers", () => {
  it("finds detectron2's detections from its raw predictions", async () => {
    const { predictor, proposals, predictions } = recorded();
    const [[instances], [kept]] = await predictor.inference(predictions, proposals);
    expect([...instances.predClasses.data]).toEqual(
      [...golden.int64("0.raw_instances.pred_classes").data].map(Number),
    );
    expect(instances.predBoxes.tensor).toBeAllclose(golden.float32("0.raw_instances.pred_boxes"), {
      atol: 5e-5,
      rtol: 0,
    });
    expect(instances.scores).toBeAllclose(golden.float32("0.raw_instances.scores"), {
      atol: 1e-6,
      rtol: 0,
    });
    expect(kept.shape).toEqual([42]);
  });

  it("agrees with the probabilities and boxes it predicts for all classes", async () => {
    const { predictor, proposals, predictions } = recorded();
    const [[instances], [kept]] = await predictor.inference(predictions, proposals);
    const [probabilities] = await predictor.predictProbs(predictions, proposals);
    const [boxes] = await predictor.predictBoxes(predictions, proposals);
    expect([probabilities.shape, boxes.shape]).toEqual([
      [150, 81],
      [150, 320],
    ]);
    for (let i = 0; i < instances.length; i++) {
      const [row, label] = [kept.get(i), instances.predClasses.get(i)];
      expect(instances.scores.get(i)).toBe(probabilities.get(row, label));
      const width = boxes.get(row, 4 * label + 2);
      expect(instances.predBoxes.data[4 * i + 2]).toBe(Math.min(Math.max(width, 0), 245));
    }
  });

  it("needs one session for any number of proposals and images, none included", async () => {
    const predictor = layers().eval();
    const run = async (...counts: number[]) => {
      const total = counts.reduce((sum, count) => sum + count, 0);
      const proposals = counts.map((count) =>
        proposalsOf(new Boxes(Array.from({ length: count }, () => [0, 0, 5, 5])), [9, 9]),
      );
      const [instances] = await predictor.inference(
        predictor(tensor(new Float32Array(3 * total), { shape: [total, 3] })),
        proposals,
      );
      return instances.map(({ length }) => length);
    };
    expect(await run(2)).toEqual([2]);
    const { compilations, runs } = runtime.stats();
    expect(await run(0)).toEqual([0]);
    expect(await run(3, 0, 1)).toEqual([2, 0, 2]);
    expect(await run()).toEqual([]);
    // Where there is nothing to compute, nothing runs.
    expect(runtime.stats()).toMatchObject({ compilations, runs: runs + 1 });
  });

  it("starts small: zero biases, and checkpoint names as in detectron2", () => {
    const predictor = layers({ inputShape: { channels: 4, height: 2, width: 2 } });
    const shapes = [...predictor.stateDict()].map(([name, { shape }]) => [name, [...shape]]);
    expect(Object.fromEntries(shapes)).toEqual({
      "cls_score.weight": [3, 16],
      "cls_score.bias": [3],
      "bbox_pred.weight": [8, 16],
      "bbox_pred.bias": [8],
    });
    expect([...predictor.clsScore.bias!.dataSync()]).toEqual([0, 0, 0]);
    expect(layers({ clsAgnosticBboxReg: true }).bboxPred.outFeatures).toBe(4);
  });

  it("averages the class loss over all proposals and divides the box loss by their number", async () => {
    const proposals = [
      new Instances([50, 50], {
        proposalBoxes: new Boxes([
          [0, 0, 10, 10],
          [0, 0, 10, 10],
        ]),
        gtClasses: Int32Array.of(1, 2),
        gtBoxes: new Boxes([
          [1, 0, 11, 10],
          [0, 0, 1, 1],
        ]),
      }),
      new Instances([50, 50], {
        proposalBoxes: new Boxes([[0, 0, 9, 9]]),
        gtClasses: Int32Array.of(2),
      }),
    ];
    const scores = zeros([3, 3]);
    const deltas = tensor(
      Float32Array.from({ length: 24 }, (_, i) => (i === 4 ? 0.5 : 0)),
      {
        shape: [3, 8],
      },
    );
    const predictor = layers({ lossWeight: { loss_box_reg: 3 } });
    const losses = predictor.losses([scores, deltas], proposals);
    expect(Object.keys(losses)).toEqual(["loss_cls", "loss_box_reg"]);
    expect(await losses.loss_cls.item()).toBeCloseTo(Math.log(3), 6);
    // Only the first is foreground: its dx should be 0.1 and is 0.5.
    expect(await losses.loss_box_reg.item()).toBeCloseTo((3 * 0.4) / 3, 6);
  });

  it("decides each class on its own, by a sigmoid, when asked to", async () => {
    const boxes = new Boxes([
      [0, 0, 10, 10],
      [0, 0, 10, 10],
    ]);
    const proposals = new Instances([50, 50], {
      proposalBoxes: boxes,
      gtClasses: Int32Array.of(1, 2),
      gtBoxes: boxes,
    });
    const cfg = getCfg();
    cfg.mergeFromList(["MODEL.ROI_BOX_HEAD.USE_SIGMOID_CE", true]);
    cfg.mergeFromList(["MODEL.ROI_HEADS.NUM_CLASSES", 2]);
    const predictor = configure(FastRCNNOutputLayers, [cfg, { channels: 3 }]);
    // The last column is background's; it counts for nothing.
    const scores = tensor([
      [0.5, -1, 7],
      [2, 0, -7],
    ]);
    const { loss_cls: loss } = predictor.losses([scores, zeros([2, 8])], [proposals]);
    const softplus = (x: number) => Math.log(1 + Math.exp(x));
    const exact = (softplus(0.5) + softplus(1) + softplus(2) + softplus(0)) / 2;
    expect(await loss.item()).toBeCloseTo(exact, 6);

    const [probabilities] = await predictor.predictProbs(
      [scores, zeros([2, 8])],
      [proposalsOf(boxes, [50, 50])],
    );
    expect(probabilities.get(0, 0)).toBeCloseTo(1 / (1 + Math.exp(-0.5)), 6);
    expect(probabilities.get(1, 1)).toBeCloseTo(0.5, 6);
    const none = predictor.losses(
      [zeros([0, 3]), zeros([0, 8])],
      [
        new Instances([50, 50], {
          proposalBoxes: new Boxes([]),
          gtClasses: new Int32Array(0),
        }),
      ],
    );
    expect(await none.loss_cls.item()).toBe(0);
  });

  it("has zero losses without proposals", async () => {
    const none = new Instances([50, 50], {
      proposalBoxes: new Boxes([]),
      gtClasses: new Int32Array(0),
    });
    const losses = layers().losses([zeros([0, 3]), zeros([0, 8])], [none]);
    expect(await losses.loss_cls.item()).toBe(0);
    expect(await losses.loss_box_reg.item()).toBe(0);
  });

  it("refuses predictions for another number of proposals, losses it does not have, and weights that aren't four", async () => {
    const proposals = [proposalsOf(new Boxes([[0, 0, 5, 5]]), [9, 9])];
    await expect(layers().inference([zeros([2, 3]), zeros([2, 8])], proposals)).rejects.toThrow(
      CountMismatchError,
    );
    for (const override of [
      ["MODEL.ROI_BOX_HEAD.BBOX_REG_LOSS_TYPE", "l3"],
      ["MODEL.ROI_BOX_HEAD.USE_FED_LOSS", true],
      ["MODEL.ROI_BOX_HEAD.BBOX_REG_WEIGHTS", [10, 10, 5]],
      ["MODEL.ROI_BOX_HEAD.BBOX_REG_WEIGHTS", [10, 10, 5, 5, 1]],
    ]) {
      const cfg = getCfg();
      cfg.mergeFromList(override);
      expect(() => configure(FastRCNNOutputLayers, [cfg, { channels: 3 }])).toThrow(OptionError);
    }
  });
});
