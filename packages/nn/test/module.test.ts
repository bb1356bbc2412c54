import { Tensor, tensor } from "@detectron-ts/tensor";
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  type AnyModule,
  BatchNorm2d,
  Buffer,
  Conv2d,
  convertFrozenBatchNorm,
  FrozenBatchNorm2d,
  getNorm,
  Identity,
  Linear,
  Module,
  ModuleList,
  ModuleNameError,
  Parameter,
  relu,
  Sequential,
  StateDictError,
  SubmoduleError,
  type Variable,
} from "../src/index.ts";

const values = (...numbers: number[]) => Float32Array.from(numbers);
const parameter = (...numbers: number[]) => new Parameter(values(...numbers), [numbers.length]);

class Doubler extends Module<[x: number], number> {
  forward(x: number): number {
    return 2 * x;
  }
}

class AsyncDoubler extends Module<[x: number], Promise<number>> {
  async forward(x: number): Promise<number> {
    await Promise.resolve();
    return 2 * x;
  }
}

class Stem extends Module<[x: Tensor], Tensor> {
  readonly conv1 = new Conv2d({
    inChannels: 3,
    outChannels: 2,
    kernelSize: 3,
    bias: false,
    norm: getNorm("BN", 2),
  });
  forward(x: Tensor): Tensor {
    return this.conv1(x);
  }
}

class Backbone extends Module<[x: Tensor], Tensor> {
  readonly bottomUp = new Stem();
  readonly fc1 = new Linear({ inFeatures: 2, outFeatures: 1 });
  readonly conv2Offset = new Identity();
  readonly maskFcn1: Linear | null = null;
  forward(x: Tensor): Tensor {
    return this.bottomUp(x);
  }
}

describe("a module", () => {
  it("is a typed function that runs forward", () => {
    const doubler = new Doubler();
    expect(doubler(4)).toBe(8);
    expect(doubler).toBeInstanceOf(Module);
    expect(doubler).toBeInstanceOf(Doubler);
    expectTypeOf(doubler).toBeCallableWith(4);
    expectTypeOf(doubler(4)).toEqualTypeOf<number>();
    expectTypeOf<Doubler>().toExtend<AnyModule>();
    expectTypeOf<AsyncDoubler>().toExtend<AnyModule>();
    expectTypeOf<ModuleList<Linear>>().toExtend<AnyModule>();
    expectTypeOf<Conv2d>().toExtend<(x: Tensor) => Tensor>();
  });

  it("keeps private fields, super calls and fields named like those of functions", () => {
    class Counting extends Doubler {
      #calls = 0;
      override readonly name = "counting";
      override forward(x: number): number {
        this.#calls += 1;
        return super.forward(x) + this.#calls;
      }
    }
    const counting = new Counting();
    expect([counting(1), counting(1)]).toEqual([3, 4]);
    expect(counting.name).toBe("counting");
  });

  it("can be entered in a checkpointer", () => {
    interface Entry {
      readonly shape: readonly number[];
      readonly dtype: string;
      set(data: Float32Array | Int32Array | BigInt64Array | Uint8Array): void;
    }
    expectTypeOf<AnyModule>().toExtend<{ stateDict(): ReadonlyMap<string, Entry> }>();
    expectTypeOf<Variable>().toExtend<Entry>();
    expect(new Stem().stateDict().get("conv1.weight")!.shape).toEqual([2, 3, 3, 3]);
  });

  it("prints as a tree", () => {
    expect(`${new Backbone()}`).toMatchInlineSnapshot(`
      "Backbone(
        (bottom_up): Stem(
          (conv1): Conv2d(
            3, 2, kernelSize=[3, 3], bias=false
            (norm): BatchNorm2d(numFeatures=2, eps=0.00001, momentum=0.1)
          )
        )
        (fc1): Linear(inFeatures=2, outFeatures=1)
        (conv2_offset): Identity()
      )"
    `);
  });
});

describe("hooks", () => {
  it("run before and after forward, in order, and may replace what passes", () => {
    const doubler = new Doubler();
    const seen: unknown[] = [];
    doubler.registerForwardPreHook((module, args) => {
      seen.push(module === doubler, args);
    });
    doubler.registerForwardPreHook((_, [x]) => [x + 1]);
    doubler.registerForwardHook((_, args, output) => {
      seen.push(args, output);
    });
    doubler.registerForwardHook((_, __, output) => output + 100);
    expect(doubler(1)).toBe(104);
    expect(seen).toEqual([true, [1], [2], 4]);
  });

  it("of an async forward get what it resolves to", async () => {
    const doubler = new AsyncDoubler();
    doubler.registerForwardHook((_, __, output) => {
      expectTypeOf(output).toEqualTypeOf<number>();
      return output + 1;
    });
    expect(await doubler(4)).toBe(9);
  });

  it("are taken off by remove() and at the end of a using block", () => {
    const doubler = new Doubler();
    const handle = doubler.registerForwardHook(() => 0);
    expect([doubler(1), doubler.hasHooks]).toEqual([0, true]);
    handle.remove();
    expect(doubler(1)).toBe(2);
    {
      using _handle = doubler.registerForwardPreHook(() => [5]);
      expect(doubler(1)).toBe(10);
    }
    expect([doubler(1), doubler.hasHooks]).toEqual([2, false]);
  });

  it("may take themselves off while running", () => {
    const doubler = new Doubler();
    const once = doubler.registerForwardHook(() => {
      once.remove();
      return 7;
    });
    doubler.registerForwardHook((_, __, output) => output + 1);
    expect([doubler(1), doubler(1)]).toEqual([8, 3]);
  });

  it("may say which output they expect of a module found by its path", () => {
    const model = new Backbone();
    let captured: Tensor | undefined;
    model.getSubmodule("bottom_up.conv1").registerForwardHook((_, __, output: Tensor) => {
      captured = output;
    });
    const output = model(tensor(new Float32Array(75), { shape: [1, 3, 5, 5] }));
    expect(captured).toBe(output);
  });
});

describe("the tree", () => {
  it("names members in snake_case, parameters before buffers before children", () => {
    expect([...new Backbone().stateDict().keys()]).toEqual([
      "bottom_up.conv1.weight",
      "bottom_up.conv1.norm.weight",
      "bottom_up.conv1.norm.bias",
      "bottom_up.conv1.norm.running_mean",
      "bottom_up.conv1.norm.running_var",
      "bottom_up.conv1.norm.num_batches_tracked",
      "fc1.weight",
      "fc1.bias",
    ]);
    expect([...new Backbone().namedModules().keys()]).toEqual([
      "",
      "bottom_up",
      "bottom_up.conv1",
      "bottom_up.conv1.norm",
      "fc1",
      "conv2_offset",
    ]);
  });

  it("takes computed names, and leaves buffers out of checkpoints on request", () => {
    class Pyramid extends Identity {
      readonly laterals = [2, 3].map((stage) =>
        this.registerModule(`fpn_lateral${stage}`, new Linear({ inFeatures: 1, outFeatures: 1 })),
      );
      readonly pixelMean = this.registerBuffer("pixel_mean", new Buffer(values(1), [1]), {
        persistent: false,
      });
      readonly topBlock = this.registerModule("p6", new Identity());
      readonly scaling = this.registerParameter("alpha", parameter(1));
    }
    const pyramid = new Pyramid();
    expect([...pyramid.stateDict().keys()]).toEqual([
      "alpha",
      "fpn_lateral2.weight",
      "fpn_lateral2.bias",
      "fpn_lateral3.weight",
      "fpn_lateral3.bias",
    ]);
    expect([...pyramid.namedBuffers().keys()]).toEqual(["pixel_mean"]);
    expect([...pyramid.namedChildren().keys()]).toEqual(["fpn_lateral2", "fpn_lateral3", "p6"]);
  });

  it("refuses names that are taken, empty or dotted", () => {
    class Clash extends Identity {
      readonly fooBar = parameter(1);
    }
    const clash = new Clash();
    clash.registerParameter("foo_bar", parameter(2));
    expect(() => clash.stateDict()).toThrow(ModuleNameError);
    expect(() => clash.registerModule("foo_bar", new Identity())).toThrow(ModuleNameError);
    expect(() => clash.registerModule("a.b", new Identity())).toThrow(ModuleNameError);
    expect(() => clash.registerModule("", new Identity())).toThrow(ModuleNameError);
  });

  it("lists what is shared once, but under both names in a checkpoint", () => {
    class Tied extends Identity {
      readonly first = new Linear({ inFeatures: 1, outFeatures: 1, bias: false });
      readonly second = this.first;
    }
    const tied = new Tied();
    expect([...tied.namedParameters().keys()]).toEqual(["first.weight"]);
    expect([...tied.namedModules().keys()]).toEqual(["", "first"]);
    expect([...tied.stateDict().keys()]).toEqual(["first.weight", "second.weight"]);
  });

  it("is found by path, with the class that is wanted", () => {
    const model = new Backbone();
    const conv = model.getSubmodule("bottom_up.conv1", Conv2d);
    expectTypeOf(conv).toEqualTypeOf<Conv2d>();
    expect(conv).toBe(model.bottomUp.conv1);
    expect(model.getSubmodule("")).toBe(model);
    expect(() => model.getSubmodule("bottom_up.conv2")).toThrow('no child "conv2"');
    expect(() => model.getSubmodule("bottom_up", Conv2d)).toThrow(SubmoduleError);
  });

  it("lets a module take another's place, registered or held by a property", () => {
    const model = new Backbone();
    const norm = new FrozenBatchNorm2d({ numFeatures: 2 });
    model.setSubmodule("bottom_up.conv1.norm", norm);
    expect(model.bottomUp.conv1.norm).toBe(norm);
    const list = new ModuleList([new Identity(), new Identity()]);
    const replacement = new Identity();
    list.setSubmodule("1", replacement);
    expect([...list][1]).toBe(replacement);
    expect(() => list.setSubmodule("2", replacement)).toThrow(SubmoduleError);
  });

  it("is visited children first by apply", () => {
    const order: string[] = [];
    new Backbone().apply((module) => order.push(module.constructor.name));
    expect(order).toEqual(["BatchNorm2d", "Conv2d", "Stem", "Linear", "Identity", "Backbone"]);
  });
});

describe("training", () => {
  it("is switched for all modules and parameters below", () => {
    const model = new Backbone().eval();
    expect(model.modules().map(({ training }) => training)).not.toContain(true);
    expect(model.parameters().map(({ training }) => training)).not.toContain(true);
    model.bottomUp.train();
    expect([model.training, model.bottomUp.conv1.weight.training]).toEqual([false, true]);
  });

  it("leaves parameters out on request, and forgets gradients", () => {
    const model = new Backbone();
    model.bottomUp.setRequiresGrad(false);
    expect(model.parameters().map(({ requiresGrad }) => requiresGrad)).toEqual([
      false,
      false,
      false,
      true,
      true,
    ]);
    model.fc1.weight.grad = tensor([[1, 2]]);
    model.zeroGrad();
    expect(model.fc1.weight.grad).toBeNull();
  });
});

describe("a state dict", () => {
  it("is loaded by name, converted and copied", () => {
    const linear = new Linear({ inFeatures: 2, outFeatures: 1 });
    const weight = Float64Array.of(0.5, 2);
    const result = linear.loadStateDict(
      new Map([
        ["weight", { shape: [1, 2], data: weight }],
        ["bias", { shape: [1], dtype: "float32", data: [3] }],
      ]),
    );
    weight[0] = 9;
    expect(result).toEqual({ missing: [], unexpected: [], incorrectShapes: [] });
    expect([...linear.weight.dataSync(), ...linear.bias!.dataSync()]).toEqual([0.5, 2, 3]);
  });

  it("goes from one model into another, whose values it does not share", () => {
    const [a, b] = [new Stem(), new Stem()];
    a.conv1.getSubmodule("norm", BatchNorm2d).numBatchesTracked.set(BigInt64Array.of(7n));
    b.loadStateDict(a.stateDict());
    expect(b.conv1.weight.dataSync()).toEqual(a.conv1.weight.dataSync());
    expect(b.conv1.weight.dataSync()).not.toBe(a.conv1.weight.dataSync());
    expect(b.getSubmodule("conv1.norm", BatchNorm2d).numBatchesTracked.dataSync()).toEqual(
      BigInt64Array.of(7n),
    );
  });

  it("that does not fit changes nothing and says all that is wrong", () => {
    const linear = new Linear({ inFeatures: 2, outFeatures: 1 });
    const before = linear.weight.dataSync().slice();
    const source = new Map([
      ["weight", { shape: [1, 2], data: [1, 2] }],
      ["bias", { shape: [2], data: [1, 2] }],
      ["extra", { shape: [], data: [1] }],
    ]);
    expect(() => linear.loadStateDict(source)).toThrow(StateDictError);
    expect(() => linear.loadStateDict(source)).toThrow("bias is [2], wanted [1]");
    expect(linear.weight.dataSync()).toEqual(before);
    expect(() =>
      linear.loadStateDict(new Map([["weight", { shape: [1, 2], data: [1] }]]), { strict: false }),
    ).toThrow("1 values of weight do not fill [1, 2]");
  });

  it("is loaded as far as it fits when not strict", () => {
    const linear = new Linear({ inFeatures: 2, outFeatures: 1 });
    const result = linear.loadStateDict(
      new Map([
        ["weight", { shape: [1, 2], data: [1, 2] }],
        ["extra", { shape: [], data: [1] }],
      ]),
      { strict: false },
    );
    expect(result).toEqual({ missing: ["bias"], unexpected: ["extra"], incorrectShapes: [] });
    expect([...linear.weight.dataSync()]).toEqual([1, 2]);
  });
});

describe("containers", () => {
  it("number their members, functions included", () => {
    const linear = () => new Linear({ inFeatures: 1, outFeatures: 1, bias: false });
    const sequential = new Sequential(linear(), relu, linear()).add(linear(), "last");
    expect([...sequential.stateDict().keys()]).toEqual(["0.weight", "2.weight", "last.weight"]);
    expect(sequential(tensor([[1]])).shape).toEqual([1, 1]);
    const list = new ModuleList([linear(), linear()]);
    expect([...list.stateDict().keys()]).toEqual(["0.weight", "1.weight"]);
    expect([list.size, list.at(-1), list.at(2)]).toEqual([2, [...list][1], undefined]);
    expect(() => list.forward()).toThrow("call its members");
    expectTypeOf(list.at(0)).toEqualTypeOf<Linear | undefined>();
  });

  it("call what has taken a member's place", () => {
    const sequential = new Sequential(new Identity(), relu);
    const replacement = new Identity();
    sequential.setSubmodule("0", replacement);
    let calls = 0;
    replacement.registerForwardHook(() => {
      calls += 1;
    });
    sequential(tensor([1]));
    expect(calls).toBe(1);
  });
});

describe("freezing batch norms", () => {
  it("replaces them in place and keeps vectors, count of batches and eps", () => {
    const stem = new Stem();
    const norm = new BatchNorm2d({ numFeatures: 2, eps: 0.5 });
    norm.runningVar.set(values(3, 4));
    norm.numBatchesTracked.set(BigInt64Array.of(7n));
    stem.setSubmodule("conv1.norm", norm);
    expect(convertFrozenBatchNorm(stem)).toBe(stem);
    const frozen = stem.getSubmodule("conv1.norm", FrozenBatchNorm2d);
    expect([frozen.eps, ...frozen.runningVar.dataSync()]).toEqual([0.5, 3, 4]);
    expect(stem.stateDict().get("conv1.norm.num_batches_tracked")?.dataSync()[0]).toBe(7n);
    expect(new FrozenBatchNorm2d({ numFeatures: 2 }).stateDict().size).toBe(4);
    expect(stem.parameters()).toHaveLength(1);
    expect(convertFrozenBatchNorm(norm)).toBeInstanceOf(FrozenBatchNorm2d);
  });
});
