import "@detectron-ts/runtime";
import {
  BatchNorm2d,
  FrozenBatchNorm2d,
  LayerOptionError,
  Sequential,
  manualSeed,
} from "@detectron-ts/nn";
import { tensor, zeros } from "@detectron-ts/tensor";
import { describe, expect, test } from "vitest";
import {
  BasicBlock,
  BasicStem,
  BottleneckBlock,
  DeformBottleneckBlock,
  makeStage,
  type CNNBlockBase,
} from "../src/index.ts";

const bottleneck = { inChannels: 8, outChannels: 16, bottleneckChannels: 4, norm: "FrozenBN" };
const waves = (...shape: number[]) => {
  const size = shape.reduce((product, side) => product * side, 1);
  return tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(1.7 * i)),
    { shape },
  );
};
const weightNames = (block: CNNBlockBase) =>
  [...block.stateDict().keys()].filter((name) => !name.includes(".norm."));

describe("residual blocks", () => {
  test("have detectron2's parameter names", () => {
    expect([...new BasicStem({ norm: "FrozenBN" }).stateDict().keys()]).toEqual([
      "conv1.weight",
      "conv1.norm.weight",
      "conv1.norm.bias",
      "conv1.norm.running_mean",
      "conv1.norm.running_var",
    ]);
    const basic = new BasicBlock({ inChannels: 4, outChannels: 8 });
    expect(new Set(weightNames(basic))).toEqual(
      new Set(["conv1.weight", "conv2.weight", "shortcut.weight"]),
    );
    const conv123 = ["conv1.weight", "conv2.weight", "conv3.weight"];
    const offsets = ["conv2_offset.weight", "conv2_offset.bias"];
    expect(new Set(weightNames(new BottleneckBlock(bottleneck)))).toEqual(
      new Set([...conv123, "shortcut.weight"]),
    );
    expect(new Set(weightNames(new DeformBottleneckBlock(bottleneck)))).toEqual(
      new Set([...conv123, ...offsets, "shortcut.weight"]),
    );
    const deform = new DeformBottleneckBlock(bottleneck).stateDict();
    expect(deform.has("conv2.norm.running_var")).toBe(true);
  });

  test("have a shortcut only where the number of channels changes", () => {
    const same = { ...bottleneck, outChannels: 8, stride: 2 };
    expect(new BasicBlock({ inChannels: 4, outChannels: 4 }).shortcut).toBeNull();
    expect(new BottleneckBlock(same).shortcut).toBeNull();
    expect(new DeformBottleneckBlock(bottleneck).shortcut).not.toBeNull();
  });

  test("shrink the map by their stride, rounding up", () => {
    const x = zeros([2, 8, 7, 10]);
    expect(new BasicStem()(zeros([1, 3, 33, 64])).shape).toEqual([1, 64, 9, 16]);
    const basic = new BasicBlock({ inChannels: 8, outChannels: 16, stride: 2 });
    expect(basic(x).shape).toEqual([2, 16, 4, 5]);
    for (const strideIn1x1 of [true, false]) {
      const options = { ...bottleneck, stride: 2, strideIn1x1 };
      expect(new BottleneckBlock(options)(x).shape).toEqual([2, 16, 4, 5]);
      expect(new DeformBottleneckBlock(options)(x).shape).toEqual([2, 16, 4, 5]);
    }
    expect(new BottleneckBlock({ ...bottleneck, dilation: 2 })(x).shape).toEqual([2, 16, 7, 10]);
  });

  test("have the stride in the first 1×1 convolution, or in the 3×3", () => {
    const sizeAfterConv1 = (strideIn1x1: boolean) => {
      const block = new BottleneckBlock({ ...bottleneck, stride: 2, strideIn1x1 });
      let size: readonly number[] = [];
      block.conv1.registerForwardHook((_module, _inputs, output) => {
        size = output.shape.slice(2);
      });
      block(zeros([1, 8, 6, 8]));
      return size;
    };
    expect(sizeAfterConv1(true)).toEqual([3, 4]);
    expect(sizeAfterConv1(false)).toEqual([6, 8]);
  });

  test("a fresh deformable block equals the plain one of its weights, for its offsets are zero", async () => {
    manualSeed(3);
    const plain = new BottleneckBlock({ ...bottleneck, numGroups: 2, stride: 2 });
    const deform = new DeformBottleneckBlock({ ...bottleneck, numGroups: 2, stride: 2 });
    deform.loadStateDict(plain.stateDict(), { strict: false });
    const x = waves(2, 8, 7, 6);
    const expected = await plain.eval()(x).toNdarray();
    expect(await deform.eval()(x).toNdarray()).toBeAllclose(expected);
  });

  test("a fresh modulated block weights its samples by one half", async () => {
    manualSeed(4);
    const norm = "";
    const deform = new DeformBottleneckBlock({ ...bottleneck, norm });
    const options = { ...bottleneck, norm, deformModulated: true, deformNumGroups: 2 };
    const modulated = new DeformBottleneckBlock(options);
    expect(modulated.conv2Offset.weight.shape).toEqual([54, 4, 3, 3]);
    const weights = deform.stateDict();
    for (const name of ["conv2_offset.weight", "conv2_offset.bias"]) weights.delete(name);
    modulated.loadStateDict(weights, { strict: false });
    modulated.conv2.weight.update((data) => {
      for (let i = 0; i < data.length; i++) data[i] = 2 * Number(data[i]);
    });
    const x = waves(1, 8, 5, 5);
    const expected = await deform.eval()(x).toNdarray();
    expect(await modulated.eval()(x).toNdarray()).toBeAllclose(expected);
  });

  test("freezing stops every gradient and freezes batch norms with their statistics", () => {
    const block = new BottleneckBlock({ ...bottleneck, norm: "BN" });
    expect(block.conv2.norm).toBeInstanceOf(BatchNorm2d);
    const names = [...block.stateDict().keys()];
    expect(block.freeze()).toBe(block);
    expect(block.conv2.norm).toBeInstanceOf(FrozenBatchNorm2d);
    expect(block.parameters().every((parameter) => !parameter.requiresGrad)).toBe(true);
    expect(new Set(block.stateDict().keys())).toEqual(new Set(names));
  });
});

describe("makeStage", () => {
  test("gives the stride and the change of channels to the first block only", () => {
    const blocks = makeStage(
      { numBlocks: 3, inChannels: 8, outChannels: 16, stride: 2 },
      (block) => new BottleneckBlock({ ...block, bottleneckChannels: 4, norm: "" }),
    ).map(({ inChannels, outChannels, stride }) => [inChannels, outChannels, stride]);
    expect(blocks).toEqual([
      [8, 16, 2],
      [16, 16, 1],
      [16, 16, 1],
    ]);
  });

  test("its blocks in sequence have detectron2's names", () => {
    const stage = new Sequential(
      ...makeStage(
        { numBlocks: 2, inChannels: 4, outChannels: 4, stride: 1 },
        (block) => new BasicBlock({ ...block, norm: "" }),
      ),
    );
    expect([...stage.stateDict().keys()]).toEqual(
      ["0.conv1", "0.conv2", "1.conv1", "1.conv2"].map((name) => `${name}.weight`),
    );
  });

  test("a stage without blocks is refused", () => {
    const create = () => new BasicBlock({ inChannels: 4, outChannels: 4 });
    const stage = { numBlocks: 0, inChannels: 4, outChannels: 4, stride: 1 };
    expect(() => makeStage(stage, create)).toThrow(LayerOptionError);
  });
});
