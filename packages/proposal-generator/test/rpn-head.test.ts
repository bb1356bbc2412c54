import { getCfg } from "@detectron-ts/config";
import { OptionError } from "@detectron-ts/layers";
import { zeros } from "@detectron-ts/tensor";
import { describe, expect, it } from "vitest";

import { buildRpnHead, RPN_HEAD_REGISTRY, StandardRPNHead } from "../src/index.ts";

const shapesOf = (head: StandardRPNHead) =>
  Object.fromEntries([...head.namedParameters()].map(([name, { shape }]) => [name, shape]));

describe("StandardRPNHead", () => {
  it("names its single convolution as detectron2's checkpoints do", () => {
    expect(shapesOf(new StandardRPNHead({ inChannels: 8, numAnchors: 3 }))).toEqual({
      "conv.weight": [8, 8, 3, 3],
      "conv.bias": [8],
      "objectness_logits.weight": [3, 8, 1, 1],
      "objectness_logits.bias": [3],
      "anchor_deltas.weight": [12, 8, 1, 1],
      "anchor_deltas.bias": [12],
    });
  });

  it("numbers several convolutions, of which -1 keeps the channels", () => {
    const head = new StandardRPNHead({
      inChannels: 8,
      numAnchors: 2,
      boxDim: 5,
      convDims: [16, -1, 4],
    });
    expect(shapesOf(head)).toMatchObject({
      "conv.conv0.weight": [16, 8, 3, 3],
      "conv.conv1.weight": [16, 16, 3, 3],
      "conv.conv2.weight": [4, 16, 3, 3],
      "objectness_logits.weight": [2, 4, 1, 1],
      "anchor_deltas.weight": [10, 4, 1, 1],
    });
  });

  it("begins with normal weights of standard deviation 0.01 and zero biases", () => {
    const head = new StandardRPNHead({ inChannels: 32, numAnchors: 3 });
    const weights = [...(head.namedParameters().get("conv.weight")?.dataSync() ?? [])].map(Number);
    const variance = weights.reduce((sum, w) => sum + w * w, 0) / weights.length;
    expect(Math.sqrt(variance)).toBeCloseTo(0.01, 3);
    for (const [name, parameter] of head.namedParameters()) {
      if (name.endsWith("bias")) expect([...parameter.dataSync()].every((b) => b === 0)).toBe(true);
    }
  });

  it("predicts logits and deltas at every location of every feature map", () => {
    const head = new StandardRPNHead({ inChannels: 8, numAnchors: 3, convDims: [4, 4] });
    const [logits, deltas] = head([zeros([2, 8, 6, 5]), zeros([2, 8, 3, 2])]);
    expect(logits.map(({ shape }) => shape)).toEqual([
      [2, 3, 6, 5],
      [2, 3, 3, 2],
    ]);
    expect(deltas.map(({ shape }) => shape)).toEqual([
      [2, 12, 6, 5],
      [2, 12, 3, 2],
    ]);
  });

  it("refuses convolutions it cannot make", () => {
    for (const convDims of [[], [0], [16, -2]]) {
      expect(() => new StandardRPNHead({ inChannels: 8, numAnchors: 3, convDims })).toThrow(
        OptionError,
      );
    }
  });
});

describe("buildRpnHead", () => {
  const cfg = getCfg();
  cfg.MODEL.ANCHOR_GENERATOR.SIZES = [[32], [64]];

  it("builds the head the config names, for the anchors of the config", () => {
    const head = buildRpnHead(cfg, [
      { channels: 16, stride: 4 },
      { channels: 16, stride: 8 },
    ]);
    expect(head).toBeInstanceOf(StandardRPNHead);
    expect(head.namedParameters().get("objectness_logits.weight")?.shape).toEqual([3, 16, 1, 1]);
    expect(RPN_HEAD_REGISTRY.has("StandardRPNHead")).toBe(true);
  });

  it("refuses feature maps that cannot share a head", () => {
    const build = (channels: (number | undefined)[]) => () =>
      buildRpnHead(
        cfg,
        channels.map((c, level) => ({ channels: c, stride: 4 * 2 ** level })),
      );
    expect(build([16, 32])).toThrow(OptionError);
    expect(build([undefined, undefined])).toThrow("channels of the feature maps");
    const uneven = getCfg();
    uneven.MODEL.ANCHOR_GENERATOR.SIZES = [[32], [64, 128]];
    const shapes = [
      { channels: 16, stride: 4 },
      { channels: 16, stride: 8 },
    ];
    expect(() => buildRpnHead(uneven, shapes)).toThrow("anchors of the feature maps");
  });
});
