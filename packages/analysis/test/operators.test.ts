import { activationCountOperators, analyzeModel, flopCountOperators } from "@detectron-ts/analysis";
import {
  Conv2d,
  ConvTranspose2d,
  FrozenBatchNorm2d,
  GroupNorm,
  init,
  Linear,
  Module,
  relu,
  Sequential,
} from "@detectron-ts/nn";
import {
  attention,
  avgPool2d,
  gridSample,
  interpolate,
  layerNorm,
  ones,
  type Tensor,
  zeros,
} from "@detectron-ts/tensor";
import { describe, expect, it } from "vitest";

/** A model made of one function. */
class Apply extends Module<[x: Tensor], Promise<Tensor>> {
  readonly #body: (x: Tensor) => Tensor;
  constructor(body: (x: Tensor) => Tensor) {
    super();
    this.#body = body;
  }
  async forward(x: Tensor): Promise<Tensor> {
    const y = this.#body(x);
    await y.data();
    return y;
  }
}

/** Multiply-adds by operator. */
async function flopsOf(x: Tensor, body: (x: Tensor) => Tensor): Promise<Record<string, number>> {
  const { flops } = await analyzeModel(new Apply(body), x);
  return Object.fromEntries(flops.byOperator());
}

describe("multiply-adds", () => {
  it("of a convolution are those of a kernel at each place of the result", async () => {
    const conv = new Conv2d({
      inChannels: 6,
      outChannels: 4,
      kernelSize: 3,
      stride: 2,
      padding: 1,
    });
    expect(await flopsOf(ones([2, 6, 10, 8]), conv)).toEqual({ conv: 2 * 4 * 5 * 4 * 6 * 9 });
  });

  it("of a convolution in groups are those of the group's channels", async () => {
    const conv = new Conv2d({ inChannels: 6, outChannels: 4, kernelSize: 3, groups: 2 });
    expect(await flopsOf(ones([1, 6, 5, 5]), conv)).toEqual({ conv: 4 * 3 * 3 * 3 * 9 });
  });

  it("of a transposed convolution are those of a kernel at each place of the input", async () => {
    const deconv = new ConvTranspose2d({
      inChannels: 3,
      outChannels: 5,
      kernelSize: 2,
      stride: 2,
    });
    expect(await flopsOf(ones([2, 3, 7, 4]), deconv)).toEqual({ conv: 2 * 3 * 7 * 4 * 5 * 4 });
  });

  it("of a linear layer and of a product of matrices are those of their inner products", async () => {
    const linear = new Linear({ inFeatures: 7, outFeatures: 5 });
    expect(await flopsOf(ones([3, 2, 7]), linear)).toEqual({ linear: 3 * 2 * 7 * 5 });
    expect(await flopsOf(ones([4, 3, 7]), (x) => x.matmul(x.transpose(1, 2)))).toEqual({
      matmul: 4 * 3 * 7 * 3,
    });
  });

  it("of attention are those of its two products", async () => {
    const [queries, keys, values] = [ones([6, 4, 8]), ones([6, 5, 8]), ones([6, 5, 6])];
    const attend = (): Tensor => attention(queries, keys, values);
    expect(await flopsOf(queries, attend)).toEqual({ matmul: 6 * 4 * 5 * (8 + 6) });
    const counts = await activationCountOperators(new Apply(attend), queries);
    expect(counts.get("matmul")).toBeCloseTo((6 * 4 * (5 + 6)) / 1e6, 12);
  });

  it("of a norm are 5 for each number, and none when it is folded into a convolution", async () => {
    const group = new GroupNorm({ numGroups: 2, numChannels: 4 });
    expect(await flopsOf(ones([1, 4, 3, 3]), (x) => x.mul(2))).toEqual({});
    const { flops } = await analyzeModel(new Sequential(group), ones([1, 4, 3, 3]));
    expect(flops.byOperator().size).toBe(0); // nobody asked for the result

    class Normalized extends Module<[x: Tensor], Promise<Tensor>> {
      readonly norm = group;
      async forward(x: Tensor): Promise<Tensor> {
        const y = this.norm(x);
        await y.data();
        return y;
      }
    }
    const normalized = await analyzeModel(new Normalized(), ones([2, 4, 3, 3]));
    expect(normalized.flops.byOperator()).toEqual(new Map([["group_norm", 5 * 2 * 4 * 9]]));
    expect(await flopsOf(ones([2, 7, 4]), (x) => layerNorm(x, ones([4]), zeros([4])))).toEqual({
      layer_norm: 5 * 2 * 7 * 4,
    });

    const norm = new FrozenBatchNorm2d({ numFeatures: 4 });
    const conv = new Conv2d({ inChannels: 4, outChannels: 4, kernelSize: 1, norm });
    expect(await flopsOf(ones([1, 4, 3, 3]), conv)).toEqual({ conv: 4 * 4 * 9 });
  });

  it("of resizing bilinearly and of sampling are 4 for each number", async () => {
    const x = ones([1, 2, 3, 3]);
    const size = [5, 7] as const;
    expect(await flopsOf(x, (y) => interpolate(y, { size, mode: "bilinear" }))).toEqual({
      upsample_bilinear2d: 4 * 2 * 35,
    });
    expect(await flopsOf(x, (y) => gridSample(y, zeros([1, 5, 7, 2])))).toEqual({
      grid_sampler: 4 * 2 * 35,
    });
  });

  it("of arithmetic, activations and pooling aren't counted", async () => {
    const pool = { kernelSize: 2, stride: 2 };
    expect(await flopsOf(ones([1, 2, 4, 4]), (x) => avgPool2d(relu(x).add(1), pool))).toEqual({});
  });

  it("of nothing are 0", async () => {
    const linear = new Linear({ inFeatures: 7, outFeatures: 5 });
    expect(await flopsOf(zeros([0, 7]), linear)).toEqual({ linear: 0 });
  });
});

/** A convolution and, on half of what it gives, a linear layer. */
class Net extends Module<[x: Tensor], Promise<Tensor>> {
  readonly stem = new Conv2d({ inChannels: 3, outChannels: 4, kernelSize: 1, activation: relu });
  readonly head = new Sequential(new Linear({ inFeatures: 4, outFeatures: 2 }));

  async forward(x: Tensor): Promise<Tensor> {
    const features = this.stem(x);
    this.stem(x.mul(2)); // whose result nobody asks for
    await features.data();
    const scores = this.head(features.mean([2, 3]));
    await scores.data();
    await features.add(1).data();
    return scores;
  }
}

describe("analyzeModel", () => {
  const image = ones([1, 3, 10, 10]);

  it("counts what was needed, once, in the module that asked for it", async () => {
    const { flops, activations, output } = await analyzeModel(new Net(), image);
    expect(flops.total()).toBe(1200 + 8);
    expect(flops.byModule()).toEqual(
      new Map([
        ["", 1208],
        ["stem", 1200],
        ["head", 8],
        ["head.0", 8],
      ]),
    );
    expect(flops.byOperator("head")).toEqual(new Map([["linear", 8]]));
    expect(flops.total("nowhere")).toBe(0);
    expect(activations.byOperator()).toEqual(
      new Map([
        ["conv", 400],
        ["linear", 2],
      ]),
    );
    expect(output.shape).toEqual([1, 2]);
  });

  it("leaves the model as it was, its results and its mode", async () => {
    const model = new Net();
    const before = await (await model(image)).data();
    const { output } = await analyzeModel(model, image);
    expect(await output.data()).toEqual(before);
    expect(model.training).toBe(true);
    expect(model.modules().some(({ hasHooks }) => hasHooks)).toBe(false);
    expect(await (await model(image)).data()).toEqual(before);
  });

  it("counts each of several analyses by itself, and nothing that is computed beside them", async () => {
    const small = ones([1, 3, 5, 5]);
    const [first, second] = await Promise.all([
      analyzeModel(new Net(), image),
      analyzeModel(new Net(), small, { dryRun: true }),
      new Net()(small),
    ]);
    expect([first.flops.total(), second.flops.total()]).toEqual([1208, 308]);
    expect(await ones([2]).add(1).data()).toEqual(Float32Array.of(2, 2));
  });

  it("puts everything back when the model throws", async () => {
    const model = new Apply(() => {
      throw new Error("no result");
    });
    await expect(analyzeModel(model, image, { dryRun: true })).rejects.toThrow("no result");
    expect(model.hasHooks).toBe(false);
    expect(model.training).toBe(true);
    expect(await ones([2]).add(1).data()).toEqual(Float32Array.of(2, 2));
  });

  it("needs no weights for a dry run, and gives made-up results", async () => {
    const model = init.withoutDrawing(() => new Net());
    const real = await analyzeModel(model, image);
    const dry = await analyzeModel(model, image, { dryRun: true });
    expect(dry.flops.byModule()).toEqual(real.flops.byModule());
    expect(await real.output.data()).toEqual(Float32Array.of(0, 0));
    expect(await dry.output.data()).not.toContain(0);
  });
});

describe("counts by operator", () => {
  it("are billions of multiply-adds and millions of activations", async () => {
    const model = new Net();
    const image = ones([1, 3, 10, 10]);
    const flops = await flopCountOperators(model, image);
    expect([...flops.keys()]).toEqual(["conv", "linear"]);
    expect(flops.get("conv")).toBeCloseTo(1.2e-6, 12);
    expect((await activationCountOperators(model, image)).get("conv")).toBeCloseTo(4e-4, 12);
  });
});
