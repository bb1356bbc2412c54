import {
  conv2d,
  grad,
  hostOp,
  noGrad,
  Parameter,
  Buffer,
  realize,
  tensor,
  zeros,
  cat,
  type Tensor,
} from "@detectron-ts/tensor";
import { beforeEach, describe, expect, it } from "vitest";
import { runtime } from "../src/index.ts";

const values = async (x: Tensor): Promise<number[]> => Array.from(await x.data(), Number);

beforeEach(async () => {
  await runtime.clear();
  runtime.resetStats();
});

describe("realising tensors", () => {
  it("computes a small expression", async () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    expect(await values(x.mul(2).add(tensor([10, 20])))).toEqual([12, 24, 16, 28]);
  });

  it("computes what several tensors share once, in one session", async () => {
    const shared = tensor([1, 2, 3]).exp();
    const a = shared.add(1);
    const b = shared.mul(2);
    await realize(a, b);
    expect(runtime.stats()).toMatchObject({ compilations: 1, runs: 1 });
    expect(a.realized && b.realized).toBe(true);
  });

  it("compiles nothing new for other sizes, none included", async () => {
    const weight = new Buffer(new Float32Array(8 * 3 * 9).fill(0.1), [8, 3, 3, 3]);
    for (const size of [5, 8, 13, 21]) {
      const y = conv2d(zeros([1, 3, size, size + 2]).add(1), weight, { padding: 1, stride: 2 });
      await y.relu().mean([2, 3]).data();
    }
    for (const count of [7, 0, 1, 1000]) {
      const y = zeros([count, 3, 4, 4]).sub(1).flatten(1).softmax(1);
      expect((await y.toNdarray()).shape).toEqual([count, 48]);
    }
    expect(runtime.stats().compilations).toBe(2);
  });

  it("runs host operations between compiled graphs", async () => {
    const x = tensor([1, 2, 3]).add(1);
    const [doubled] = hostOp({
      name: "double",
      inputs: [x],
      outputs: [{ shape: [3], dtype: "float32" }],
      forward: ([input]) => [Float32Array.from(input.data as Float32Array, (v) => v * 2)],
    });
    expect(await values(doubled.add(x))).toEqual([6, 9, 12]);
  });

  it("bakes buffers and compiles anew when they change", async () => {
    const weight = new Buffer(Float32Array.of(2, 3), [2]);
    expect(await values(tensor([1, 1]).mul(weight))).toEqual([2, 3]);
    expect(await values(tensor([2, 2]).mul(weight))).toEqual([4, 6]);
    expect(runtime.stats().compilations).toBe(1);
    weight.set(Float32Array.of(5, 7));
    expect(await values(tensor([1, 1]).mul(weight))).toEqual([5, 7]);
    expect(runtime.stats()).toMatchObject({ compilations: 2, sessions: 1 });
  });

  it("feeds parameters that are trained, so that a step compiles nothing new", async () => {
    const weight = new Parameter(Float32Array.of(2, 3), [2]);
    for (let step = 0; step < 3; step++) {
      const loss = tensor([1, 2]).mul(weight).square().sum();
      await loss.backward();
      const gradient = weight.grad!.dataSync();
      weight.update((w) =>
        w.forEach((value, i) => (w[i] = (value as number) - 0.1 * (gradient[i] as number))),
      );
      weight.grad = null;
    }
    expect(runtime.stats()).toMatchObject({ compilations: 1, runs: 3 });
  });

  it("keeps intermediates that a backward will read", async () => {
    const weight = new Parameter(Float32Array.of(2, 3), [2]);
    const hidden = tensor([1, 2]).mul(weight).exp();
    const output = hidden.sigmoid();
    await output.data();
    expect(hidden.realized).toBe(true);
    const [gradient] = grad(output.sum(), [weight]);
    await gradient.data();
    expect(runtime.stats().runs).toBe(2);
  });

  it("keeps what frozen layers give to trained ones", async () => {
    const frozen = tensor([1, 2])
      .mul(new Buffer(Float32Array.of(2, 3), [2]))
      .exp();
    const weight = new Parameter(Float32Array.of(0.5, 0.25), [2]);
    const output = frozen.mul(weight);
    await output.data();
    expect(frozen.realized).toBe(true);
    expect(await values(grad(output.sum(), [weight])[0])).toEqual(await values(frozen));
  });

  it("does not keep what parameters and buffers alone make", async () => {
    const scale = new Buffer(Float32Array.of(2, 4), [2]);
    const weight = new Parameter(Float32Array.of(3, 5), [2]);
    const first = new Parameter(Float32Array.of(1, 1), [2]);
    const kernel = weight.mul(scale);
    const output = tensor([7, 9]).mul(first).mul(kernel);
    await output.data();
    expect(kernel.realized).toBe(false);
    expect(await values(grad(output.sum(), [first])[0])).toEqual([7 * 6, 9 * 20]);
  });

  it("keeps nothing under noGrad", async () => {
    const weight = new Parameter(Float32Array.of(2, 3), [2]);
    const { hidden, output } = noGrad(() => {
      const inner = tensor([1, 2]).mul(weight).exp();
      return { hidden: inner, output: inner.sigmoid() };
    });
    await output.data();
    expect(hidden.realized).toBe(false);
  });

  it("keeps a value on request when a bigger graph computes it", async () => {
    const inner = tensor([1, 2]).exp().keep();
    await cat([inner.sigmoid(), inner.relu()]).data();
    expect(inner.realized).toBe(true);
    expect(runtime.stats().runs).toBe(1);
  });
});
