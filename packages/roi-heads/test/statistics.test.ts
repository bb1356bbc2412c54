import { Box2BoxTransform } from "@detectron-ts/box-regression";
import { EventStorage } from "@detectron-ts/events";
import { runtime } from "@detectron-ts/runtime";
import { BitMasks, Boxes, Instances } from "@detectron-ts/structures";
import { enableGrad, Parameter, zeros } from "@detectron-ts/tensor";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import { FastRCNNOutputLayers, maskRcnnLoss, type LabeledProposalFields } from "../src/index.ts";

const predictor = new FastRCNNOutputLayers({
  inputShape: { channels: 3 },
  box2boxTransform: new Box2BoxTransform({ weights: [1, 1, 1, 1] }),
  numClasses: 2,
});

/** Proposals of these classes, each with a 4×4 mask of which the left half is set. */
function proposals(...classes: number[]): Instances<LabeledProposalFields> {
  const boxes = new Boxes(classes.map(() => [0, 0, 4, 4]));
  const masks = Uint8Array.from({ length: 16 * classes.length }, (_, i) => (i % 4 < 2 ? 1 : 0));
  return new Instances([4, 4], {
    proposalBoxes: boxes,
    gtBoxes: boxes,
    gtClasses: Int32Array.from(classes),
    gtMasks: new BitMasks(ndarray(masks, [classes.length, 4, 4])),
  });
}

/** The class loss of regions with these scores, of three classes each, the last of them background. */
function classLoss(scores: readonly number[][], ...classes: number[]) {
  const parameter = new Parameter(Float32Array.from(scores.flat()), [scores.length, 3]);
  const deltas = zeros([scores.length, 8]);
  return predictor.losses([parameter.mul(2), deltas], [proposals(...classes)]).loss_cls;
}

/** The mask loss of one region for each number, whose logits are that number in all its 4×4 pixels. */
function maskLoss(logits: readonly number[]) {
  const values = Float32Array.from({ length: 16 * logits.length }, (_, i) => logits[i >> 4]);
  const parameter = new Parameter(values, [logits.length, 1, 4, 4]);
  return maskRcnnLoss(parameter.mul(2), [proposals(...logits.map(() => 0))]);
}

const recorded = (storage: EventStorage) =>
  Object.fromEntries([...storage.latest()].map(([name, { value }]) => [name, value]));

describe("statistics of training", () => {
  it("say which classes were right, of all regions and of foreground", async () => {
    using storage = new EventStorage();
    const loss = classLoss([[3, 0, 0], [0, 0, 3], [0, 3, 0], [0, 0, 3], [3, 0, 0]], 0, 1, 0, 2, 2); // prettier-ignore
    await loss.backward();
    await storage.settle();
    expect(recorded(storage)).toEqual({
      "fast_rcnn/cls_accuracy": 2 / 5,
      "fast_rcnn/fg_cls_accuracy": 1 / 3,
      "fast_rcnn/false_negative": 1 / 3,
    });
  });

  it("have nothing to say of foreground where there is none, nor of anything without regions", async () => {
    using storage = new EventStorage();
    const none = classLoss([]);
    const background = classLoss([[0, 0, 3]], 2);
    await background.add(none).backward();
    await storage.settle();
    expect(recorded(storage)).toEqual({ "fast_rcnn/cls_accuracy": 1 });
  });

  it("say which pixels of masks were right, of the object's and of others", async () => {
    using storage = new EventStorage();
    await maskLoss([3, -1, 2]).backward();
    await storage.settle();
    expect(recorded(storage)).toEqual({
      "mask_rcnn/accuracy": 0.5,
      "mask_rcnn/false_positive": 2 / 3,
      "mask_rcnn/false_negative": 1 / 3,
    });
    using empty = new EventStorage();
    await maskLoss([]).backward();
    await empty.settle();
    expect(recorded(empty)).toEqual({});
  });

  it("come out of the sessions that compute the losses, whatever the number of regions", async () => {
    const step = async (numRegions: number) => {
      const classes = Array.from({ length: numRegions }, (_, i) => i % 2);
      const scores = classes.map((label) => [label, 0, 1]);
      const total = enableGrad(() => classLoss(scores, ...classes).add(maskLoss(classes)));
      runtime.resetStats();
      await total.backward();
      return runtime.stats();
    };
    const { runs } = await step(2);
    using storage = new EventStorage();
    const first = await step(2);
    await storage.settle();
    expect(runtime.stats().runs).toBe(first.runs);
    expect(first.runs).toBe(runs);
    for (const numRegions of [3, 1]) {
      expect((await step(numRegions)).compilations).toBe(0);
      await storage.settle();
    }
    expect(storage.history("fast_rcnn/cls_accuracy").length).toBe(3);
  });

  it("are left out where the loss was never computed", async () => {
    using storage = new EventStorage();
    maskLoss([3]);
    await classLoss([[0, 0, 3]], 2).backward();
    await storage.settle();
    expect(recorded(storage)).toEqual({ "fast_rcnn/cls_accuracy": 1 });
  });
});
