import { DefaultAnchorGenerator } from "@detectron-ts/anchor-generator";
import { Box2BoxTransform } from "@detectron-ts/box-regression";
import { getCfg, NotRegisteredError } from "@detectron-ts/config";
import { EventStorage } from "@detectron-ts/events";
import { OptionError } from "@detectron-ts/layers";
import { Matcher, MatcherOptionsError } from "@detectron-ts/matcher";
import { Conv2d, Generator } from "@detectron-ts/nn";
import { runtime } from "@detectron-ts/runtime";
import { Boxes, ImageList, Instances, LengthMismatchError } from "@detectron-ts/structures";
import { full, ones, tensor, zeros, type Tensor } from "@detectron-ts/tensor";
import { goldenRoot, goldenTensors, loadGolden } from "@detectron-ts/testing";
import { describe, expect, it } from "vitest";

import {
  buildProposalGenerator,
  MissingFeatureError,
  NonFiniteProposalError,
  PROPOSAL_GENERATOR_REGISTRY,
  RPN,
  StandardRPNHead,
  type RPNOptions,
} from "../src/index.ts";

const options = (): RPNOptions => ({
  inFeatures: ["p2", "p3"],
  head: new StandardRPNHead({ inChannels: 4, numAnchors: 2 }),
  anchorGenerator: new DefaultAnchorGenerator({
    sizes: [[8], [16]],
    aspectRatios: [[0.5, 1]],
    strides: [4, 8],
  }),
  anchorMatcher: new Matcher({
    thresholds: [0.3, 0.7],
    labels: [0, -1, 1],
    allowLowQualityMatches: true,
  }),
  box2boxTransform: new Box2BoxTransform({ weights: [1, 1, 1, 1] }),
  batchSizePerImage: 16,
  positiveFraction: 0.5,
  preNmsTopk: { train: 30, test: 20 },
  postNmsTopk: { train: 12, test: 5 },
  generator: new Generator(3),
});
const waves = (shape: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1.3 * i)),
    { shape },
  );
const images = new ImageList(zeros([2, 3, 32, 40]), [
  [32, 40],
  [24, 32],
]);
const features = () => ({ p2: waves([2, 4, 8, 10]), p3: waves([2, 4, 4, 5]) });
const gtInstances = images.imageSizes.map(
  (imageSize) => new Instances(imageSize, { gtBoxes: new Boxes([[4, 4, 14, 13]]) }),
);

describe("RPN", () => {
  it("names its parameters as detectron2's checkpoints do", () => {
    expect([...new RPN(options()).namedParameters().keys()]).toEqual([
      "rpn_head.conv.weight",
      "rpn_head.conv.bias",
      "rpn_head.objectness_logits.weight",
      "rpn_head.objectness_logits.bias",
      "rpn_head.anchor_deltas.weight",
      "rpn_head.anchor_deltas.bias",
    ]);
  });

  it("proposes boxes inside each image, the most likely first, and no losses at inference", async () => {
    const rpn = new RPN(options()).eval();
    const [proposals, losses] = await rpn(images, features());
    expect(losses).toEqual({});
    expect(proposals.map(({ imageSize }) => imageSize)).toEqual(images.imageSizes);
    for (const { imageSize, proposalBoxes, objectnessLogits } of proposals) {
      expect(proposalBoxes).toHaveLength(5);
      expect([...proposalBoxes.nonempty()]).toEqual([1, 1, 1, 1, 1]);
      const clipped = proposalBoxes.clone();
      clipped.clip(imageSize);
      expect(clipped.data).toEqual(proposalBoxes.data);
      const logits = [...objectnessLogits.data];
      expect(logits).toEqual(logits.toSorted((a, b) => b - a));
    }
  });

  it("computes features and predictions in a single session, and keeps both", async () => {
    const rpn = new RPN(options()).eval();
    const stem = new Conv2d({ inChannels: 3, outChannels: 4, kernelSize: 4, stride: 4 }).eval();
    const p2 = stem(ones([2, 3, 32, 40]));
    const p3 = p2.slice(2, 0, 8, 2).slice(3, 0, 10, 2);
    const { runs } = runtime.stats();
    await rpn(images, { p2, p3 });
    expect(runtime.stats().runs).toBe(runs + 1);
    expect([p2.realized, p3.realized]).toEqual([true, true]);
  });

  it("compiles nothing for images of other sizes", async () => {
    const rpn = new RPN(options()).eval();
    const sizes = [6, 7, 12, 9];
    const compilations: number[] = [];
    for (const side of sizes) {
      const ofSize = new ImageList(zeros([1, 3, 4 * side, 4 * side]), [[4 * side, 4 * side]]);
      const p2 = waves([1, 4, side, side]).mul(2);
      await rpn(ofSize, { p2, p3: p2.slice(2, 0, side, 2).slice(3, 0, side, 2) });
      compilations.push(runtime.stats().compilations);
    }
    expect(compilations).toEqual(sizes.map(() => compilations[0]));
  });

  it("gives weighted, differentiable losses in training, and the proposals of training", async () => {
    const rpn = new RPN({ ...options(), lossWeight: { loss_rpn_loc: 2 } });
    const [proposals, losses] = await rpn(images, features(), gtInstances);
    expect(proposals.map(({ length }) => length)).toEqual([12, 12]);
    expect(Object.keys(losses)).toEqual(["loss_rpn_cls", "loss_rpn_loc"]);

    const plain = new RPN({ ...options(), head: rpn.rpnHead, lossWeight: 1 });
    const [, unweighted] = await plain(images, features(), gtInstances);
    const ratio = async (name: string) =>
      (await losses[name].item()) / (await unweighted[name].item());
    expect(await ratio("loss_rpn_cls")).toBeCloseTo(1, 6);
    expect(await ratio("loss_rpn_loc")).toBeCloseTo(2, 6);

    await losses.loss_rpn_cls.add(losses.loss_rpn_loc).backward();
    for (const parameter of rpn.parameters()) {
      const gradient = [...((await parameter.grad?.data()) ?? [])].map(Number);
      expect(gradient).toHaveLength(parameter.size);
      expect(gradient.some((x) => x !== 0)).toBe(true);
      expect(gradient.every(Number.isFinite)).toBe(true);
    }
  });

  it("records how many anchors it sampled, on average over the images", async () => {
    const rpn = new RPN(options());
    using storage = new EventStorage(3);
    await rpn(images, features(), [
      new Instances([32, 40], { gtBoxes: new Boxes([[4, 4, 14, 13]]) }),
      new Instances([24, 32], { gtBoxes: new Boxes([]) }),
    ]);
    const { value: positive, iter } = storage.latest().get("rpn/num_pos_anchors")!;
    const { value: negative } = storage.latest().get("rpn/num_neg_anchors")!;
    expect(positive).toBeGreaterThan(0);
    // Of both images 16 are sampled, and of the second one all are background.
    expect([positive + negative, iter]).toEqual([16, 3]);
    await rpn.eval()(images, features());
    expect(storage.history("rpn/num_pos_anchors").length).toBe(1);
  });

  it("trains on images without ground truth", async () => {
    const rpn = new RPN(options());
    const empty = images.imageSizes.map(
      (imageSize) => new Instances(imageSize, { gtBoxes: new Boxes([]) }),
    );
    const [, losses] = await rpn(images, features(), empty);
    expect(await losses.loss_rpn_loc.item()).toBe(0);
    // All 16 anchors sampled are background, and the head knows next to nothing: log 2 each.
    expect(await losses.loss_rpn_cls.item()).toBeCloseTo(Math.log(2), 1);
  });

  it("throws when training has diverged, and proposes nothing at inference", async () => {
    const rpn = new RPN(options());
    const broken = { p2: full([2, 4, 8, 10], NaN), p3: full([2, 4, 4, 5], NaN) };
    await expect(rpn(images, broken, gtInstances)).rejects.toThrow(NonFiniteProposalError);
    const [proposals] = await rpn.eval()(images, broken);
    expect(proposals.map(({ length }) => length)).toEqual([0, 0]);
  });

  it("says which feature map or whose ground truth is missing", async () => {
    const rpn = new RPN(options());
    await expect(rpn(images, { p2: features().p2 })).rejects.toThrow(MissingFeatureError);
    await expect(rpn(images, features())).rejects.toThrow(LengthMismatchError);
    await expect(rpn(images, features(), gtInstances.slice(1))).rejects.toThrow(
      LengthMismatchError,
    );
  });
});

/** The configuration of the recorded model. */
function recordedConfig() {
  const cfg = getCfg();
  cfg.MODEL.ANCHOR_GENERATOR.SIZES = [[32], [64], [128], [256], [512]];
  cfg.MODEL.RPN.IN_FEATURES = ["p2", "p3", "p4", "p5", "p6"];
  cfg.MODEL.RPN.PRE_NMS_TOPK_TEST = 150;
  cfg.MODEL.RPN.POST_NMS_TOPK_TEST = 150;
  return cfg;
}
const inputShape = Object.fromEntries(
  ["p2", "p3", "p4", "p5", "p6"].map((name, i) => [name, { channels: 32, stride: 4 * 2 ** i }]),
);

describe("buildProposalGenerator", () => {
  it("builds an RPN with the options of the config", () => {
    const cfg = recordedConfig();
    cfg.MODEL.RPN.LOSS_WEIGHT = 3;
    cfg.MODEL.RPN.BBOX_REG_LOSS_WEIGHT = 2;
    cfg.MODEL.RPN.BBOX_REG_LOSS_TYPE = "giou";
    cfg.MODEL.PROPOSAL_GENERATOR.MIN_SIZE = 4;
    const rpn = buildProposalGenerator(cfg, inputShape);
    expect(rpn).toBeInstanceOf(RPN);
    expect({ ...rpn }).toMatchObject({
      inFeatures: ["p2", "p3", "p4", "p5", "p6"],
      batchSizePerImage: 256,
      positiveFraction: 0.5,
      preNmsTopk: { train: 12000, test: 150 },
      postNmsTopk: { train: 2000, test: 150 },
      nmsThresh: 0.7,
      minBoxSize: 4,
      anchorBoundaryThresh: -1,
      lossWeight: { loss_rpn_cls: 3, loss_rpn_loc: 6 },
      boxRegLossType: "giou",
      smoothL1Beta: 0,
      anchorMatcher: { thresholds: [0.3, 0.7], labels: [0, -1, 1], allowLowQualityMatches: true },
      box2boxTransform: { weights: [1, 1, 1, 1] },
    });
  });

  it("builds none when proposals are precomputed", () => {
    const cfg = getCfg();
    cfg.MODEL.PROPOSAL_GENERATOR.NAME = "PrecomputedProposals";
    expect(buildProposalGenerator(cfg, {})).toBeUndefined();
  });

  it("builds whatever is registered, and refuses what is not", () => {
    const mine = new RPN(options());
    PROPOSAL_GENERATOR_REGISTRY.register("MyProposals", () => mine);
    const cfg = getCfg();
    cfg.MODEL.PROPOSAL_GENERATOR.NAME = "MyProposals";
    expect(buildProposalGenerator(cfg, {})).toBe(mine);
    cfg.MODEL.PROPOSAL_GENERATOR.NAME = "MyProposal";
    expect(() => buildProposalGenerator(cfg, {})).toThrow(NotRegisteredError);
  });

  it("refuses options that make no RPN", () => {
    const build = (change: (cfg: ReturnType<typeof getCfg>) => void) => () => {
      const cfg = recordedConfig();
      change(cfg);
      return buildProposalGenerator(cfg, inputShape);
    };
    expect(build((cfg) => (cfg.MODEL.RPN.IN_FEATURES = ["p7"]))).toThrow(MissingFeatureError);
    expect(build((cfg) => (cfg.MODEL.RPN.IOU_LABELS = [0, 2, 1]))).toThrow(MatcherOptionsError);
    expect(build((cfg) => (cfg.MODEL.RPN.BBOX_REG_LOSS_TYPE = "l2"))).toThrow(OptionError);
  });
});

describe.runIf(goldenRoot())("RPN of detectron2's Mask R-CNN R50-FPN", () => {
  it("predicts and proposes what was recorded, from the recorded features", async () => {
    const golden = goldenTensors("infer_mask_rcnn_R_50_FPN/single");
    const weights = loadGolden(
      new URL("./golden/rpn-mask-rcnn-r50-fpn-weights", import.meta.url),
    ).tensors;
    const rpn = buildProposalGenerator(recordedConfig(), inputShape)?.eval();
    if (!(rpn instanceof RPN)) throw new TypeError("the config names RPN");
    rpn.loadStateDict(weights);
    const recorded = Object.fromEntries(
      rpn.inFeatures.map((name) => {
        const { data, shape } = golden.float32(`features.${name}`);
        return [name, tensor(data, { shape: [...shape] })];
      }),
    );
    const [logits, deltas] = rpn.rpnHead(Object.values(recorded));
    for (const level of [0, 1, 2, 3, 4]) {
      const close = { atol: 1e-4, rtol: 1e-5 };
      expect(await logits[level].toNdarray()).toBeAllclose(
        golden.float32(`rpn_head.${level}.objectness_logits`),
        close,
      );
      expect(await deltas[level].toNdarray()).toBeAllclose(
        golden.float32(`rpn_head.${level}.anchor_deltas`),
        close,
      );
    }
    const image = new ImageList(zeros([1, 3, 192, 256]), [[184, 245]]);
    const [[proposals]] = await rpn(image, recorded);
    // The recorded case's own tolerances.
    expect(proposals.objectnessLogits).toBeAllclose(
      golden.float32("0.proposals.objectness_logits"),
      { atol: 2e-4, rtol: 0 },
    );
    expect(proposals.proposalBoxes.tensor).toBeAllclose(
      golden.float32("0.proposals.proposal_boxes"),
      { atol: 0.0077, rtol: 0 },
    );
  });
});
