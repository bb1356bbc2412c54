import "@detectron-ts/runtime";
import { DropPath, Generator, LayerOptionError } from "@detectron-ts/nn";
import { ones, zeros } from "@detectron-ts/tensor";
import { describe, expect, it } from "vitest";
import {
  FeatureStrideError,
  getVitLrDecayRate,
  LastLevelMaxPool,
  MViT,
  SimpleFeaturePyramid,
  SwinTransformer,
  UnknownFeatureError,
  ViT,
} from "../src/index.ts";

const tiny = { imgSize: 32, patchSize: 8, embedDim: 8, depth: 3, numHeads: 2, pretrainImgSize: 32 };

describe("ViT", () => {
  it("starts with zero relative positions, small weights, zero biases and residual blocks that do nothing", () => {
    const vit = new ViT({ ...tiny, useRelPos: true, residualBlockIndexes: [0] });
    const values = (name: string): number[] =>
      [...vit.stateDict().get(name)!.dataSync()].map(Number);
    expect(new Set(values("blocks.0.attn.rel_pos_h"))).toEqual(new Set([0]));
    expect(new Set(values("blocks.0.attn.qkv.bias"))).toEqual(new Set([0]));
    expect(new Set(values("blocks.0.residual.norm3.weight"))).toEqual(new Set([0]));
    for (const name of ["blocks.0.attn.qkv.weight", "pos_embed"]) {
      const drawn = values(name);
      const deviation = Math.sqrt(drawn.reduce((sum, value) => sum + value ** 2, 0) / drawn.length);
      expect(deviation).toBeCloseTo(0.02, 2);
    }
  });

  it("has relative positions for windows in window blocks and for all tokens in others", () => {
    const vit = new ViT({ ...tiny, useRelPos: true, windowSize: 2, windowBlockIndexes: [0] });
    const state = vit.stateDict();
    expect(state.get("blocks.0.attn.rel_pos_h")!.shape).toEqual([3, 4]);
    expect(state.get("blocks.1.attn.rel_pos_h")!.shape).toEqual([7, 4]);
  });

  it("skips later blocks more often in training, the first never, and none in eval", async () => {
    const generator = new Generator(1);
    const vit = new ViT({ ...tiny, dropPathRate: 0.5, generator });
    const rates = [...vit.blocks].map(({ dropPath }) =>
      dropPath instanceof DropPath ? dropPath.p : 0,
    );
    expect(rates).toEqual([0, 0.25, 0.5]);
    const image = ones([4, 3, 32, 32]);
    const compute = async () => [...(await vit(image).last_feat.data())];
    expect(await compute()).not.toEqual(await compute());
    vit.eval();
    expect(await compute()).toEqual(await compute());
  });

  it("refuses channels that do not divide into heads", () => {
    expect(() => new ViT({ ...tiny, numHeads: 3 })).toThrow("(8) does not divide into 3 heads");
  });
});

describe("SimpleFeaturePyramid", () => {
  const net = new ViT(tiny);
  const options = { net, inFeature: "last_feat", outChannels: 4, scaleFactors: [2, 1, 0.5] };

  it("names levels by their strides and asks for square images", () => {
    const pyramid = new SimpleFeaturePyramid({ ...options, squarePad: 64 });
    const strides = Object.entries(pyramid.outputShape()).map(([name, spec]) => [
      name,
      spec.stride,
    ]);
    expect(strides).toEqual([
      ["p2", 4],
      ["p3", 8],
      ["p4", 16],
    ]);
    expect(pyramid.paddingConstraints).toEqual({ squareSize: 64 });
    expect(pyramid.sizeDivisibility).toBe(0);
    const shapes = Object.values(pyramid(zeros([1, 3, 32, 48]))).map(({ shape }) => shape);
    expect(shapes).toEqual([
      [1, 4, 8, 12],
      [1, 4, 4, 6],
      [1, 4, 2, 3],
    ]);
  });

  it("has biases in place of norms", () => {
    const pyramid = new SimpleFeaturePyramid({ ...options, scaleFactors: [1], norm: "" });
    const own = [...pyramid.stateDict().keys()].filter((name) => name.startsWith("simfp"));
    expect(own).toEqual([
      "simfp_3.0.weight",
      "simfp_3.0.bias",
      "simfp_3.1.weight",
      "simfp_3.1.bias",
    ]);
  });

  it("refuses what it cannot stand on", () => {
    const build = (changes: object) => () => new SimpleFeaturePyramid({ ...options, ...changes });
    expect(build({ inFeature: "res5" })).toThrow(UnknownFeatureError);
    expect(build({ scaleFactors: [2, 0.5] })).toThrow(FeatureStrideError);
    expect(build({ scaleFactors: [8] })).toThrow(LayerOptionError);
    expect(build({ topBlock: new LastLevelMaxPool() })).toThrow("p5");
  });
});

describe("getVitLrDecayRate", () => {
  it("decays from layer to layer toward the input", () => {
    const rate = (name: string) => getVitLrDecayRate(name, { lrDecayRate: 0.5, numLayers: 3 });
    expect(rate("backbone.net.pos_embed")).toBe(1 / 16);
    expect(rate("backbone.net.patch_embed.proj.weight")).toBe(1 / 16);
    expect(rate("backbone.net.blocks.0.attn.qkv.weight")).toBe(1 / 8);
    expect(rate("backbone.net.blocks.2.norm1.bias")).toBe(1 / 2);
    expect(rate("backbone.net.blocks.2.residual.conv1.weight")).toBe(1);
    expect(rate("backbone.simfp_2.0.weight")).toBe(1);
    expect(rate("roi_heads.box_head.fc1.weight")).toBe(1);
    expect(getVitLrDecayRate("backbone.net.pos_embed")).toBe(1);
  });
});

describe("SwinTransformer", () => {
  const small = { embedDim: 4, depths: [2, 1], numHeads: [1, 2], outIndices: [0, 1] };

  it("has one bias for each distance of two tokens of a window", () => {
    const swin = new SwinTransformer({ ...small, windowSize: 2 });
    const index = swin.stateDict().get("layers.0.blocks.0.attn.relative_position_index")!;
    expect(index.dtype).toBe("int64");
    expect([...index.dataSync()].map(Number)).toEqual(
      [
        [4, 3, 1, 0],
        [5, 4, 2, 1],
        [7, 6, 4, 3],
        [8, 7, 5, 4],
      ].flat(),
    );
  });

  it("takes first parts out of training", () => {
    const frozen = (frozenStages: number) => {
      const swin = new SwinTransformer({ ...small, ape: true, frozenStages });
      const names = [...swin.namedParameters()].filter(([, { requiresGrad }]) => !requiresGrad);
      return new Set(names.map(([name]) => name.split(".").slice(0, 2).join(".")));
    };
    expect(frozen(-1)).toEqual(new Set());
    expect(frozen(0)).toEqual(new Set(["patch_embed.proj", "patch_embed.norm"]));
    expect(frozen(1)).toEqual(
      new Set(["absolute_pos_embed", "patch_embed.proj", "patch_embed.norm"]),
    );
    expect(frozen(2).has("layers.0")).toBe(true);
    expect(frozen(2).has("layers.1")).toBe(false);
  });

  it("refuses stages that do not fit", () => {
    expect(() => new SwinTransformer({ ...small, numHeads: [1] })).toThrow("numHeads");
    expect(() => new SwinTransformer({ ...small, outIndices: [2] })).toThrow("got 2");
  });
});

describe("MViT", () => {
  const small = { imgSize: 64, embedDim: 4, depth: 3, lastBlockIndexes: [0, 1, 2] };

  it("doubles channels and halves sides from stage to stage", () => {
    const mvit = new MViT({ ...small, outFeatures: ["scale2", "scale4"] });
    expect(mvit.outputShape()).toEqual({
      scale2: { channels: 4, stride: 4 },
      scale4: { channels: 16, stride: 16 },
    });
    const shapes = Object.values(mvit(zeros([1, 3, 64, 96]))).map(({ shape }) => shape);
    expect(shapes).toEqual([
      [1, 4, 16, 24],
      [1, 16, 4, 6],
    ]);
  });

  it("refuses features that no stage gives", () => {
    expect(() => new MViT(small)).toThrow(UnknownFeatureError);
  });
});
