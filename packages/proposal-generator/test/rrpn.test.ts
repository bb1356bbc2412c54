import "@detectron-ts/runtime";
import { RotatedAnchorGenerator } from "@detectron-ts/anchor-generator";
import { Box2BoxTransform, Box2BoxTransformRotated } from "@detectron-ts/box-regression";
import { getCfg } from "@detectron-ts/config";
import { batchedNmsRotated, OptionError } from "@detectron-ts/layers";
import { Matcher } from "@detectron-ts/matcher";
import {
  BoxKindError,
  Boxes,
  ImageList,
  Instances,
  pairwiseIouRotated,
  RotatedBoxes,
} from "@detectron-ts/structures";
import { tensor, zeros } from "@detectron-ts/tensor";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import {
  buildProposalGenerator,
  findTopRpnProposals,
  labelAndSampleAnchors,
  RPN,
  RRPN,
} from "../src/index.ts";

function rotatedCfg() {
  const cfg = getCfg();
  cfg.MODEL.PROPOSAL_GENERATOR.NAME = "RRPN";
  cfg.MODEL.ANCHOR_GENERATOR.NAME = "RotatedAnchorGenerator";
  cfg.MODEL.ANCHOR_GENERATOR.SIZES = [[16]];
  cfg.MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS = [[0.5]];
  cfg.MODEL.ANCHOR_GENERATOR.ANGLES = [[-45, 0, 45]];
  cfg.mergeFromList(["MODEL.RPN.BBOX_REG_WEIGHTS", "(1, 1, 1, 1, 1)"]);
  return cfg;
}

const shapes = { res4: { channels: 8, stride: 16 } };
const generator = new RotatedAnchorGenerator({
  sizes: [16],
  aspectRatios: [0.5],
  angles: [-45, 0, 45],
  strides: [16],
});
const plain = new Box2BoxTransformRotated({ weights: [1, 1, 1, 1, 1] });

describe("RRPN", () => {
  it("is what a config names, with heads for five deltas", () => {
    const rrpn = buildProposalGenerator(rotatedCfg(), shapes);
    expect(rrpn).toBeInstanceOf(RRPN);
    const shapesByName = [...rrpn!.namedParameters()].map(([name, { shape }]) => [name, shape]);
    expect(Object.fromEntries(shapesByName)).toMatchObject({
      "rpn_head.objectness_logits.weight": [3, 8, 1, 1],
      "rpn_head.anchor_deltas.weight": [15, 8, 1, 1],
    });
  });

  it("trains and proposes rotated boxes, in an image without objects too", async () => {
    const cfg = rotatedCfg();
    cfg.MODEL.RPN.POST_NMS_TOPK_TRAIN = 7;
    const rrpn = buildProposalGenerator(cfg, shapes)!.train();
    const images = new ImageList(zeros([2, 3, 64, 64]), [[64, 64], [50, 64]]); // prettier-ignore
    const res4 = tensor(
      Float32Array.from({ length: 256 }, (_, i) => Math.sin(i)),
      {
        shape: [2, 8, 4, 4],
      },
    );
    const gt = [[[30, 20, 22, 12, 40]], []].map((boxes, i) => {
      return new Instances(images.imageSizes[i], { gtBoxes: new RotatedBoxes(boxes) });
    });
    const [proposals, losses] = await rrpn(images, { res4 }, gt);
    expect(Object.keys(losses)).toEqual(["loss_rpn_cls", "loss_rpn_loc"]);
    for (const loss of Object.values(losses)) expect(await loss.item()).toBeGreaterThan(0);
    for (const { proposalBoxes } of proposals) {
      expect(proposalBoxes).toBeInstanceOf(RotatedBoxes);
      expect(proposalBoxes).toHaveLength(7);
    }
  });

  it("refuses weights of four numbers, a boundary threshold and upright anchors", () => {
    const four = rotatedCfg();
    four.MODEL.RPN.BBOX_REG_WEIGHTS = getCfg().MODEL.RPN.BBOX_REG_WEIGHTS;
    expect(() => buildProposalGenerator(four, shapes)).toThrow(OptionError);
    const boundary = rotatedCfg();
    boundary.MODEL.RPN.BOUNDARY_THRESH = 0;
    expect(() => buildProposalGenerator(boundary, shapes)).toThrow(OptionError);
    const upright = RPN.fromConfig(getCfg(), { res4: { channels: 8, stride: 16 } });
    expect(() => new RRPN(upright)).toThrow(OptionError);
    const box2boxTransform = new Box2BoxTransform({ weights: [1, 1, 1, 1] });
    expect(() => new RRPN({ ...upright, anchorGenerator: generator, box2boxTransform })).toThrow(
      OptionError,
    );
  });
});

describe("proposals from rotated anchors", () => {
  const [anchors] = generator.forward([[2, 2]]);
  const shape = [1, 3, 2, 2];
  /** Of anchor a at location l, the logit is that of number 3l + a. */
  const logits = ndarray(
    Float32Array.from({ length: 12 }, (_, i) => -((i % 4) * 3 + Math.floor(i / 4))),
    shape,
  );
  const find = (deltas: Float32Array, nmsThresh: number, training = false) =>
    findTopRpnProposals({
      predObjectnessLogits: [logits],
      predAnchorDeltas: [ndarray(deltas, [1, 15, 2, 2])],
      anchors: [anchors],
      box2boxTransform: plain,
      imageSizes: [[32, 32]],
      nmsThresh,
      preNmsTopk: 100,
      postNmsTopk: 100,
      minBoxSize: 0,
      training,
    })[0];

  it("are the anchors themselves without deltas, the upright ones clipped", () => {
    const { proposalBoxes } = find(new Float32Array(60), 1.1);
    const clipped = anchors.clone();
    clipped.clip([32, 32]);
    expect(proposalBoxes).toEqual(clipped);
    expect(proposalBoxes.data.slice(5, 10)).not.toEqual(anchors.data.slice(5, 10));
  });

  it("are suppressed by the overlap of rotated boxes", () => {
    const all = find(new Float32Array(60), 1.1);
    const kept = find(new Float32Array(60), 0.2);
    const groups = ndarray(new Int32Array(12));
    const rows = batchedNmsRotated(all.proposalBoxes.tensor, all.objectnessLogits, groups, 0.2);
    expect(rows.size).toBeLessThan(12);
    expect(kept.proposalBoxes).toEqual(all.proposalBoxes.select(rows));
  });

  it("pass over predictions that are not finite", () => {
    const deltas = new Float32Array(60);
    // The angle of the first anchor at the second location.
    deltas[4 * 4 + 1] = NaN;
    expect(find(deltas, 1.1)).toHaveLength(11);
    expect(() => find(deltas, 1.1, true)).toThrow("diverged");
  });
});

describe("labels of rotated anchors", () => {
  const [anchors] = generator.forward([[2, 2]]);
  const options = {
    anchorMatcher: new Matcher({
      thresholds: [0.3, 0.6],
      labels: [0, -1, 1],
      allowLowQualityMatches: true,
    }),
    batchSizePerImage: 100,
    positiveFraction: 1,
    anchorBoundaryThresh: -1,
  };
  const instances = (gtBoxes: Boxes) => new Instances([32, 32], { gtBoxes });

  it("go by the overlap of rotated boxes", () => {
    const gtBoxes = new RotatedBoxes([[8, 8, 22, 12, 45]]);
    const { gtLabels, gtBoxes: matched } = labelAndSampleAnchors(
      [anchors],
      [instances(gtBoxes)],
      options,
    );
    const overlaps = pairwiseIouRotated(gtBoxes, anchors).data;
    const expected = Array.from(overlaps, (iou) => (iou < 0.3 ? 0 : iou < 0.6 ? -1 : 1));
    expect([...gtLabels[0]]).toEqual(expected);
    expect(expected).toContain(1);
    expect(matched[0].shape).toEqual([12, 5]);
  });

  it("are background without ground truth", () => {
    const { gtLabels, gtBoxes } = labelAndSampleAnchors(
      [anchors],
      [instances(new RotatedBoxes([]))],
      options,
    );
    expect([...gtLabels[0]]).toEqual(new Array(12).fill(0));
    expect(gtBoxes[0]).toEqual(ndarray(new Float32Array(60), [12, 5]));
  });

  it("refuse upright ground truth", () => {
    expect(() =>
      labelAndSampleAnchors([anchors], [instances(new Boxes([[0, 0, 4, 4]]))], options),
    ).toThrow(BoxKindError);
  });
});
