import { configure, getCfg } from "@detectron-ts/config";
import { Box2BoxTransform } from "@detectron-ts/box-regression";
import { OptionError } from "@detectron-ts/layers";
import { Generator } from "@detectron-ts/nn";
import "@detectron-ts/runtime";
import { Boxes, Instances } from "@detectron-ts/structures";
import { zeros } from "@detectron-ts/tensor";
import { describe, expect, it } from "vitest";

import {
  FastRCNNOutputLayers,
  sampleFedLossClasses,
  setFedLossClsWeightsSource,
  type FastRCNNOutputLayersOptions,
} from "../src/index.ts";

const NUM_CLASSES = 5;
const draw = (gtClasses: number[], count: number, weights: number[], seed = 1): number[] => [
  ...sampleFedLossClasses(Int32Array.from(gtClasses), count, weights, new Generator(seed)),
];

describe("sampleFedLossClasses", () => {
  it("takes the proposals' classes, background among them, and fills up with others", () => {
    const classes = draw([3, 5, 3, 1], 4, [1, 1, 1, 1, 1]);
    expect(classes.slice(0, 3)).toEqual([1, 3, 5]);
    expect(classes).toHaveLength(4);
    expect([0, 2, 4]).toContain(classes[3]);
  });

  it("takes no others where the proposals have enough classes, and leaves ignored ones out", () => {
    expect(draw([0, -1, 1, 2], 2, [1, 1, 1, 1, 1])).toEqual([0, 1, 2]);
    expect(draw([], 0, [1, 1, 1, 1, 1])).toEqual([]);
  });

  it("never draws a class without weight, even if there are too few others", () => {
    expect(draw([0], 5, [1, 0, 3, 0, 1]).sort()).toEqual([0, 2, 4]);
  });

  it("draws classes as often as their weights say", () => {
    const counts = [0, 0, 0];
    const generator = new Generator(7);
    for (let i = 0; i < 3000; i++) {
      const [drawn] = sampleFedLossClasses(new Int32Array(0), 1, [1, 2, 3], generator);
      counts[drawn] += 1;
    }
    // Expected 500, 1000 and 1500, with deviations of 20 to 27.
    expect(counts[0] / 3000).toBeCloseTo(1 / 6, 1);
    expect(counts[1] / 3000).toBeCloseTo(2 / 6, 1);
    expect(counts[2] / 3000).toBeCloseTo(3 / 6, 1);
  });

  it("repeats itself with an equal generator", () => {
    const weights = [1, 1, 1, 1, 1];
    expect(draw([], 3, weights, 4)).toEqual(draw([], 3, weights, 4));
  });
});

describe("FastRCNNOutputLayers with a federated loss", () => {
  const options: FastRCNNOutputLayersOptions = {
    inputShape: { channels: 3 },
    box2boxTransform: new Box2BoxTransform({ weights: [10, 10, 5, 5] }),
    numClasses: NUM_CLASSES,
    useSigmoidCe: true,
    useFedLoss: true,
    getFedLossClsWeights: () => [1, 1, 1, 1, 1],
    fedLossNumClasses: 3,
  };
  const proposals = [
    new Instances([9, 9], {
      proposalBoxes: new Boxes([
        [0, 0, 5, 5],
        [1, 1, 6, 6],
      ]),
      gtClasses: Int32Array.of(2, NUM_CLASSES),
    }),
  ];

  it("sums over the classes that take part only", async () => {
    const layers = new FastRCNNOutputLayers(options);
    const predictions = [zeros([2, 6]), zeros([2, 20])] as const;
    // Two proposals whose classes, with background, are two of three: one is drawn. All probabilities are a half.
    const { loss_cls } = layers.losses(predictions, proposals);
    expect(await loss_cls.item()).toBeCloseTo(2 * Math.LN2, 6);

    const ofAll = new FastRCNNOutputLayers({ ...options, useFedLoss: false });
    expect(await ofAll.losses(predictions, proposals).loss_cls.item()).toBeCloseTo(5 * Math.LN2, 6);
  });

  it("keeps its weights in checkpoints, under detectron2's name", () => {
    const state = new FastRCNNOutputLayers(options).stateDict();
    expect(state.get("fed_loss_cls_weights")?.shape).toEqual([NUM_CLASSES]);
    const without = new FastRCNNOutputLayers({ ...options, useFedLoss: false });
    expect([...without.stateDict().keys()].join()).not.toContain("fed_loss");
    expect(() => without.getFedLossClasses(Int32Array.of(1))).toThrow(OptionError);
  });

  it("needs sigmoids and a weight for each class", () => {
    for (const override of [
      { useSigmoidCe: false },
      { getFedLossClsWeights: undefined },
      { getFedLossClsWeights: () => [1, 2] },
    ]) {
      expect(() => new FastRCNNOutputLayers({ ...options, ...override })).toThrow(OptionError);
    }
  });

  it("takes the weights of the training sets where a config asks for it", () => {
    const cfg = getCfg();
    cfg.MODEL.ROI_HEADS.NUM_CLASSES = NUM_CLASSES;
    cfg.MODEL.ROI_BOX_HEAD.USE_SIGMOID_CE = true;
    cfg.MODEL.ROI_BOX_HEAD.USE_FED_LOSS = true;
    cfg.DATASETS.TRAIN = ["a", "b"];
    const build = () => configure(FastRCNNOutputLayers, [cfg, { channels: 3 }]);
    expect(build).toThrow(/setFedLossClsWeightsSource/);

    const asked: unknown[] = [];
    setFedLossClsWeightsSource((...args) => {
      asked.push(args);
      return [1, 2, 3, 4, 5];
    });
    const layers = build();
    expect(asked).toEqual([[["a", "b"], 0.5]]);
    expect([...layers.fedLossClsWeights!.dataSync()]).toEqual([1, 2, 3, 4, 5]);
    expect(layers.fedLossNumClasses).toBe(50);
  });
});
