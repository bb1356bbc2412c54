import { getCfg } from "@detectron-ts/config";
import { Conv2d, GroupNorm, LayerNorm, Module, Parameter } from "@detectron-ts/nn";
import {
  buildOptimizer,
  getDefaultOptimizerParams,
  OptimizerOptionError,
  reduceParamGroups,
  SolverConfigError,
  type DefaultParamGroup,
} from "@detectron-ts/solver";
import type { Tensor } from "@detectron-ts/tensor";
import { describe, expect, it } from "vitest";
import { setGradient, valuesOf } from "./support.ts";

/** Convolutions with and without a norm, a shared weight, and a frozen parameter. */
class Model extends Module<[x: Tensor], Tensor> {
  readonly conv = new Conv2d({
    inChannels: 1,
    outChannels: 2,
    kernelSize: 1,
    norm: new GroupNorm({ numGroups: 1, numChannels: 2 }),
  });
  readonly layerNorm = new LayerNorm({ numChannels: 2 });
  readonly head = new Conv2d({ inChannels: 2, outChannels: 1, kernelSize: 1 });
  readonly sharedHead = this.head;
  readonly posEmbed = new Parameter(Float32Array.of(1), [1]);
  readonly frozen = new Parameter(Float32Array.of(1), [1]);

  constructor() {
    super();
    this.frozen.requiresGrad = false;
  }

  forward(x: Tensor): Tensor {
    return this.head(this.conv(x));
  }
}

/** The groups with names in place of parameters. */
function named(model: Model, groups: readonly DefaultParamGroup[]): unknown[] {
  const names = new Map([...model.namedParameters()].map(([name, each]) => [each, name]));
  return groups.map(({ params, ...options }) => ({
    ...options,
    params: params.map((each) => names.get(each)),
  }));
}

describe("getDefaultOptimizerParams", () => {
  const model = new Model();

  it("is one group of all trainable parameters, each once, when nothing is particular", () => {
    expect(named(model, getDefaultOptimizerParams({ model }))).toEqual([
      {
        params: [
          "pos_embed",
          "conv.weight",
          "conv.bias",
          "conv.norm.weight",
          "conv.norm.bias",
          "layer_norm.weight",
          "layer_norm.bias",
          "head.weight",
          "head.bias",
        ],
      },
    ]);
  });

  it("gives batch and group norms, but not the channel-first layer norm, their weight decay", () => {
    const groups = getDefaultOptimizerParams({ model, weightDecay: 0.1, weightDecayNorm: 0 });
    expect(named(model, groups)).toMatchObject([
      { weightDecay: 0.1 },
      { weightDecay: 0, params: ["conv.norm.weight", "conv.norm.bias"] },
    ]);
    expect(groups[0].params).toHaveLength(7);
  });

  it("treats biases apart, those of norms too", () => {
    const groups = getDefaultOptimizerParams({
      model,
      baseLr: 0.5,
      weightDecayNorm: 0,
      biasLrFactor: 2,
      weightDecayBias: 0.25,
    });
    expect(named(model, groups)).toEqual([
      { lr: 0.5, params: ["pos_embed", "conv.weight", "layer_norm.weight", "head.weight"] },
      {
        lr: 1,
        weightDecay: 0.25,
        params: ["conv.bias", "conv.norm.bias", "layer_norm.bias", "head.bias"],
      },
      { lr: 0.5, weightDecay: 0, params: ["conv.norm.weight"] },
    ]);
  });

  it("scales learning rates by name, and lets overrides have the last word", () => {
    const groups = getDefaultOptimizerParams({
      model,
      baseLr: 1,
      lrFactorFunc: (name) => (name.startsWith("conv.") || name === "pos_embed" ? 0.5 : 1),
      overrides: { pos_embed: { lr: 3, weightDecay: 0 } },
    });
    expect(named(model, groups)).toMatchObject([
      { lr: 3, weightDecay: 0, params: ["pos_embed"] },
      { lr: 0.5, params: ["conv.weight", "conv.bias", "conv.norm.weight", "conv.norm.bias"] },
      { lr: 1 },
    ]);
  });

  it("refuses factors of no learning rate, and two rules for biases", () => {
    for (const options of [
      { biasLrFactor: 2 },
      { lrFactorFunc: () => 1 },
      { weightDecayBias: 0, overrides: { bias: { weightDecay: 0.1 } } },
    ]) {
      expect(() => getDefaultOptimizerParams({ model, ...options })).toThrow(OptimizerOptionError);
    }
  });
});

describe("reduceParamGroups", () => {
  it("merges groups of equal hyperparameters in the order of their first members", () => {
    const groups = [
      { params: ["p1"], lr: 1, weightDecay: 4 },
      { params: ["p2", "p6"], lr: 2, weightDecay: 3 },
      { params: ["p3"], lr: 2, weightDecay: 3 },
      { params: ["p4"], lr: 1, weightDecay: 3 },
      { params: ["p5"], weightDecay: 3, lr: 2 },
    ];
    expect(reduceParamGroups(groups)).toEqual([
      { params: ["p1"], lr: 1, weightDecay: 4 },
      { params: ["p2", "p6", "p3", "p5"], lr: 2, weightDecay: 3 },
      { params: ["p4"], lr: 1, weightDecay: 3 },
    ]);
  });

  it("lets later groups override what earlier ones say of a parameter", () => {
    const groups: { params: string[]; lr?: number; weightDecay?: number }[] = [
      { params: ["p1", "p2"], lr: 1, weightDecay: 4 },
      { params: ["p2", "p3", "p5"], lr: 2, weightDecay: 3 },
      { params: ["p1"], weightDecay: 2 },
    ];
    expect(reduceParamGroups(groups)).toEqual([
      { params: ["p1"], lr: 1, weightDecay: 2 },
      { params: ["p2", "p3", "p5"], lr: 2, weightDecay: 3 },
    ]);
    expect(reduceParamGroups([])).toEqual([]);
  });
});

describe("buildOptimizer", () => {
  it("is SGD with the config's hyperparameters, and no weight decay of norms", () => {
    const cfg = getCfg();
    cfg.mergeFromList(["SOLVER.NESTEROV", "True", "SOLVER.BASE_LR", "0.02"]);
    const optimizer = buildOptimizer(cfg, new Model());
    const common = { lr: 0.02, momentum: 0.9, nesterov: true };
    expect(optimizer.paramGroups).toMatchObject([
      { ...common, weightDecay: 0.0001 },
      { ...common, weightDecay: 0 },
    ]);
    expect(optimizer.paramGroups.map(({ params }) => params.length)).toEqual([7, 2]);
  });

  it("clips gradients as the config says", () => {
    const cfg = getCfg();
    cfg.mergeFromList(["SOLVER.CLIP_GRADIENTS.ENABLED", "True", "SOLVER.BASE_LR", "1.0"]);
    const model = new Model();
    setGradient(model.posEmbed, 100);
    cfg.SOLVER.WEIGHT_DECAY = 0;
    buildOptimizer(cfg, model).step();
    expect(valuesOf(model.posEmbed)).toEqual([0]);

    cfg.SOLVER.CLIP_GRADIENTS.CLIP_TYPE = "agc";
    expect(() => buildOptimizer(cfg, model)).toThrow(SolverConfigError);
    expect(() => buildOptimizer(cfg, model)).toThrow(/CLIP_TYPE .*got "agc"/);
  });
});
