import { loadGolden } from "@detectron-ts/testing";
import {
  enableGrad,
  grad,
  printGraph,
  realize,
  ShapeError,
  Tensor,
  tensor,
  zeros,
} from "@detectron-ts/tensor";
import { runtime } from "@detectron-ts/runtime";
import { describe, expect, it } from "vitest";
import {
  BatchNorm2d,
  Conv2d,
  convertFrozenBatchNorm,
  ConvTranspose2d,
  FrozenBatchNorm2d,
  Generator,
  getNorm,
  GroupNorm,
  init,
  LayerNorm,
  LayerOptionError,
  Linear,
  Module,
  Parameter,
  PendingStatisticsError,
  relu,
  updateRunningStatistics,
} from "../src/index.ts";

const golden = loadGolden(new URL("golden/layers", import.meta.url));
const CLOSE = { rtol: 1e-5, atol: 2e-5 };

function recorded(name: string): Parameter {
  const { data, shape } = golden.float32(name);
  return new Parameter(data.slice(), shape);
}

interface WeightedLayer {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
}

/** Runs a layer with recorded weights and compares its output and all gradients. */
async function expectRecorded(
  name: string,
  layer: Module<[x: Tensor], Tensor> & WeightedLayer,
): Promise<void> {
  layer.weight.set(golden.float32(`layer.${name}.weight`).data.slice());
  layer.bias!.set(golden.float32(`layer.${name}.bias`).data.slice());
  const input = recorded(`layer.${name}.input`);
  const output = layer(input);
  const loss = output.mul(recorded(`layer.${name}.grad_output`).detach()).sum();
  const gradients = grad(loss, [input, layer.weight, layer.bias!]);
  await realize(output, ...gradients);
  const names = ["output", "grad_input", "grad_weight", "grad_bias"];
  for (const [index, actual] of [output, ...gradients].entries()) {
    const expected = golden.float32(`layer.${name}.${names[index]}`);
    expect(actual.shape).toEqual(expected.shape);
    expect(actual.dataSync()).toBeAllclose(expected.data, CLOSE);
  }
}

const random = (...shape: number[]): Tensor => {
  const generator = new Generator(shape.length);
  const size = shape.reduce((product, side) => product * side, 1);
  return tensor(
    Float32Array.from({ length: size }, () => generator.normal()),
    { shape },
  );
};

describe("recorded layers", () => {
  it("convolves in groups with a stride", async () => {
    const sizes = { inChannels: 6, outChannels: 8, kernelSize: 3 };
    await expectRecorded("conv", new Conv2d({ ...sizes, stride: 2, padding: 1, groups: 2 }));
  });

  it("convolves transposed", async () => {
    const sizes = { inChannels: 5, outChannels: 4, kernelSize: 2 };
    await expectRecorded("convT", new ConvTranspose2d({ ...sizes, stride: 2 }));
  });

  it("normalises groups", async () => {
    await expectRecorded("gn", new GroupNorm({ numGroups: 4, numChannels: 8 }));
  });

  it("normalises groups of half a million values to the last digits of float32", async () => {
    const shape = [1, 8, 200, 304];
    const generator = new Generator(1);
    const values = Float32Array.from({ length: 8 * 200 * 304 }, () => generator.next());
    const norm = new GroupNorm({ numGroups: 1, numChannels: 8 });
    const normalized = await norm.eval()(tensor(values, { shape })).data();

    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    const inverseStd = 1 / Math.sqrt(variance + norm.eps);
    const exact = Float64Array.from(values, (value) => (value - mean) * inverseStd);
    expect(normalized).toBeAllclose(exact, { atol: 1e-6, rtol: 0 });
  });

  it("takes statistics of half a million values to the last digits of float32", async () => {
    const shape = [2, 2, 400, 608];
    const generator = new Generator(1);
    const values = Float32Array.from({ length: 2 * 2 * 400 * 608 }, () => 4 + 2 * generator.next());
    const norm = new BatchNorm2d({ numFeatures: 2, momentum: 1 });
    await norm(tensor(values, { shape })).data();
    await updateRunningStatistics(norm);

    const area = 400 * 608;
    for (const channel of [0, 1]) {
      const ofChannel = values.filter((_, i) => Math.floor(i / area) % 2 === channel);
      const mean = ofChannel.reduce((sum, value) => sum + value, 0) / (2 * area);
      const squares = ofChannel.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      expect(norm.runningMean.dataSync()[channel]).toBeAllclose(mean, { rtol: 3e-7, atol: 0 });
      expect(norm.runningVar.dataSync()[channel]).toBeAllclose(squares / (2 * area - 1), {
        rtol: 3e-7,
        atol: 0,
      });
    }
  });

  it.each([
    ["batches", new BatchNorm2d({ numFeatures: 4 })],
    ["groups", new GroupNorm({ numGroups: 4, numChannels: 4 })],
  ])("has gradients of the scale of %s that a mean far from 0 costs no digits", async (_, norm) => {
    const area = 300 * 300;
    const shape = [1, 4, 300, 300];
    const generator = new Generator(1);
    const values = Float32Array.from({ length: 4 * area }, () => 3 + generator.next());
    const weights = Float32Array.from({ length: 4 * area }, () => generator.next());
    await norm(tensor(values, { shape })).mul(tensor(weights, { shape })).sum().backward();

    for (let channel = 0; channel < 4; channel++) {
      const ofChannel = values.subarray(channel * area, (channel + 1) * area);
      const mean = ofChannel.reduce((sum, value) => sum + value, 0) / area;
      const variance = ofChannel.reduce((sum, value) => sum + (value - mean) ** 2, 0) / area;
      const inverseStd = 1 / Math.sqrt(variance + norm.eps);
      let exact = 0;
      let magnitude = 0;
      for (const [i, value] of ofChannel.entries()) {
        const term = weights[channel * area + i] * (value - mean) * inverseStd;
        exact += term;
        magnitude += Math.abs(term);
      }
      const atol = 3e-6 * magnitude;
      expect(norm.weight.grad!.dataSync()[channel]).toBeAllclose(exact, { atol, rtol: 0 });
    }
  });

  it("normalises batches in training and keeps running statistics", async () => {
    const norm = new BatchNorm2d({ numFeatures: 5 });
    await expectRecorded("bn_train", norm);
    await updateRunningStatistics(norm);
    const expected = (name: string) => golden.float32(`layer.bn_train.${name}`).data;
    expect(norm.runningMean.dataSync()).toBeAllclose(expected("running_mean_after"), CLOSE);
    expect(norm.runningVar.dataSync()).toBeAllclose(expected("running_var_after"), CLOSE);
    expect(norm.numBatchesTracked.dataSync()).toEqual(BigInt64Array.of(1n));
  });
});

/** A convolution with a norm of arbitrary statistics. */
function normedConv(norm: BatchNorm2d | FrozenBatchNorm2d, bias: boolean): Conv2d {
  const generator = new Generator(7);
  init.uniform(norm.weight, { low: 0.5, high: 2 }, generator);
  init.normal(norm.bias, {}, generator);
  init.normal(norm.runningMean, {}, generator);
  init.uniform(norm.runningVar, { low: 0.5, high: 2 }, generator);
  const conv = new Conv2d({ inChannels: 3, outChannels: 4, kernelSize: 3, bias, norm });
  init.layerDefault(conv, generator);
  return conv;
}

describe("a norm behind a convolution", () => {
  it.each([
    ["frozen", new FrozenBatchNorm2d({ numFeatures: 4 }), false],
    ["frozen, after a bias", new FrozenBatchNorm2d({ numFeatures: 4 }), true],
    ["evaluated", new BatchNorm2d({ numFeatures: 4 }), true],
  ])("is folded into the kernel: %s", async (_, norm, bias) => {
    const conv = normedConv(norm, bias).eval();
    const x = random(2, 3, 6, 5);
    const folded = await conv(x).data();
    let calls = 0;
    const handle = norm.registerForwardHook(() => {
      calls += 1;
    });
    const unfolded = await conv(x).data();
    handle.remove();
    expect(calls).toBe(1);
    expect(folded).toBeAllclose(unfolded, CLOSE);
    expect(printGraph(conv(x))).toMatch(/= conv2d.*\nreturn/);
  });

  it("lets gradients flow through the scaled kernel", async () => {
    const norm = new FrozenBatchNorm2d({ numFeatures: 4 });
    const conv = normedConv(norm, true);
    const gradients = async () => {
      const output = conv(random(2, 3, 6, 5));
      const taken = grad(output.square().sum(), [conv.weight, conv.bias!]);
      await realize(...taken);
      return taken.map((each) => each.dataSync());
    };
    const folded = await gradients();
    using _unfold = norm.registerForwardHook(() => {});
    const unfolded = await gradients();
    expect(folded[0]).toBeAllclose(unfolded[0], { rtol: 1e-4, atol: 1e-3 });
    expect(folded[1]).toBeAllclose(unfolded[1], { rtol: 1e-4, atol: 1e-3 });
  });

  it("is trained along in evaluation mode when gradients are asked for", async () => {
    const norm = new BatchNorm2d({ numFeatures: 4 });
    const conv = normedConv(norm, false).eval();
    const x = random(2, 3, 6, 5);
    const plain = await conv(x).data();
    const output = enableGrad(() => conv(x));
    const [gradient] = grad(output.sum(), [norm.bias]);
    await realize(output, gradient);
    expect(output.dataSync()).toBeAllclose(plain, CLOSE);
    expect([...gradient.dataSync()]).toEqual([24, 24, 24, 24]);
  });

  it("follows changes of its vectors", async () => {
    const norm = new FrozenBatchNorm2d({ numFeatures: 2 });
    const x = random(1, 2, 2, 2);
    expect(await norm(x).data()).toBeAllclose(await x.data(), CLOSE);
    norm.runningMean.set(Float32Array.of(1, 2));
    norm.weight.set(Float32Array.of(0, 1));
    expect([...(await norm(x).data())].slice(0, 4)).toEqual([0, 0, 0, 0]);
    expect((await norm(x).data()).slice(4)).toBeAllclose(
      await x.slice(1, 1, 2).sub(2).data(),
      CLOSE,
    );
  });
});

describe("running statistics", () => {
  it("of a batch whose result has been computed are in the state dict, without further ado", async () => {
    const norm = new BatchNorm2d({ numFeatures: 1 });
    await norm(tensor([2, 4], { shape: [2, 1, 1, 1] })).data();
    const state = norm.stateDict();
    expect(state.get("running_mean")!.dataSync()[0]).toBeCloseTo(0.3, 6);
    // Of variance 2, unbiased.
    expect(state.get("running_var")!.dataSync()[0]).toBeCloseTo(1.1, 6);
    expect(state.get("num_batches_tracked")!.dataSync()).toEqual(BigInt64Array.of(1n));
  });

  it("of batches nobody computed are missed in evaluation, until they are updated", async () => {
    const norm = new BatchNorm2d({ numFeatures: 2 });
    norm(random(2, 2, 3, 3));
    norm.eval();
    expect(() => norm(random(1, 2, 1, 1))).toThrow(PendingStatisticsError);
    expect(() => convertFrozenBatchNorm(norm)).toThrow(PendingStatisticsError);
    await updateRunningStatistics(norm);
    expect((await norm(random(1, 2, 1, 1)).data()).length).toBe(2);
    expect(norm.numBatchesTracked.dataSync()[0]).toBe(1n);
  });

  it("are up to date once the output has been computed", async () => {
    const norm = new BatchNorm2d({ numFeatures: 2, momentum: 1 });
    const x = random(2, 2, 3, 3);
    await norm(x).data();
    norm.eval();
    const unbiased = 18 / 17;
    const [mean, variance] = [
      x.mean([0, 2, 3]),
      x
        .sub(x.mean([0, 2, 3], { keepDims: true }))
        .square()
        .mean([0, 2, 3]),
    ];
    norm(x);
    expect(norm.runningMean.dataSync()).toBeAllclose(await mean.data(), CLOSE);
    expect(norm.runningVar.dataSync()).toBeAllclose(await variance.mul(unbiased).data(), CLOSE);
  });

  it("need more than one value per channel, and ignore an empty batch", async () => {
    const norm = new BatchNorm2d({ numFeatures: 2 });
    expect(() => norm(zeros([1, 2, 1, 1]))).toThrow(ShapeError);
    expect(norm(zeros([0, 2, 4, 4])).shape).toEqual([0, 2, 4, 4]);
    await updateRunningStatistics(norm);
    expect(norm.numBatchesTracked.dataSync()[0]).toBe(0n);
  });
});

describe("layer norm", () => {
  it("gives the channels of every pixel mean 0 and variance 1", async () => {
    const norm = new LayerNorm({ numChannels: 8 });
    const output = norm(random(2, 8, 3, 3));
    expect(await output.mean(1).data()).toBeAllclose(new Float32Array(18), CLOSE);
    expect(await output.square().mean(1).data()).toBeAllclose(new Float32Array(18).fill(1), {
      rtol: 1e-4,
    });
  });
});

describe("layers of an empty batch", () => {
  it.each([
    [
      "Conv2d",
      new Conv2d({
        inChannels: 2,
        outChannels: 4,
        kernelSize: 3,
        padding: 1,
        activation: relu,
        norm: getNorm("FrozenBN", 4),
      }),
      [0, 2, 5, 5],
      [0, 4, 5, 5],
    ],
    [
      "ConvTranspose2d",
      new ConvTranspose2d({ inChannels: 2, outChannels: 4, kernelSize: 2, stride: 2 }),
      [0, 2, 5, 5],
      [0, 4, 10, 10],
    ],
    ["Linear", new Linear({ inFeatures: 3, outFeatures: 2 }), [0, 3], [0, 2]],
    ["GroupNorm", new GroupNorm({ numGroups: 2, numChannels: 4 }), [0, 4, 3, 3], [0, 4, 3, 3]],
    ["BatchNorm2d", new BatchNorm2d({ numFeatures: 4 }), [0, 4, 3, 3], [0, 4, 3, 3]],
    ["LayerNorm", new LayerNorm({ numChannels: 4 }), [0, 4, 3, 3], [0, 4, 3, 3]],
  ])("are empty and have gradients of zero: %s", async (_, layer, shape, expected) => {
    const output = layer(zeros(shape));
    expect(output.shape).toEqual(expected);
    const gradient = grad(output.sum(), [layer.weight as Parameter]);
    await realize(output, ...gradient);
    expect(output.dataSync()).toHaveLength(0);
    expect([...gradient[0].dataSync()].every((value) => value === 0)).toBe(true);
  });
});

describe("getNorm", () => {
  it("answers to detectron2's names", () => {
    const classOf = (name: string) => getNorm(name, 32)!.constructor.name;
    expect(["BN", "SyncBN", "nnSyncBN", "naiveSyncBN", "naiveSyncBN_N"].map(classOf)).toEqual(
      Array.from({ length: 5 }, () => "BatchNorm2d"),
    );
    expect(["FrozenBN", "GN", "LN"].map(classOf)).toEqual([
      "FrozenBatchNorm2d",
      "GroupNorm",
      "LayerNorm",
    ]);
    expect([getNorm("", 3), getNorm(null, 3)]).toEqual([null, null]);
    const own = new FrozenBatchNorm2d({ numFeatures: 3 });
    expect(getNorm(() => own, 3)).toBe(own);
    expect(() => getNorm("Batch", 3)).toThrow(LayerOptionError);
    expect(() => getNorm("GN", 33)).toThrow("(33) does not divide into 32 groups");
  });
});

describe("options", () => {
  it("that no layer can be made of are refused by name", () => {
    const conv = { inChannels: 4, outChannels: 4, kernelSize: 3 };
    expect(() => new Conv2d({ ...conv, groups: 3 })).toThrow("inChannels (4) does not divide");
    expect(() => new Conv2d({ ...conv, kernelSize: [3, 0] })).toThrow("kernelSize has to be");
    expect(() => new ConvTranspose2d({ ...conv, outChannels: 0.5 })).toThrow(LayerOptionError);
    expect(() => new Linear({ inFeatures: -1, outFeatures: 1 })).toThrow("got -1");
  });
});

describe("sessions", () => {
  it("serve a folded convolution of every image size", async () => {
    const conv = normedConv(new FrozenBatchNorm2d({ numFeatures: 4 }), false).eval();
    await conv(random(1, 3, 8, 8)).data();
    const { compilations } = runtime.stats();
    await conv(random(2, 3, 9, 7)).data();
    expect(runtime.stats().compilations).toBe(compilations);
  });
});
