import "@detectron-ts/runtime";
import { readFileSync } from "node:fs";
import { FrozenBatchNorm2d, LayerOptionError } from "@detectron-ts/nn";
import { realize, tensor } from "@detectron-ts/tensor";
import { type Golden, loadGolden } from "@detectron-ts/testing";
import { describe, expect, it } from "vitest";
import {
  AnyNet,
  RegNet,
  ResBasicBlock,
  ResBottleneckBlock,
  ResStem,
  SimpleStem,
  UnknownFeatureError,
  VanillaBlock,
} from "../src/index.ts";
import { adjustGroups, generateRegnetParameters } from "../src/regnet/parameters.ts";

/** A RegNet of detectron2 with random weights: state, features, and gradients of the sum of their squares. */
interface Recorded {
  readonly loss: number;
  readonly state: readonly string[];
  readonly parameters: readonly string[];
  readonly output_shape: Readonly<Record<string, readonly [channels: number, stride: number]>>;
}

const nets: Readonly<Record<string, () => RegNet>> = {
  regnetx: () =>
    new RegNet({
      stemClass: SimpleStem,
      stemWidth: 8,
      blockClass: ResBottleneckBlock,
      depth: 5,
      wA: 8,
      w0: 8,
      wM: 2,
      groupWidth: 4,
      outFeatures: ["stem", "s1", "s2", "s3"],
    }),
  regnety: () =>
    new RegNet({
      stemClass: ResStem,
      stemWidth: 8,
      blockClass: ResBottleneckBlock,
      depth: 4,
      wA: 8,
      w0: 8,
      wM: 2.2,
      groupWidth: 6,
      bottleneckRatio: 0.5,
      seRatio: 0.25,
      norm: "FrozenBN",
      freezeAt: 2,
      outFeatures: ["s1", "s2"],
    }),
  regnet_basic: () =>
    new RegNet({
      stemClass: SimpleStem,
      stemWidth: 4,
      blockClass: ResBasicBlock,
      depth: 2,
      wA: 8,
      w0: 8,
      wM: 2,
      groupWidth: 4,
      outFeatures: ["s1", "s2"],
    }),
};

function loaded(name: string): { net: RegNet; golden: Golden<Recorded> } {
  const golden = loadGolden<Recorded>(new URL(`./golden/${name}`, import.meta.url));
  const net = nets[name]();
  const state = [...golden.tensors]
    .filter(([key]) => key.startsWith("state."))
    .map(([key, value]) => [key.slice("state.".length), value] as const);
  net.loadStateDict(new Map(state), { strict: false });
  net.train();
  return { net, golden };
}

describe.each(Object.keys(nets))("a %s", (name) => {
  it("has detectron2's names and shapes", () => {
    const { net, golden } = loaded(name);
    expect([...net.stateDict().keys()].toSorted()).toEqual([...golden.json.state].toSorted());
    expect([...net.namedParameters()].map(([key]) => key).toSorted()).toEqual(
      [...golden.json.parameters].toSorted(),
    );
    for (const [key, value] of net.stateDict()) {
      const recorded = golden.tensors.get(`state.${key}`);
      if (recorded) expect([key, value.shape]).toEqual([key, recorded.shape]);
    }
    const shapes = Object.entries(net.outputShape()).map(([feature, { channels, stride }]) => [
      feature,
      [channels, stride],
    ]);
    expect(Object.fromEntries(shapes)).toEqual(golden.json.output_shape);
  });

  it("has detectron2's features and gradients", async () => {
    const { net, golden } = loaded(name);
    const { data, shape } = golden.float32("x");
    const features = net(tensor(data, { shape }));
    const loss = Object.values(features)
      .map((feature) => feature.keep().square().sum())
      .reduce((sum, part) => sum.add(part));
    await loss.backward();
    await realize(...Object.values(features));
    for (const [feature, value] of Object.entries(features)) {
      const wanted = golden.float32(`feature.${feature}`);
      expect(value.shape).toEqual(wanted.shape);
      expect(value.dataSync()).toBeAllclose(wanted.data, { atol: 1e-5, rtol: 1e-5 });
    }
    const trained = [...golden.tensors.keys()].filter((key) => key.startsWith("grad."));
    expect(
      [...net.namedParameters()].filter(([, { grad }]) => grad).map(([key]) => `grad.${key}`),
    ).toHaveLength(trained.length);
    for (const [key, parameter] of net.namedParameters()) {
      if (!golden.tensors.has(`grad.${key}`)) continue;
      const wanted = golden.float32(`grad.${key}`);
      const largest = Math.max(...wanted.data.map(Math.abs));
      const got = await parameter.grad!.data();
      expect(got).toBeAllclose(wanted.data, { atol: 1e-5 * largest, rtol: 1e-4 });
    }
  });
});

describe("the widths of a RegNet", () => {
  it("are detectron2's", () => {
    const file = new URL("./golden/regnet_parameters.json", import.meta.url);
    const { cases }: { cases: Record<string, Record<string, number[]>> } = JSON.parse(
      readFileSync(file, "utf8"),
    );
    expect(Object.keys(cases)).toHaveLength(42);
    for (const [key, recorded] of Object.entries(cases)) {
      const [wA, w0, wM, depth, ratio, groupWidth] = key.split(" ").map(Number);
      const { widths, depths } = generateRegnetParameters({ depth, wA, w0, wM });
      const groups = widths.map((width) => adjustGroups(width, ratio, groupWidth));
      expect([key, widths, depths]).toEqual([key, recorded.widths, recorded.depths]);
      expect([key, groups.map(({ width }) => width)]).toEqual([key, recorded.adjusted]);
      expect([key, groups.map((group) => group.groupWidth)]).toEqual([key, recorded.groups]);
    }
  });

  it("refuse parameters out of their ranges", () => {
    const right = { depth: 5, wA: 8, w0: 8, wM: 2 };
    for (const wrong of [{ depth: 0 }, { depth: 1.5 }, { wA: -1 }, { w0: 12 }, { wM: 1 }]) {
      expect(() => generateRegnetParameters({ ...right, ...wrong })).toThrow(LayerOptionError);
    }
  });
});

describe("AnyNet", () => {
  const options = {
    stemClass: SimpleStem,
    stemWidth: 4,
    blockClass: VanillaBlock,
    depths: [2, 1],
    widths: [4, 8],
    strides: [1, 2],
    bottleneckRatios: [1, 1],
    groupWidths: [4, 4],
  };

  it("returns its last stage unless told otherwise, in blocks named b1, b2", async () => {
    const net = new AnyNet(options).eval();
    const { s2, ...others } = net(tensor(new Float32Array(3 * 64), { shape: [1, 3, 8, 8] }));
    await realize(s2);
    expect(s2.shape).toEqual([1, 8, 2, 2]);
    expect(others).toEqual({});
    expect([...net.stateDict().keys()].filter((key) => key.endsWith("weight"))).toEqual(
      [
        ["stem.conv.weight", "stem.bn.weight"],
        ["s1.b1.a.weight", "s1.b1.a_bn.weight", "s1.b1.b.weight", "s1.b1.b_bn.weight"],
        ["s1.b2.a.weight", "s1.b2.a_bn.weight", "s1.b2.b.weight", "s1.b2.b_bn.weight"],
        ["s2.b1.a.weight", "s2.b1.a_bn.weight", "s2.b1.b.weight", "s2.b1.b_bn.weight"],
      ].flat(),
    );
  });

  it("freezes from the stem on", () => {
    const net = new AnyNet({ ...options, freezeAt: 2 });
    const trainable = [...net.namedParameters()].filter(([, { requiresGrad }]) => requiresGrad);
    expect(trainable.every(([name]) => name.startsWith("s2."))).toBe(true);
    expect(trainable).toHaveLength(6);
    expect(net.modules().filter((module) => module instanceof FrozenBatchNorm2d)).toHaveLength(5);
  });

  it("refuses what doesn't fit together", () => {
    expect(() => new AnyNet({ ...options, widths: [4] })).toThrow(LayerOptionError);
    expect(() => new AnyNet({ ...options, depths: [2, 0] })).toThrow(LayerOptionError);
    expect(() => new AnyNet({ ...options, outFeatures: [] })).toThrow(LayerOptionError);
    expect(() => new AnyNet({ ...options, outFeatures: ["s3"] })).toThrow(UnknownFeatureError);
    const bottleneck = { ...options, blockClass: ResBottleneckBlock, groupWidths: [3, 3] };
    expect(() => new AnyNet(bottleneck)).toThrow("divide");
  });
});
