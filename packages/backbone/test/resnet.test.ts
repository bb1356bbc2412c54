import "@detectron-ts/runtime";
import { BasicBlock, BasicStem, BottleneckBlock } from "@detectron-ts/layers";
import { BatchNorm2d, FrozenBatchNorm2d, LayerOptionError } from "@detectron-ts/nn";
import { ones, zeros } from "@detectron-ts/tensor";
import { describe, expect, it } from "vitest";
import {
  type DefaultStagesOptions,
  makeDefaultStages,
  ResNet,
  type ResNetOptions,
  UnknownFeatureError,
} from "../src/index.ts";

/** A ResNet of few channels. */
function tiny(
  stages: Partial<DefaultStagesOptions> = {},
  options: Partial<ResNetOptions> = {},
): ResNet {
  const { norm = "BN" } = stages;
  return new ResNet({
    stem: new BasicStem({ outChannels: 8, norm }),
    stages: makeDefaultStages({
      depth: 50,
      inChannels: 8,
      res2OutChannels: 16,
      widthPerGroup: 4,
      ...stages,
    }),
    ...options,
  });
}

const ALL = ["stem", "res2", "res3", "res4", "res5"];
const images = zeros([2, 3, 64, 96]);

describe("ResNet", () => {
  it.each([18, 34, 50, 101, 152])("has the blocks of depth %i", (depth) => {
    const blocks: Record<number, number[]> = {
      18: [2, 2, 2, 2],
      34: [3, 4, 6, 3],
      50: [3, 4, 6, 3],
      101: [3, 4, 23, 3],
      152: [3, 8, 36, 3],
    };
    const stages = makeDefaultStages({ depth, res2OutChannels: 16, widthPerGroup: 4 });
    expect(stages.map((stage) => stage.length)).toEqual(blocks[depth]);
    const kind = depth < 50 ? BasicBlock : BottleneckBlock;
    expect(stages.flat().every((block) => block instanceof kind)).toBe(true);
  });

  it("doubles channels and stride from stage to stage, as its features do", () => {
    const resnet = tiny({}, { outFeatures: ALL });
    expect(resnet.outputShape()).toEqual({
      stem: { channels: 8, stride: 4 },
      res2: { channels: 16, stride: 4 },
      res3: { channels: 32, stride: 8 },
      res4: { channels: 64, stride: 16 },
      res5: { channels: 128, stride: 32 },
    });
    const features = resnet(images);
    expect(Object.keys(features)).toEqual(ALL);
    for (const [name, { channels, stride }] of Object.entries(resnet.outputShape())) {
      expect(features[name].shape).toEqual([2, channels, 64 / stride!, 96 / stride!]);
    }
  });

  it("rounds odd sizes up at each stride", () => {
    const { res5 } = tiny()(zeros([1, 3, 65, 97]));
    expect(res5.shape).toEqual([1, 128, 3, 4]);
  });

  it("keeps res4's stride in a dilated res5", () => {
    const resnet = tiny({ res5Dilation: 2 });
    expect(resnet.outputShape()).toEqual({ res5: { channels: 128, stride: 16 } });
    expect(resnet(images).res5.shape).toEqual([2, 128, 4, 6]);
  });

  it("puts the stride in the first 1×1 convolution or in the 3×3", () => {
    const strides = (strideIn1x1: boolean) => {
      const block = makeDefaultStages({
        depth: 50,
        res2OutChannels: 16,
        widthPerGroup: 4,
        strideIn1x1,
        numStages: 2,
      })[1][0];
      const { conv1, conv2 } = block as BottleneckBlock;
      return [conv1, conv2].map((conv) => conv(zeros([1, conv === conv1 ? 16 : 8, 8, 8])).shape[2]);
    };
    expect(strides(true)).toEqual([4, 8]);
    expect(strides(false)).toEqual([8, 4]);
  });

  it("gives the 3×3 convolutions of a ResNeXt groups of a width that doubles", () => {
    const weights = tiny({ numGroups: 4, widthPerGroup: 2 }).stateDict();
    expect(weights.get("res2.0.conv2.weight")?.shape).toEqual([8, 2, 3, 3]);
    expect(weights.get("res5.0.conv2.weight")?.shape).toEqual([64, 16, 3, 3]);
  });

  it("makes chosen stages deformable", () => {
    const deformOnPerStage = [false, true, false, false];
    const names = (options: Partial<DefaultStagesOptions>) =>
      [...tiny({ deformOnPerStage, ...options }).stateDict()].filter(([name]) =>
        name.endsWith("conv2_offset.weight"),
      );
    const plain = names({ deformNumGroups: 2 });
    expect(plain.map(([name]) => name.slice(0, 4))).toEqual(["res3", "res3", "res3", "res3"]);
    expect(plain[0][1].shape).toEqual([36, 8, 3, 3]);
    expect(names({ deformModulated: true })[0][1].shape).toEqual([27, 8, 3, 3]);
  });

  it("names its weights as detectron2 does", () => {
    const names = [...tiny({ norm: "FrozenBN" }).stateDict().keys()];
    expect(names).toContain("stem.conv1.weight");
    expect(names).toContain("stem.conv1.norm.running_var");
    expect(names).toContain("res2.0.shortcut.norm.weight");
    expect(names).toContain("res5.2.conv3.weight");
    expect(names).not.toContain("res2.1.shortcut.weight");
    // 53 convolutions, each with a norm of four tensors.
    expect(names).toHaveLength(53 * 5);
  });

  it("does not keep stages after the last feature asked for", () => {
    const resnet = tiny({}, { outFeatures: ["res3", "stem"] });
    expect([...resnet.namedChildren().keys()]).toEqual(["stem", "res2", "res3"]);
    expect(Object.keys(resnet(images))).toEqual(["stem", "res3"]);
    expect([
      ...tiny({}, { outFeatures: ["stem"] })
        .namedChildren()
        .keys(),
    ]).toEqual(["stem"]);
  });

  it("ends in a linear classifier when it is told the number of classes", () => {
    const resnet = tiny({}, { numClasses: 10 });
    expect(resnet.outputShape()).toEqual({ linear: { channels: 10 } });
    expect(resnet(images).linear.shape).toEqual([2, 10]);
    expect(resnet.stateDict().get("linear.weight")?.shape).toEqual([10, 128]);
    const both = tiny({}, { numClasses: 10, outFeatures: ["res2", "linear"] });
    expect(Object.keys(both(images))).toEqual(["res2", "linear"]);
  });

  it("runs a stage that has been replaced", () => {
    const resnet = tiny({}, { outFeatures: ["res2"] });
    resnet.setSubmodule("res2", new BasicStem({ inChannels: 8, outChannels: 5 }));
    expect(resnet(images).res2.shape).toEqual([2, 5, 4, 6]);
  });

  it("has no opinion on the size of images", () => {
    const resnet = tiny();
    expect(resnet.sizeDivisibility).toBe(0);
    expect(resnet.paddingConstraints).toEqual({});
  });
});

describe("freezing", () => {
  const trainedParts = (resnet: ResNet) =>
    new Set(
      [...resnet.namedParameters()]
        .filter(([, parameter]) => parameter.requiresGrad)
        .map(([name]) => name.split(".")[0]),
    );

  it.each([
    [0, ALL],
    [1, ["res2", "res3", "res4", "res5"]],
    [2, ["res3", "res4", "res5"]],
    [3, ["res4", "res5"]],
    [4, ["res5"]],
    [5, []],
  ])("at %i leaves %j in training", (freezeAt, trained) => {
    expect([...trainedParts(tiny({}, { freezeAt }))]).toEqual(trained);
  });

  it("turns the batch norms of frozen parts, and no others, into frozen ones", () => {
    const resnet = tiny({}, { freezeAt: 2 });
    for (const [name, module] of resnet.namedModules()) {
      if (!name.endsWith("norm")) continue;
      const isFrozen = name.startsWith("stem") || name.startsWith("res2");
      expect(module).toBeInstanceOf(isFrozen ? FrozenBatchNorm2d : BatchNorm2d);
    }
  });

  it("lets gradients reach the parts in training only", async () => {
    const resnet = tiny({ numStages: 3 }, { freezeAt: 2 });
    await resnet(ones([1, 3, 32, 32]))
      .res4.square()
      .sum()
      .backward();
    for (const [name, { grad }] of resnet.namedParameters()) {
      const isFrozen = name.startsWith("stem") || name.startsWith("res2");
      expect([name, grad === null]).toEqual([name, isFrozen]);
    }
  });

  it("can go on later", () => {
    const resnet = tiny();
    expect(resnet.freeze(3)).toBe(resnet);
    expect([...trainedParts(resnet)]).toEqual(["res4", "res5"]);
  });
});

describe("a ResNet that cannot be built", () => {
  it.each([
    [{ depth: 42 }, "depth"],
    [{ depth: 18, numGroups: 2 }, "numGroups"],
    [{ depth: 34, res5Dilation: 2 }, "res5Dilation"],
    [{ depth: 18, deformOnPerStage: [false, false, false, true] }, "deformOnPerStage"],
    [{ depth: 50, res5Dilation: 4 }, "res5Dilation"],
    [{ depth: 50, deformOnPerStage: [true] }, "deformOnPerStage"],
    [{ depth: 50, numStages: 5 }, "numStages"],
  ])("%j is refused for its %s", (options, option) => {
    expect(() => makeDefaultStages(options)).toThrow(
      expect.objectContaining({ name: "LayerOptionError", option }),
    );
  });

  it("is refused when it asks for features that there are not", () => {
    expect(() => tiny({}, { outFeatures: ["res4", "res6"] })).toThrow(
      new UnknownFeatureError("ResNet", "res6", ALL),
    );
    expect(() => tiny({}, { outFeatures: ["linear"] })).toThrow(UnknownFeatureError);
    expect(() => tiny({}, { outFeatures: [] })).toThrow(LayerOptionError);
  });

  it("is refused when a stage has no blocks", () => {
    expect(() => new ResNet({ stem: new BasicStem(), stages: [[]] })).toThrow(LayerOptionError);
  });

  it("is told when the images are no batch", () => {
    expect(() => tiny()(zeros([3, 64, 64]))).toThrow(
      "images has shape [3, 64, 64], wanted N×C×H×W",
    );
  });
});
