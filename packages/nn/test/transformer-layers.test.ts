import "@detectron-ts/runtime";
import "@detectron-ts/testing";
import { grad, ones, ShapeError, tensor, zeros, type Parameter } from "@detectron-ts/tensor";
import { describe, expect, it } from "vitest";
import {
  ChannelsLastLayerNorm,
  Dropout,
  DropPath,
  Generator,
  LayerOptionError,
  Mlp,
  relu,
} from "../src/index.ts";

describe("layer norm of the last axis", () => {
  it("gives every token mean 0 and variance 1, then scales and shifts", async () => {
    const norm = new ChannelsLastLayerNorm({ numChannels: 4 });
    norm.weight.set(Float32Array.of(1, 1, 2, 2));
    norm.bias.set(Float32Array.of(0, 0, 0, 10));
    const output = await norm(tensor([[[1, 1, 3, 3]], [[5, 5, 1, 1]]])).data();
    expect(output).toBeAllclose([-1, -1, 2, 12, 1, 1, -2, 8], { atol: 1e-4 });
  });

  it("of no token has gradients of zero", async () => {
    const norm = new ChannelsLastLayerNorm({ numChannels: 4 });
    const [weightGradient] = grad(norm(zeros([0, 2, 4])).sum(), [norm.weight]);
    expect([...(await weightGradient.data())]).toEqual([0, 0, 0, 0]);
  });

  it("wants its number of channels", () => {
    expect(() => new ChannelsLastLayerNorm({ numChannels: 4 })(zeros([2, 3]))).toThrow(ShapeError);
    expect(() => new ChannelsLastLayerNorm({ numChannels: 0 })).toThrow(LayerOptionError);
  });
});

describe("dropping", () => {
  const generator = new Generator(7);

  it("drops about p of the values, and keeps the mean", async () => {
    const dropped = await new Dropout({ p: 0.25, generator })(ones([100, 100])).data();
    const kept = [...dropped].filter((value) => value !== 0);
    expect(kept.length / dropped.length).toBeCloseTo(0.75, 1);
    expect(new Set(kept)).toEqual(new Set([Math.fround(1 / 0.75)]));
  });

  it("of paths takes whole samples", async () => {
    const paths = await new DropPath({ p: 0.5, generator })(ones([64, 2, 3])).data();
    expect([...paths].every((value, i) => value === paths[i - (i % 6)])).toBe(true);
    expect(new Set<number | bigint>(paths)).toEqual(new Set([0, 2]));
  });

  it("is the same for the same seed", async () => {
    const draw = () => new DropPath({ p: 0.5, generator: new Generator(1) })(ones([32])).data();
    expect(await draw()).toEqual(await draw());
  });

  it("does nothing in eval, nor with p = 0", () => {
    const x = ones([4]);
    expect(new Dropout({ p: 0.5 }).eval()(x)).toBe(x);
    expect(new DropPath({ p: 0 })(x)).toBe(x);
  });

  it("with a probability of 1 or more is refused", () => {
    expect(() => new DropPath({ p: 1 })).toThrow("DropPath");
    expect(() => new Dropout({ p: -0.1 })).toThrow(LayerOptionError);
  });
});

describe("Mlp", () => {
  it("is two linear layers around an activation, for tokens of any arrangement", async () => {
    const mlp = new Mlp({ inFeatures: 2, hiddenFeatures: 1, outFeatures: 3, activation: relu });
    mlp.fc1.weight.set(Float32Array.of(1, -1));
    (mlp.fc1.bias as Parameter).set(Float32Array.of(0));
    mlp.fc2.weight.set(Float32Array.of(1, 2, 3));
    (mlp.fc2.bias as Parameter).set(Float32Array.of(0, 0, 1));
    const output = mlp(tensor([[[3, 1]], [[1, 3]]]));
    expect(output.shape).toEqual([2, 1, 3]);
    expect([...(await output.data())]).toEqual([2, 4, 7, 0, 0, 1]);
  });

  it("has timm's names, and by default the features it is given", () => {
    const mlp = new Mlp({ inFeatures: 4 });
    const names = ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"];
    expect([...mlp.stateDict().keys()]).toEqual(names);
    expect(mlp(zeros([5, 4])).shape).toEqual([5, 4]);
  });
});
