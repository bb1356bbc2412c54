import { runtime } from "@detectron-ts/runtime";
import { ChannelsLastLayerNorm, type NormFactory } from "@detectron-ts/nn";
import { grad, ones, realize, tensor, type Tensor } from "@detectron-ts/tensor";
import { type Golden, loadGolden } from "@detectron-ts/testing";
import { describe, expect, it } from "vitest";
import {
  type BackboneModule,
  FPN,
  LastLevelMaxPool,
  MViT,
  SimpleFeaturePyramid,
  SwinTransformer,
  ViT,
} from "../src/index.ts";

/**
 * What detectron2 computes with a small backbone of random weights: features, and the gradients of the sum of their squares
 * for every parameter, all in float64.
 */
interface Recorded {
  /** All parameters by name in PyTorch's order. */
  readonly names: readonly string[];
  /** What checkpoints hold. */
  readonly state: readonly string[];
  /** Channels and stride of each feature. */
  readonly output_shape: Readonly<Record<string, readonly [channels: number, stride: number]>>;
}

const normLayer: NormFactory = (numChannels) =>
  new ChannelsLastLayerNorm({ numChannels, eps: 1e-6 });

const backbones: Readonly<Record<string, () => BackboneModule>> = {
  vit: () =>
    new SimpleFeaturePyramid({
      net: new ViT({
        imgSize: 128,
        inChans: 1,
        embedDim: 12,
        depth: 4,
        numHeads: 2,
        mlpRatio: 2,
        normLayer,
        useRelPos: true,
        relPosZeroInit: false,
        windowSize: 3,
        windowBlockIndexes: [0, 2],
        residualBlockIndexes: [3],
        pretrainImgSize: 64,
      }),
      inFeature: "last_feat",
      outChannels: 8,
      scaleFactors: [4, 2, 1, 0.5],
      topBlock: new LastLevelMaxPool(),
      squarePad: 128,
    }),
  vit_plain: () =>
    new ViT({
      imgSize: 64,
      patchSize: 8,
      inChans: 1,
      embedDim: 12,
      depth: 2,
      numHeads: 3,
      mlpRatio: 2,
      qkvBias: false,
      pretrainImgSize: 64,
      pretrainUseClsToken: false,
      outFeature: "tokens",
    }),
  mvit: () =>
    new MViT({
      imgSize: 64,
      inChans: 1,
      embedDim: 8,
      depth: 5,
      lastBlockIndexes: [0, 2, 4],
      adaptiveWindowSize: 8,
      mlpRatio: 2,
      normLayer,
      useAbsPos: true,
      relPosZeroInit: false,
      pretrainImgSize: 32,
      outFeatures: ["scale2", "scale3", "scale4"],
    }),
  mvit_fpn: () =>
    new FPN({
      bottomUp: new MViT({
        imgSize: 64,
        inChans: 1,
        embedDim: 8,
        depth: 3,
        lastBlockIndexes: [0, 1, 2],
        adaptiveKvStride: 2,
        adaptiveWindowSize: 0,
        residualPooling: false,
        mlpRatio: 2,
        useAbsPos: true,
        useRelPos: false,
        pretrainImgSize: 64,
        pretrainUseClsToken: false,
        outFeatures: ["scale3", "scale4"],
      }),
      inFeatures: ["scale3", "scale4"],
      outChannels: 4,
      topBlock: new LastLevelMaxPool({ inFeature: "p4" }),
    }),
  swin: () =>
    new SwinTransformer({
      pretrainImgSize: 32,
      inChans: 1,
      embedDim: 8,
      depths: [2, 2, 2],
      numHeads: [1, 2, 4],
      windowSize: 4,
      mlpRatio: 2,
      dropPathRate: 0,
      ape: true,
      outIndices: [0, 1, 2],
    }),
  swin_plain: () =>
    new SwinTransformer({
      patchSize: 2,
      embedDim: 8,
      depths: [2],
      numHeads: [2],
      windowSize: 4,
      mlpRatio: 2,
      qkvBias: false,
      qkScale: 0.5,
      dropPathRate: 0,
      patchNorm: false,
      outIndices: [0],
    }),
};

function load(name: string): {
  golden: Golden<Recorded>;
  backbone: BackboneModule;
  images: Tensor;
} {
  const golden = loadGolden<Recorded>(new URL(`./golden/${name}`, import.meta.url));
  const backbone = backbones[name]();
  const values = [...backbone.stateDict()].map(
    ([key, own]) => [key, golden.tensors.get(`parameter.${key}`) ?? own] as const,
  );
  backbone.loadStateDict(new Map(values));
  const { data, shape } = golden.float32("images");
  return { golden, backbone, images: tensor(data, { shape }) };
}

function largest(numbers: Float32Array): number {
  return numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** The largest error of a tensor as a fraction of its largest value, or of `floor` if that is larger. */
function errorOf(actual: Tensor, golden: Golden, name: string, floor = 0): number {
  const { data, shape } = golden.float32(name);
  expect(actual.shape).toEqual(shape);
  const values = actual.dataSync() as Float32Array;
  return largest(values.map((value, i) => value - data[i])) / Math.max(largest(data), floor);
}

describe.each(Object.keys(backbones))("detectron2's recorded %s", (name) => {
  it("has the same names in checkpoints, parameters in the same order, and output shapes", () => {
    const { golden, backbone } = load(name);
    expect([...backbone.namedParameters().keys()]).toEqual(golden.json.names);
    expect(new Set(backbone.stateDict().keys())).toEqual(new Set(golden.json.state));
    const shapes = Object.entries(backbone.outputShape()).map(
      ([feature, { channels, stride }]) => [feature, [channels, stride]] as const,
    );
    expect(Object.fromEntries(shapes)).toEqual(golden.json.output_shape);
  });

  it("has the same features at inference", async () => {
    const { golden, backbone, images } = load(name);
    const features = backbone.eval()(images);
    await realize(...Object.values(features));
    expect(Object.keys(features)).toEqual(Object.keys(golden.json.output_shape));
    for (const [feature, map] of Object.entries(features)) {
      expect(errorOf(map, golden, `feature.${feature}`)).toBeLessThan(1e-5);
    }
  });

  it("has the same gradients of all parameters", async () => {
    const { golden, backbone, images } = load(name);
    const losses = Object.values(backbone(images)).map((map) => map.square().sum());
    const loss = losses.reduce((sum, each) => sum.add(each));
    const parameters = [...backbone.namedParameters()];
    const gradients = grad(
      loss,
      parameters.map(([, parameter]) => parameter),
    );
    await realize(loss, ...gradients);
    // Some gradients are zero, those of biases that all keys of a softmax share: rounding is all that is left of them.
    const floor =
      1e-3 * Math.max(...gradients.map((each) => largest(each.dataSync() as Float32Array)));
    const wrong = parameters
      .map(([key], i) => [key, errorOf(gradients[i], golden, `gradient.${key}`, floor)] as const)
      .filter(([, error]) => !(error < 1e-4));
    expect(wrong).toEqual([]);
  });

  it("compiles nothing new for other sizes and numbers of images", async () => {
    const { backbone, images } = load(name);
    backbone.eval();
    const compute = async (shape: readonly number[]): Promise<void> => {
      await realize(...Object.values(backbone(ones(shape))));
    };
    await compute(images.shape);
    const { compilations } = runtime.stats();
    const channels = images.shape[1];
    // Pyramids want whole multiples; the transformers themselves take any size.
    const odd = backbone instanceof FPN ? [96, 160] : [70, 133];
    for (const size of [[64, 64], [96, 64], odd]) await compute([1, channels, ...size]);
    await compute([3, channels, 64, 64]);
    expect(runtime.stats().compilations).toBe(compilations);
  });
});
