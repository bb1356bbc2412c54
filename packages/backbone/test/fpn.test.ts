import "@detectron-ts/runtime";
import type { ShapeSpec } from "@detectron-ts/layers";
import { Conv2d, init } from "@detectron-ts/nn";
import { full, type Tensor, tensor, zeros } from "@detectron-ts/tensor";
import { describe, expect, it } from "vitest";
import {
  BackboneModule,
  type FeatureMaps,
  FeatureStrideError,
  FPN,
  type FPNOptions,
  LastLevelMaxPool,
  LastLevelP6P7,
  UnknownFeatureError,
} from "../src/index.ts";

/** Features of the given strides: feature `c{i}` is full of 10^i. */
class Constants extends BackboneModule {
  constructor(readonly strides: readonly (number | undefined)[] = [4, 8, 16]) {
    super();
  }

  forward(images: Tensor): FeatureMaps {
    const [n, , h, w] = images.shape;
    return Object.fromEntries(
      this.strides.map((stride = 1, i) => {
        const [height, width] = [Math.ceil(h / stride), Math.ceil(w / stride)];
        return [`c${i}`, full([n, 1, height, width], 10 ** i)];
      }),
    );
  }

  override outputShape(): Record<string, ShapeSpec> {
    return Object.fromEntries(this.strides.map((stride, i) => [`c${i}`, { channels: 1, stride }]));
  }
}

function pyramid(options: Partial<FPNOptions> = {}): FPN {
  return new FPN({
    bottomUp: new Constants(),
    inFeatures: ["c0", "c1", "c2"],
    outChannels: 1,
    ...options,
  });
}

/** Makes every convolution pass its input on: 1 at the centre, 0 elsewhere. */
function passThrough(fpn: FPN): FPN {
  for (const conv of fpn.children()) {
    if (!(conv instanceof Conv2d)) continue;
    const { weight } = conv;
    const taps = new Float32Array(weight.size);
    taps[(weight.size - 1) / 2] = 1;
    weight.set(taps);
    if (conv.bias) init.constant(conv.bias, 0);
  }
  return fpn.eval() as FPN;
}

const images = zeros([1, 3, 32, 64]);

describe("FPN", () => {
  it("names its levels by the binary logarithm of their stride", () => {
    const fpn = pyramid({ outChannels: 6, topBlock: new LastLevelMaxPool({ inFeature: "p4" }) });
    expect(fpn.outputShape()).toEqual({
      p2: { channels: 6, stride: 4 },
      p3: { channels: 6, stride: 8 },
      p4: { channels: 6, stride: 16 },
      p5: { channels: 6, stride: 32 },
    });
    const features = fpn(images);
    expect(Object.keys(features)).toEqual(["p2", "p3", "p4", "p5"]);
    expect(Object.values(features).map(({ shape }) => shape)).toEqual([
      [1, 6, 8, 16],
      [1, 6, 4, 8],
      [1, 6, 2, 4],
      [1, 6, 1, 2],
    ]);
  });

  it("adds to each level the ones above it", async () => {
    const { p2, p3, p4 } = passThrough(pyramid())(images);
    expect(await p4.data()).toBeAllclose(new Float32Array(8).fill(100));
    expect(await p3.data()).toBeAllclose(new Float32Array(32).fill(110));
    expect(await p2.data()).toBeAllclose(new Float32Array(128).fill(111));
  });

  it("halves at each merge when it fuses by the mean", async () => {
    const { p2, p3 } = passThrough(pyramid({ fuseType: "avg" }))(images);
    expect(await p3.data()).toBeAllclose(new Float32Array(32).fill(55));
    expect(await p2.data()).toBeAllclose(new Float32Array(128).fill(28));
  });

  it("names its weights as detectron2 does, with biases where there is no norm", () => {
    const topBlock = new LastLevelP6P7({ inChannels: 1, outChannels: 1, inFeature: "c2" });
    const names = [...pyramid({ topBlock }).stateDict().keys()].sort();
    const levels = [2, 3, 4].flatMap((s) => [`fpn_lateral${s}`, `fpn_output${s}`]);
    const convs = [...levels, "top_block.p6", "top_block.p7"];
    expect(names).toEqual(convs.flatMap((conv) => [`${conv}.bias`, `${conv}.weight`]).sort());
    const withNorm = pyramid({ norm: "BN" }).stateDict();
    expect(withNorm.has("fpn_output3.norm.running_mean")).toBe(true);
    expect(withNorm.has("fpn_output3.bias")).toBe(false);
  });

  it("finds the bottom-up backbone below it", () => {
    const fpn = pyramid();
    expect(fpn.getSubmodule("bottom_up")).toBe(fpn.bottomUp);
  });

  it("starts the levels of a top block from its own feature or the backbone's", () => {
    const own = new LastLevelP6P7({ inChannels: 6, outChannels: 6, inFeature: "p4" });
    const theirs = new LastLevelP6P7({ inChannels: 1, outChannels: 6, inFeature: "c2" });
    for (const topBlock of [own, theirs]) {
      const features = pyramid({ outChannels: 6, topBlock })(zeros([1, 3, 64, 64]));
      expect(Object.keys(features)).toEqual(["p2", "p3", "p4", "p5", "p6"]);
      expect(features.p6.shape).toEqual([1, 6, 1, 1]);
    }
  });

  it("runs a convolution that has been replaced", async () => {
    const fpn = passThrough(pyramid());
    const doubling = new Conv2d({ inChannels: 1, outChannels: 1, kernelSize: 1, bias: false });
    doubling.weight.set(Float32Array.of(2));
    fpn.setSubmodule("fpn_lateral4", doubling.eval());
    expect(await fpn(images).p4.data()).toBeAllclose(new Float32Array(8).fill(200));
  });

  it("wants images whose sides its coarsest stride divides", () => {
    const fpn = pyramid({ squarePad: 1024 });
    expect(fpn.sizeDivisibility).toBe(16);
    expect(fpn.paddingConstraints).toEqual({ squareSize: 1024 });
    expect(() => fpn(zeros([1, 3, 40, 64]))).toThrow(
      "FPN: c1 has shape [1, 1, 5, 8], wanted N×C×6×8; images must be multiples of 16",
    );
  });

  it.each([
    [
      [4, 16],
      ["c0", "c1"],
    ],
    [
      [4, 8, 32],
      ["c0", "c1", "c2"],
    ],
    [
      [8, 4],
      ["c0", "c1"],
    ],
    [
      [3, 6],
      ["c0", "c1"],
    ],
    [
      [4, undefined],
      ["c0", "c1"],
    ],
  ])("does not stand on strides %j", (strides, inFeatures) => {
    expect(() => pyramid({ bottomUp: new Constants(strides), inFeatures })).toThrow(
      new FeatureStrideError(inFeatures, strides),
    );
  });

  it("does not stand on features that there are not", () => {
    expect(() => pyramid({ inFeatures: ["c2", "c3"] })).toThrow(
      new UnknownFeatureError("FPN", "c3", ["c0", "c1", "c2"]),
    );
    expect(() => pyramid({ topBlock: new LastLevelMaxPool() })).toThrow(
      new UnknownFeatureError("FPN", "p5", ["c0", "c1", "c2", "p2", "p3", "p4"]),
    );
    expect(() => pyramid({ inFeatures: [] })).toThrow("inFeatures has to name some features");
  });

  it("does not stand on a feature of unknown channels", () => {
    class Untold extends Constants {
      override outputShape(): Record<string, ShapeSpec> {
        return { c0: { stride: 4 } };
      }
    }
    expect(() => pyramid({ bottomUp: new Untold(), inFeatures: ["c0"] })).toThrow(
      "does not tell the channels of c0",
    );
  });
});

describe("top blocks", () => {
  it("subsamples every second row and column", async () => {
    const grid = tensor(
      Float32Array.from({ length: 15 }, (_, i) => i),
      { shape: [1, 1, 3, 5] },
    );
    const [p6] = new LastLevelMaxPool()(grid);
    expect(p6.shape).toEqual([1, 1, 2, 3]);
    expect(await p6.data()).toBeAllclose([0, 2, 4, 10, 12, 14]);
  });

  it("lets only the second convolution see a ReLU", async () => {
    const block = new LastLevelP6P7({ inChannels: 1, outChannels: 1 });
    for (const { weight } of [block.p6, block.p7]) {
      weight.set(Float32Array.of(0, 0, 0, 0, -1, 0, 0, 0, 0));
    }
    block.eval();
    const [p6, p7] = block(
      tensor([
        [
          [
            [3, 0],
            [0, 0],
          ],
        ],
      ]),
    );
    expect(await p6.data()).toBeAllclose([-3]);
    expect(await p7.data()).toBeAllclose([0]);
    const [positive, negated] = block(
      tensor([
        [
          [
            [-3, 0],
            [0, 0],
          ],
        ],
      ]),
    );
    expect(await positive.data()).toBeAllclose([3]);
    expect(await negated.data()).toBeAllclose([-3]);
  });
});
