import { DefaultAnchorGenerator } from "@detectron-ts/anchor-generator";
import { LastLevelMaxPool, SimpleFeaturePyramid, ViT } from "@detectron-ts/backbone";
import { Box2BoxTransform } from "@detectron-ts/box-regression";
import { Matcher } from "@detectron-ts/matcher";
import { GeneralizedRCNN, type ModelInput } from "@detectron-ts/modeling";
import { ChannelsLastLayerNorm } from "@detectron-ts/nn";
import { type ProposalGenerator, RPN, StandardRPNHead } from "@detectron-ts/proposal-generator";
import {
  CascadeROIHeads,
  FastRCNNConvFCHead,
  FastRCNNOutputLayers,
  MaskRCNNConvUpsampleHead,
  ROIPooler,
} from "@detectron-ts/roi-heads";
import { BitMasks, Boxes, Instances } from "@detectron-ts/structures";
import { loadGolden } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { beforeAll, describe, expect, it } from "vitest";
import { runParts } from "./run-parts.ts";
import { norm, type TrainingStep, trainingStep } from "./training-step.ts";

/** Small in all but its shape: Cascade Mask R-CNN on a ViT with windows, as detectron2's ViTDet project makes it. */
function buildViTDet(): GeneralizedRCNN<CascadeROIHeads, ProposalGenerator> {
  const channels = 8;
  const inFeatures = ["p2", "p3", "p4", "p5"];
  const scales = [1 / 4, 1 / 8, 1 / 16, 1 / 32];
  const pooler = (outputSize: number) =>
    new ROIPooler({ outputSize, scales, samplingRatio: 0, poolerType: "ROIAlignV2" });
  return new GeneralizedRCNN({
    backbone: new SimpleFeaturePyramid({
      net: new ViT({
        imgSize: 128,
        embedDim: 16,
        depth: 2,
        numHeads: 2,
        mlpRatio: 2,
        normLayer: (numChannels) => new ChannelsLastLayerNorm({ numChannels, eps: 1e-6 }),
        useRelPos: true,
        windowSize: 3,
        windowBlockIndexes: [0],
        pretrainImgSize: 64,
      }),
      inFeature: "last_feat",
      outChannels: channels,
      scaleFactors: [4, 2, 1, 0.5],
      topBlock: new LastLevelMaxPool(),
      squarePad: 128,
    }),
    proposalGenerator: new RPN({
      inFeatures: [...inFeatures, "p6"],
      head: new StandardRPNHead({ inChannels: channels, numAnchors: 3, convDims: [-1, -1] }),
      anchorGenerator: new DefaultAnchorGenerator({
        sizes: [[16], [32], [48], [64], [96]],
        aspectRatios: [0.5, 1, 2],
        strides: [4, 8, 16, 32, 64],
        offset: 0,
      }),
      anchorMatcher: new Matcher({
        thresholds: [0.3, 0.7],
        labels: [0, -1, 1],
        allowLowQualityMatches: true,
      }),
      box2boxTransform: new Box2BoxTransform({ weights: [1, 1, 1, 1] }),
      // Everything is sampled.
      batchSizePerImage: 32768,
      positiveFraction: 1,
      preNmsTopk: { train: 60, test: 60 },
      postNmsTopk: { train: 40, test: 40 },
    }),
    roiHeads: new CascadeROIHeads({
      numClasses: 3,
      inFeatures,
      batchSizePerImage: 512,
      positiveFraction: 1,
      proposalMatchers: [0.5, 0.6, 0.7].map(
        (iou) => new Matcher({ thresholds: [iou], labels: [0, 1] }),
      ),
      boxPooler: pooler(7),
      boxHeads: [0, 1, 2].map(
        () =>
          new FastRCNNConvFCHead({
            inputShape: { channels, height: 7, width: 7 },
            convDims: [channels, channels, channels, channels],
            fcDims: [16],
            convNorm: "LN",
          }),
      ),
      boxPredictors: [[10, 5] as const, [20, 10] as const, [30, 15] as const].map(
        ([centre, size]) =>
          new FastRCNNOutputLayers({
            inputShape: { channels: 16 },
            testScoreThresh: 0.05,
            testTopkPerImage: 8,
            box2boxTransform: new Box2BoxTransform({ weights: [centre, centre, size, size] }),
            clsAgnosticBboxReg: true,
            numClasses: 3,
          }),
      ),
      maskPooler: pooler(14),
      maskHead: new MaskRCNNConvUpsampleHead({
        inputShape: { channels, height: 14, width: 14 },
        numClasses: 3,
        convDims: [channels, channels, channels],
        convNorm: "LN",
      }),
    }),
    pixelMean: [123.675, 116.28, 103.53],
    pixelStd: [58.395, 57.12, 57.375],
    inputFormat: "RGB",
  });
}

interface Recorded {
  readonly losses: Readonly<Record<string, number>>;
  /** The norm of each parameter's gradient of the sum of all losses. */
  readonly gradient_l2: Readonly<Record<string, number>>;
}

const golden = loadGolden<Recorded>(new URL("./golden/vitdet_tiny/case", import.meta.url));
const IMAGES = [0, 1];

function loadedModel() {
  const model = buildViTDet();
  const prefix = "parameter.";
  const recorded = [...golden.tensors].filter(([name]) => name.startsWith(prefix));
  model.loadStateDict(new Map(recorded.map(([name, value]) => [name.slice(prefix.length), value])));
  return model;
}

function input(i: number): ModelInput {
  const { data, shape } = golden.uint8(`${i}.image`);
  return { image: ndarray(data, [...shape]) };
}

/** Ellipses that fill their boxes, as they were recorded with. */
function ellipses(boxes: Float32Array, height: number, width: number): BitMasks {
  const count = boxes.length / 4;
  const masks = new Uint8Array(count * height * width);
  for (let i = 0; i < masks.length; i++) {
    const [x0, y0, x1, y1] = boxes.slice(4 * Math.floor(i / (height * width)));
    const x = (2 * (i % width) - x0 - x1) / (x1 - x0);
    const y = (2 * (Math.floor(i / width) % height) - y0 - y1) / (y1 - y0);
    masks[i] = x * x + y * y <= 1 ? 1 : 0;
  }
  return new BitMasks(ndarray(masks, [count, height, width]));
}

function labelledInput(i: number): ModelInput {
  const { image } = input(i);
  const boxes = golden.float32(`${i}.gt_boxes`).data;
  const [, height, width] = image.shape;
  const instances = new Instances([height, width], {
    gtBoxes: new Boxes(boxes),
    gtClasses: Int32Array.from(golden.int64(`${i}.gt_classes`).data, Number),
    gtMasks: ellipses(boxes, height, width),
  });
  return { image, instances };
}

describe("detectron2's recorded Cascade Mask R-CNN on a ViT with a simple feature pyramid", () => {
  it("pads every image to the square that its backbone asks for", () => {
    const images = loadedModel().preprocessImage(IMAGES.map(input));
    expect(images.tensor.shape).toEqual([2, 3, 128, 128]);
  });

  it("finds the same objects with the same masks", async () => {
    const { rawInstances } = await runParts(loadedModel().eval(), IMAGES.map(input));
    for (const [i, { predBoxes, scores, predClasses, predMasks }] of rawInstances.entries()) {
      const classes = Array.from(golden.int64(`${i}.pred_classes`).data, Number);
      expect(predClasses).toBeAllclose(classes, { atol: 0, rtol: 0 });
      const boxes = golden.float32(`${i}.pred_boxes`);
      expect(predBoxes.tensor).toBeAllclose(boxes, { atol: 1e-3, rtol: 0 });
      expect(scores).toBeAllclose(golden.float32(`${i}.scores`), { atol: 1e-5, rtol: 0 });
      // The first three of each image were recorded.
      const masks = golden.float32(`${i}.pred_masks`);
      expect(predMasks!.hi(3)).toBeAllclose(masks, { atol: 1e-4, rtol: 0 });
    }
  });

  describe("in training", () => {
    let step: TrainingStep;
    beforeAll(async () => {
      step = await trainingStep(loadedModel(), IMAGES.map(labelledInput));
    });

    it("has the same losses", () => {
      expect(Object.keys(step.losses).sort()).toEqual(Object.keys(golden.json.losses).sort());
      const found = Object.keys(golden.json.losses).map((name) => step.losses[name]);
      expect(found).toBeAllclose(Object.values(golden.json.losses), { rtol: 1e-4, atol: 1e-7 });
    });

    it("has gradients of the same norms", () => {
      const names = Object.keys(golden.json.gradient_l2);
      expect([...step.gradients.keys()]).toEqual(names);
      const found = Array.from(step.gradients.values(), norm);
      expect(found).toBeAllclose(Object.values(golden.json.gradient_l2), {
        rtol: 1e-3,
        atol: 1e-6,
      });
    });
  });
});
