import {
  analyzeModel,
  costTable,
  findUnusedParameters,
  modelStructure,
  parameterCount,
  parameterCountTable,
} from "@detectron-ts/analysis";
import { BatchNorm2d, Conv2d, Linear, Module, Sequential } from "@detectron-ts/nn";
import { NotDifferentiableError, ones, type Tensor } from "@detectron-ts/tensor";
import { describe, expect, it } from "vitest";

class Net extends Module<[x: Tensor], Tensor> {
  readonly stem = new Conv2d({
    inChannels: 3,
    outChannels: 4,
    kernelSize: 1,
    norm: new BatchNorm2d({ numFeatures: 4 }),
  });
  readonly head = new Sequential(new Linear({ inFeatures: 4, outFeatures: 2 }));
  readonly spare = new Linear({ inFeatures: 1, outFeatures: 1, bias: false });

  forward(x: Tensor): Tensor {
    return this.head(this.stem(x).mean([2, 3]));
  }
}

describe("parameterCount", () => {
  it("counts each parameter in all modules around it, and no buffers", () => {
    expect([...parameterCount(new Net())]).toEqual([
      ["", 16 + 8 + 10 + 1],
      ["stem", 24],
      ["stem.weight", 12],
      ["stem.bias", 4],
      ["stem.norm", 8],
      ["stem.norm.weight", 4],
      ["stem.norm.bias", 4],
      ["head", 10],
      ["head.0", 10],
      ["head.0.weight", 8],
      ["head.0.bias", 2],
      ["spare", 1],
      ["spare.weight", 1],
    ]);
  });

  it("of a model without parameters is empty", () => {
    expect(parameterCount(new Sequential()).size).toBe(0);
    expect(parameterCountTable(new Sequential())).toContain("| model  | 0 ");
  });
});

describe("findUnusedParameters", () => {
  const image = ones([1, 3, 2, 2]);

  it("names parameters that no loss depends on and frozen ones", async () => {
    const model = new Net();
    model.stem.setRequiresGrad(false);
    const loss = model(image).sum();
    expect(await findUnusedParameters(model, { loss })).toEqual([
      "stem.weight",
      "stem.bias",
      "stem.norm.weight",
      "stem.norm.bias",
      "spare.weight",
    ]);
  });

  it("adds up losses, and names nothing where all parameters are used", async () => {
    const model = new Net();
    const first = model(image).sum();
    const second = model.spare(ones([1, 1])).sum();
    expect(await findUnusedParameters(model, { first, second })).toEqual([]);
  });

  it("leaves accumulated gradients as they were", async () => {
    const model = new Net();
    await model(image).sum().backward();
    const { grad } = model.stem.weight;
    expect(await findUnusedParameters(model, { loss: model(image).sum() })).toEqual([
      "spare.weight",
    ]);
    expect(model.stem.weight.grad).toBe(grad);
    expect(model.spare.weight.grad).toBeNull();
  });

  it("refuses losses that depend on no parameter", async () => {
    const model = new Net().setRequiresGrad(false);
    const unused = findUnusedParameters(model, { loss: model(image).sum() });
    await expect(unused).rejects.toThrow(NotDifferentiableError);
  });
});

describe("tables", () => {
  it("show what each module holds and costs", async () => {
    class Run extends Module<[x: Tensor], Promise<unknown>> {
      readonly net = new Net();
      forward(x: Tensor): Promise<unknown> {
        return this.net(x).data();
      }
    }
    const model = new Run();
    const costs = await analyzeModel(model, ones([1, 3, 10, 10]));
    expect(costTable(model, costs, { maxDepth: 2 }).split("\n")).toEqual([
      "| module      | parameters   | FLOPs   | activations   |",
      "|:------------|:-------------|:--------|:--------------|",
      "| model       | 35           | 1.2K    | 0.4K          |",
      "|  net        | 35           | 1.2K    | 0.4K          |",
      "|   net.stem  | 24           | 1.2K    | 0.4K          |",
      "|   net.head  | 10           | 8       | 2             |",
      "|   net.spare | 1            | 0       | 0             |",
    ]);
  });

  it("show the structure", () => {
    expect(modelStructure(new Net())).toContain("(0): Linear(inFeatures=4, outFeatures=2)");
  });
});
