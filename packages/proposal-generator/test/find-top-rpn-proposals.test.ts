import { DefaultAnchorGenerator } from "@detectron-ts/anchor-generator";
import { Box2BoxTransform } from "@detectron-ts/box-regression";
import { Boxes, StructureShapeError } from "@detectron-ts/structures";
import { loadGolden } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import {
  findTopRpnProposals,
  NonFiniteProposalError,
  type FindTopRpnProposalsOptions,
} from "../src/index.ts";

// Predictions and proposals of detectron2's Mask R-CNN R50-FPN for one image of 184×245, at sizes given by its config.
const golden = loadGolden(new URL("./golden/rpn-mask-rcnn-r50-fpn", import.meta.url));
const LEVELS = [0, 1, 2, 3, 4];
const array = (name: string) => {
  const { data, shape } = golden.float32(name);
  return ndarray(data, [...shape]);
};
const recorded: FindTopRpnProposalsOptions = {
  predObjectnessLogits: LEVELS.map((l) => array(`rpn_head.${l}.objectness_logits`)),
  predAnchorDeltas: LEVELS.map((l) => array(`rpn_head.${l}.anchor_deltas`)),
  anchors: new DefaultAnchorGenerator({
    sizes: [[32], [64], [128], [256], [512]],
    aspectRatios: [[0.5, 1, 2]],
    strides: [4, 8, 16, 32, 64],
    offset: 0,
  }).forward(LEVELS.map((l) => array(`rpn_head.${l}.objectness_logits`))),
  box2boxTransform: new Box2BoxTransform({ weights: [1, 1, 1, 1] }),
  imageSizes: [[184, 245]],
  nmsThresh: 0.7,
  preNmsTopk: 150,
  postNmsTopk: 150,
  minBoxSize: 0,
  training: false,
};

/** One level, one anchor of 10×10 at each location; deltas zero unless given. */
function level(
  anchors: number[][],
  logits: number[],
  deltas: Float32Array = new Float32Array(4 * anchors.length),
) {
  const count = anchors.length;
  return {
    anchors: [new Boxes(anchors)],
    predObjectnessLogits: [ndarray(Float32Array.from(logits), [1, 1, 1, count])],
    predAnchorDeltas: [ndarray(deltas, [1, 4, 1, count])],
  };
}
const small = { ...recorded, imageSizes: [[100, 200]] as const };
const apart = [
  [0, 0, 10, 10],
  [20, 20, 30, 30],
  [40, 40, 50, 50],
];

describe("findTopRpnProposals", () => {
  it("finds the proposals that detectron2 finds, in its order", () => {
    const [proposals] = findTopRpnProposals(recorded);
    // Logits are copied, so they say which anchors were chosen; boxes may differ by one unit in the last
    // place, where exp rounds the other way.
    const exactly = { atol: 0, rtol: 0 };
    expect(proposals.objectnessLogits).toBeAllclose(
      golden.float32("0.proposals.objectness_logits"),
      exactly,
    );
    expect(proposals.proposalBoxes.tensor).toBeAllclose(
      golden.float32("0.proposals.proposal_boxes"),
      { atol: 2e-5, rtol: 0 },
    );
  });

  it("gives each image of a batch what it would get alone", () => {
    const twice = (name: string) => {
      const { data, shape } = golden.float32(name);
      const both = new Float32Array(2 * data.length);
      both.set(data);
      both.set(data, data.length);
      return ndarray(both, [2, ...shape.slice(1)]);
    };
    const [first, second] = findTopRpnProposals({
      ...recorded,
      predObjectnessLogits: LEVELS.map((l) => twice(`rpn_head.${l}.objectness_logits`)),
      predAnchorDeltas: LEVELS.map((l) => twice(`rpn_head.${l}.anchor_deltas`)),
      imageSizes: [
        [184, 245],
        [100, 120],
      ],
    });
    const [alone] = findTopRpnProposals(recorded);
    const [smaller] = findTopRpnProposals({ ...recorded, imageSizes: [[100, 120]] });
    expect(first.proposalBoxes.data).toEqual(alone.proposalBoxes.data);
    expect(second.proposalBoxes.data).toEqual(smaller.proposalBoxes.data);
    expect(second.imageSize).toEqual([100, 120]);
  });

  it("orders proposals by decreasing logit and keeps the first", () => {
    const [proposals] = findTopRpnProposals({
      ...small,
      ...level(apart, [-1, 3, 2]),
      postNmsTopk: 2,
    });
    expect([...proposals.objectnessLogits.data]).toEqual([3, 2]);
    expect([...proposals.proposalBoxes.data]).toEqual([...apart[1], ...apart[2]]);
    expect(Object.keys(proposals.fields())).toEqual(["proposalBoxes", "objectnessLogits"]);
  });

  it("suppresses overlapping boxes within a level but not between levels", () => {
    const one = level([apart[0]], [1]);
    const both = level([apart[0], [0, 0, 10, 9]], [1, 2]);
    const [within] = findTopRpnProposals({ ...small, ...both });
    expect([...within.objectnessLogits.data]).toEqual([2]);
    const [between] = findTopRpnProposals({
      ...small,
      anchors: [...one.anchors, ...one.anchors],
      predObjectnessLogits: [...one.predObjectnessLogits, ...one.predObjectnessLogits],
      predAnchorDeltas: [...one.predAnchorDeltas, ...one.predAnchorDeltas],
    });
    expect(between).toHaveLength(2);
  });

  it("clips boxes to the image and drops those not longer than the least size", () => {
    const anchors = [
      [-5, -5, 5, 5],
      [-20, 0, -10, 10],
      [10, 10, 18, 30],
    ];
    const [all] = findTopRpnProposals({ ...small, ...level(anchors, [3, 2, 1]) });
    expect([...all.proposalBoxes.data]).toEqual([0, 0, 5, 5, 10, 10, 18, 30]);
    const [large] = findTopRpnProposals({
      ...small,
      ...level(anchors, [3, 2, 1]),
      minBoxSize: 5,
    });
    expect([...large.proposalBoxes.data]).toEqual([10, 10, 18, 30]);
  });

  it("proposes nothing where no box is left", () => {
    const outside = level([[-20, -20, -10, -10]], [5]);
    const [proposals] = findTopRpnProposals({ ...small, ...outside });
    expect(proposals).toHaveLength(0);
    expect(proposals.proposalBoxes.tensor.shape).toEqual([0, 4]);
    expect(proposals.objectnessLogits.shape).toEqual([0]);
  });

  it("takes no images, and feature maps without locations", () => {
    const none = {
      anchors: [new Boxes([])],
      predObjectnessLogits: [ndarray(new Float32Array(0), [1, 3, 0, 4])],
      predAnchorDeltas: [ndarray(new Float32Array(0), [1, 12, 0, 4])],
    };
    expect(findTopRpnProposals({ ...small, ...none })[0]).toHaveLength(0);
    const noImages = {
      ...none,
      predObjectnessLogits: [ndarray(new Float32Array(0), [0, 3, 0, 4])],
      predAnchorDeltas: [ndarray(new Float32Array(0), [0, 12, 0, 4])],
    };
    expect(findTopRpnProposals({ ...small, ...noImages, imageSizes: [] })).toEqual([]);
  });

  it("passes over infinite and NaN predictions at inference and throws in training", () => {
    const deltas = new Float32Array(12);
    deltas[1] = NaN; // dx of the second anchor
    const broken = level(apart, [1, 2, Infinity], deltas);
    const [proposals] = findTopRpnProposals({ ...small, ...broken });
    expect([...proposals.objectnessLogits.data]).toEqual([1]);
    const train = () => findTopRpnProposals({ ...small, ...broken, training: true });
    expect(train).toThrow(NonFiniteProposalError);
    expect(train).toThrow(expect.objectContaining({ image: 0, count: 2 }));

    const hopeless = level(apart, [NaN, -Infinity, NaN]);
    expect(findTopRpnProposals({ ...small, ...hopeless })[0]).toHaveLength(0);
  });

  it("refuses predictions whose shapes do not fit, naming the level", () => {
    const [first] = recorded.predAnchorDeltas;
    const wrong = [first, ...recorded.predAnchorDeltas.slice(0, 4)];
    const call = (change: Partial<FindTopRpnProposalsOptions>) => () =>
      findTopRpnProposals({ ...recorded, ...change });
    expect(call({ predAnchorDeltas: wrong })).toThrow(StructureShapeError);
    expect(call({ predAnchorDeltas: wrong })).toThrow("Anchor deltas of level 1");
    expect(call({ predAnchorDeltas: wrong.slice(1) })).toThrow("Levels of anchor deltas");
    expect(call({ anchors: recorded.anchors.slice(1) })).toThrow("Levels of anchors");
    expect(call({ anchors: recorded.anchors.toReversed() })).toThrow("Anchors of level 0");
    expect(call({ imageSizes: [] })).toThrow("Logits of level 0");
  });
});
