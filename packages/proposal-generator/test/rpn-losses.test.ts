import { DefaultAnchorGenerator } from "@detectron-ts/anchor-generator";
import { Box2BoxTransform } from "@detectron-ts/box-regression";
import { Boxes } from "@detectron-ts/structures";
import { enableGrad, grad, Parameter } from "@detectron-ts/tensor";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import { rpnLosses, type RPNLossesOptions } from "../src/index.ts";

const grids = [
  [2, 3],
  [1, 2],
] as const;
const anchors = new DefaultAnchorGenerator({
  sizes: [[8], [16]],
  aspectRatios: [[0.5, 1]],
  strides: [4, 8],
}).forward(grids);
const numAnchors = Boxes.cat(anchors).length;
const transform = new Box2BoxTransform({ weights: [1, 1, 1, 1] });
/** Numbers that do not repeat, between -1 and 1. */
const waves = (count: number, phase: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(phase + 1.7 * i));
const predict = (planes: number, phase: number) =>
  grids.map(([h, w], l) => new Parameter(waves(2 * planes * h * w, phase + l), [2, planes, h, w]));
const gtBoxes = [0, 1].map((image) =>
  ndarray(
    Float32Array.from(Boxes.cat(anchors).data, (x, i) => x + (i % 4 < 2 ? 0 : 3) + image),
    [numAnchors, 4],
  ),
);
const gtLabels = [0, 1].map((image) =>
  Int8Array.from({ length: numAnchors }, (_, i) => ((i + image) % 3) - 1),
);

/** The prediction for an anchor, out of N×C×H×W tensors: channel `channel` of those of this anchor. */
function at(tensors: readonly Parameter[], image: number, anchor: number, channel: number): number {
  let first = 0;
  for (const [l, [h, w]] of grids.entries()) {
    const number = anchor - first;
    if (number < 2 * h * w) {
      const planes = tensors[l].shape[1];
      const plane = (number % 2) * (planes / 2) + channel;
      const location = Math.floor(number / 2);
      return Number(tensors[l].dataSync()[(image * planes + plane) * h * w + location]);
    }
    first += 2 * h * w;
  }
  throw new RangeError(`no anchor ${anchor}`);
}

function example(): RPNLossesOptions & { logits: Parameter[]; deltas: Parameter[] } {
  const logits = predict(2, 0);
  const deltas = predict(8, 5);
  return {
    logits,
    deltas,
    anchors,
    predObjectnessLogits: logits,
    predAnchorDeltas: deltas,
    gtLabels,
    gtBoxes,
    box2boxTransform: transform,
    batchSizePerImage: 16,
    boxRegLossType: "smooth_l1",
    smoothL1Beta: 0,
  };
}

describe("rpnLosses", () => {
  it("sums over what was sampled and divides by what was asked for", async () => {
    const options = example();
    let objectness = 0;
    let localization = 0;
    for (const image of [0, 1]) {
      const targets = transform.getDeltas(Boxes.cat(anchors).tensor, gtBoxes[image]);
      for (let anchor = 0; anchor < numAnchors; anchor++) {
        const label = gtLabels[image][anchor];
        if (label === -1) continue;
        const logit = at(options.logits, image, anchor, 0);
        objectness += Math.log(1 + Math.exp(-logit)) + (1 - label) * logit;
        if (label === 0) continue;
        for (let i = 0; i < 4; i++) {
          const delta = at(options.deltas, image, anchor, i);
          localization += Math.abs(delta - targets.get(anchor, i));
        }
      }
    }
    const losses = rpnLosses(options);
    expect(await losses.loss_rpn_cls.item()).toBeCloseTo(objectness / 32, 5);
    expect(await losses.loss_rpn_loc.item()).toBeCloseTo(localization / 32, 5);
  });

  it("reaches the logits of sampled anchors and the deltas of positive ones, and no others", async () => {
    const options = example();
    const { loss_rpn_cls: objectness, loss_rpn_loc: localization } = enableGrad(() =>
      rpnLosses(options),
    );
    const numNonzero = async (loss: typeof objectness, parameters: Parameter[]) => {
      const gradients = await Promise.all(grad(loss, parameters).map((g) => g.data()));
      return gradients.reduce((sum, g) => sum + [...g].filter((x) => Number(x) !== 0).length, 0);
    };
    const numLabels = (wanted: (label: number) => boolean) =>
      gtLabels.reduce((sum, labels) => sum + [...labels].filter(wanted).length, 0);
    expect(await numNonzero(objectness, options.logits)).toBe(numLabels((label) => label >= 0));
    expect(await numNonzero(localization, options.deltas)).toBe(
      4 * numLabels((label) => label === 1),
    );
  });

  it("compares decoded boxes when asked for an overlap loss", async () => {
    const options: RPNLossesOptions = {
      ...example(),
      boxRegLossType: "giou",
      gtLabels: [new Int8Array(numAnchors).fill(1), new Int8Array(numAnchors).fill(1)],
      gtBoxes: [Boxes.cat(anchors).tensor, Boxes.cat(anchors).tensor],
    };
    const zero = grids.map(([h, w]) => new Parameter(new Float32Array(16 * h * w), [2, 8, h, w]));
    const perfect = rpnLosses({ ...options, predAnchorDeltas: zero });
    expect(await perfect.loss_rpn_loc.item()).toBeCloseTo(0, 4);
    expect(await rpnLosses(options).loss_rpn_loc.item()).toBeGreaterThan(0.1);
  });

  it("is zero, and still differentiable, where nothing was sampled", async () => {
    const options = example();
    const none = gtLabels.map((labels) => new Int8Array(labels.length).fill(-1));
    const losses = enableGrad(() => rpnLosses({ ...options, gtLabels: none }));
    expect(await losses.loss_rpn_cls.item()).toBe(0);
    expect(await losses.loss_rpn_loc.item()).toBe(0);
    const [gradient] = grad(losses.loss_rpn_cls.add(losses.loss_rpn_loc), [options.deltas[0]]);
    expect([...(await gradient.data())].every((x) => x === 0)).toBe(true);
  });
});
