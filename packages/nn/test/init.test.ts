import { describe, expect, it } from "vitest";
import {
  Conv2d,
  ConvTranspose2d,
  defaultGenerator,
  Generator,
  init,
  LayerOptionError,
  Linear,
  manualSeed,
  Parameter,
} from "../src/index.ts";

const empty = (...shape: number[]) =>
  new Parameter(new Float32Array(shape.reduce((size, side) => size * side, 1)), shape);

function moments(variable: Parameter): { mean: number; std: number; max: number } {
  const data = [...(variable.dataSync() as Float32Array)];
  const mean = data.reduce((sum, x) => sum + x, 0) / data.length;
  const variance = data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / data.length;
  return { mean, std: Math.sqrt(variance), max: Math.max(...data.map(Math.abs)) };
}

describe("a generator", () => {
  it("follows xoshiro128** from its state", () => {
    const generator = new Generator(0);
    generator.state = { words: [1, 2, 3, 4], spareNormal: null };
    // The reference implementation's first outputs from this state.
    expect(Array.from({ length: 4 }, () => generator.nextUint32())).toEqual([
      11520, 0, 5927040, 70819200,
    ]);
  });

  it("repeats itself with a seed, and differs between seeds", () => {
    const draw = (seed: number) =>
      Array.from(
        { length: 5 },
        (
          (g) => () =>
            g.next()
        )(new Generator(seed)),
      );
    expect(draw(3)).toEqual(draw(3));
    expect(
      new Set([0, 1, -1, 2 ** 32, 2 ** 33, -(2 ** 32)].map((seed) => draw(seed)[0])).size,
    ).toBe(6);
    expect(() => new Generator(0.5)).toThrow(RangeError);
  });

  it("goes on from a saved state, the second of a pair of normals included", () => {
    const generator = new Generator(1);
    generator.normal();
    const saved = JSON.parse(JSON.stringify(generator.state));
    const expected = [generator.normal(), generator.normal(), generator.next()];
    const restored = new Generator(2);
    restored.state = saved;
    expect([restored.normal(), restored.normal(), restored.next()]).toEqual(expected);
    expect(() => {
      restored.state = { words: [0, 0, 0, 0], spareNormal: null };
    }).toThrow(RangeError);
  });

  it("is uniform in [0, 1) and normal where asked", () => {
    const generator = new Generator(5);
    const uniform = Array.from({ length: 100_000 }, () => generator.next());
    expect(Math.min(...uniform.slice(0, 50_000))).toBeGreaterThanOrEqual(0);
    expect(Math.max(...uniform.slice(0, 50_000))).toBeLessThan(1);
    const bins = new Array<number>(10).fill(0);
    for (const value of uniform) bins[Math.floor(value * 10)]! += 1;
    // Chi-squared with nine degrees of freedom: beyond 27.9 once in a thousand.
    expect(bins.reduce((sum, n) => sum + (n - 10_000) ** 2 / 10_000, 0)).toBeLessThan(27.9);
    const normal = empty(100_000);
    init.normal(normal, { mean: 2, std: 3 }, generator);
    const { mean, std } = moments(normal);
    expect(mean).toBeCloseTo(2, 1);
    expect(std).toBeCloseTo(3, 1);
  });

  it("shuffles every order equally often", () => {
    const generator = new Generator(9);
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = generator.permutation(3).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
    expect(generator.permutation(0)).toHaveLength(0);
  });

  it("by default is one that can be seeded for all layers", () => {
    const weights = () => {
      manualSeed(42);
      return new Linear({ inFeatures: 3, outFeatures: 2 }).weight.dataSync();
    };
    expect(weights()).toEqual(weights());
    expect(defaultGenerator.next()).not.toBe(manualSeed(42).next());
  });
});

describe("initialisation", () => {
  it("of Caffe2's MSRA keeps the variance of what flows back", () => {
    const conv = new Conv2d({ inChannels: 64, outChannels: 32, kernelSize: 3 });
    init.c2MSRAFill(conv, new Generator(1));
    const { mean, std } = moments(conv.weight);
    expect(mean).toBeCloseTo(0, 2);
    expect(std / Math.sqrt(2 / (32 * 9))).toBeCloseTo(1, 1);
    expect(moments(conv.bias!).max).toBe(0);
  });

  it("of Caffe2's Xavier is uniform within the root of 3 / fanIn", () => {
    const linear = new Linear({ inFeatures: 300, outFeatures: 50 });
    init.c2XavierFill(linear, new Generator(1));
    const { std, max } = moments(linear.weight);
    expect(max).toBeLessThanOrEqual(0.1);
    expect(max).toBeGreaterThan(0.0995);
    expect(std).toBeCloseTo(0.1 / Math.sqrt(3), 2);
    expect(moments(linear.bias!).max).toBe(0);
  });

  it("of new layers is PyTorch's, within 1 / √fanIn, bias included", () => {
    const conv = new Conv2d({ inChannels: 64, outChannels: 100, kernelSize: 1 });
    const transposed = new ConvTranspose2d({ inChannels: 100, outChannels: 16, kernelSize: 2 });
    for (const layer of [conv, transposed]) {
      for (const variable of [layer.weight, layer.bias!]) {
        expect(moments(variable).max).toBeLessThanOrEqual(0.125);
        expect(moments(variable).max).toBeGreaterThan(0.1);
      }
    }
  });

  it("by Kaiming and Xavier has the variance of the papers", () => {
    const weight = empty(200, 100);
    init.kaimingNormal(weight, {}, new Generator(1));
    expect(moments(weight).std).toBeCloseTo(Math.sqrt(2 / 100), 2);
    init.kaimingUniform(weight, { mode: "fanOut" }, new Generator(1));
    expect(moments(weight).max).toBeCloseTo(Math.sqrt(6 / 200), 3);
    init.xavierUniform(weight, new Generator(1));
    expect(moments(weight).max).toBeCloseTo(Math.sqrt(6 / 300), 3);
  });

  it("by a cut-off normal stays within its interval", () => {
    const weight = empty(5000);
    init.truncNormal(weight, { std: 2, low: -1, high: 2 }, new Generator(1));
    const data = weight.dataSync() as Float32Array;
    expect(Math.min(...data)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...data)).toBeLessThanOrEqual(2);
    expect(() => init.truncNormal(weight, { std: 0.1, low: 1, high: 2 })).toThrow(LayerOptionError);
    expect(() => init.truncNormal(weight, { low: 1, high: -1 })).toThrow(LayerOptionError);
  });

  it("draws nothing where a checkpoint will bring the weights", () => {
    const build = () => new Linear({ inFeatures: 2, outFeatures: 2 });
    const linear = init.withoutDrawing(build);
    init.withoutDrawing(() => init.constant(linear.bias, 3));
    expect([...linear.weight.dataSync(), ...linear.bias!.dataSync()]).toEqual([0, 0, 0, 0, 3, 3]);
    const fail = (): never => {
      throw new Error("while building");
    };
    expect(() => init.withoutDrawing(fail)).toThrow("while building");
    expect(moments(build().weight).max).toBeGreaterThan(0);
  });

  it("leaves alone a bias that is not there, and needs fans for a scale", () => {
    const linear = new Linear({ inFeatures: 2, outFeatures: 2, bias: false });
    init.c2XavierFill(linear);
    init.constant(linear.bias, 1);
    init.constant(linear.weight, 3);
    expect([...linear.weight.dataSync()]).toEqual([3, 3, 3, 3]);
    expect(() => init.kaimingNormal(empty(3))).toThrow(LayerOptionError);
  });
});
