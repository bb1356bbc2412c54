import { Buffer, conv2d, hostOp, realize, tensor, zeros, type Tensor } from "@detectron-ts/tensor";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cpuLimit, HostOpError, RuntimeOptionError, runtime, SessionError } from "../src/index.ts";
import { defaultRuntimeOptions } from "../src/options.ts";

/** A convolution with its own weight, about 37 KB of model. */
function convolution(): (x: Tensor) => Tensor {
  const weight = new Buffer(new Float32Array(32 * 32 * 9).fill(0.01), [32, 32, 3, 3]);
  return (x) => conv2d(x, weight, { padding: 1 });
}

beforeEach(async () => {
  await runtime.configure({ ...defaultRuntimeOptions(), verify: true });
  runtime.resetStats();
});

afterEach(() => runtime.configure(defaultRuntimeOptions()));

describe("the session cache", () => {
  it("serves twenty images of twenty sizes with one session", async () => {
    const first = convolution();
    const second = convolution();
    for (let i = 0; i < 20; i++) {
      const x = zeros([1 + (i % 2), 32, 8 + i, 40 - i]).add(1);
      await second(first(x).relu()).mean([2, 3]).data();
    }
    expect(runtime.stats()).toMatchObject({ compilations: 1, hits: 19, sessions: 1 });
  });

  it("stays within its bytes, dropping what was used least recently", async () => {
    await runtime.configure({ cacheBytes: 100_000 });
    const [a, b, c] = [convolution(), convolution(), convolution()];
    const x = zeros([1, 32, 4, 4]);
    await a(x).data();
    await b(x).data();
    await a(x).data();
    await c(x).data();
    expect(runtime.stats().sessions).toBe(2);
    expect(runtime.stats().bytes).toBeLessThanOrEqual(100_000);
    runtime.resetStats();
    await a(x).data();
    expect(runtime.stats().compilations).toBe(0);
    await b(x).data();
    expect(runtime.stats().compilations).toBe(1);
  });

  it("bakes no more than its bytes, and feeds what is left of the weights as they are now", async () => {
    // The weight of one convolution fits, that of the second does not.
    await runtime.configure({ bakedBytes: 40_000 });
    const first = convolution();
    const weight = new Buffer(new Float32Array(32 * 32 * 9).fill(0.01), [32, 32, 3, 3]);
    const compute = (side: number) =>
      conv2d(first(zeros([1, 32, side, side]).add(1)), weight, { padding: 1 })
        .max()
        .item();
    const before = await compute(8);
    expect(runtime.stats().bytes).toBeLessThan(2 * 32 * 32 * 9 * 4);
    weight.update((values) => values.fill(0.02 as never));
    expect(await compute(9)).toBeCloseTo(2 * before, 3);
    expect(runtime.stats().compilations).toBe(1);
  });

  it("compiles once for runs that ask at the same time", async () => {
    const layer = convolution();
    await Promise.all([3, 5, 8].map((side) => layer(zeros([1, 32, side, side])).data()));
    expect(runtime.stats().compilations).toBe(1);
  });

  it("can be cleared while a run is under way", async () => {
    const layer = convolution();
    const running = layer(zeros([1, 32, 64, 64])).data();
    await runtime.clear();
    expect((await running).length).toBe(32 * 64 * 64);
    expect((await layer(zeros([1, 32, 4, 4])).data()).length).toBe(32 * 16);
  });

  it("tells apart attributes, dtypes, ranks and sharing", async () => {
    const x = zeros([2, 3]);
    await realize(x.sum(0));
    await realize(x.sum(1));
    await realize(zeros([2, 3], "int32").sum(0));
    await realize(zeros([2, 3, 4]).sum(0));
    const shared = zeros([2]);
    await realize(shared.add(shared));
    await realize(zeros([2]).add(zeros([2])));
    expect(runtime.stats().compilations).toBe(6);
  });

  it("tells apart ranks that only occur in between", async () => {
    const x = zeros([2, 3]).add(1);
    expect((await x.reshape([6]).add(1).toNdarray()).shape).toEqual([6]);
    expect((await x.reshape([3, 2]).add(1).toNdarray()).shape).toEqual([3, 2]);
  });
});

describe("empty tensors", () => {
  it("are computed without a session when nothing else is wanted", async () => {
    expect(await zeros([0, 4]).exp().data()).toEqual(new Float32Array(0));
    expect(runtime.stats().runs).toBe(0);
  });

  it("run beside others through one and the same session", async () => {
    for (const count of [3, 0, 1]) {
      const x = zeros([count, 4]);
      const rows = x.exp();
      const total = rows.sum();
      await realize(rows, total);
      expect(await total.item()).toBe(count * 4);
    }
    expect(runtime.stats().compilations).toBe(1);
  });
});

describe("errors", () => {
  it("of a run name the operations and what was fed", async () => {
    const outOfRange = tensor([1, 2]).indexSelect(0, tensor([5], { dtype: "int32" }));
    const failure = outOfRange.data();
    await expect(failure).rejects.toThrow(SessionError);
    await expect(failure).rejects.toThrow(/could not run a graph of indexSelect: .*5/s);
    await expect(failure).rejects.toThrow("f0 [2], f1 [1]");
  });

  it("of a host operation name what it declared and what it returned", async () => {
    const [wrong] = hostOp({
      name: "halve",
      inputs: [zeros([4])],
      outputs: [{ shape: [4], dtype: "float32" }],
      forward: () => [new Float32Array(2)],
    });
    await expect(wrong.data()).rejects.toThrow(HostOpError);
    await expect(wrong.data()).rejects.toThrow(
      "halve: output 0 must be float32[4], forward returned 2 values in a Float32Array",
    );
  });

  it("of options name the option, and change nothing", async () => {
    const { threads } = runtime.options;
    await expect(runtime.configure({ threads: 0 })).rejects.toThrow(RuntimeOptionError);
    await expect(runtime.configure({ threads: 0 })).rejects.toThrow(
      "runtime option threads must be a positive integer, got 0",
    );
    await expect(runtime.configure({ executionProviders: [] })).rejects.toThrow(RuntimeOptionError);
    expect(runtime.options.threads).toBe(threads);
  });

  it("of a provider that is not there reach whoever asked, and the next run compiles again", async () => {
    await runtime.configure({ executionProviders: ["nonesuch"] });
    await expect(zeros([2]).exp().data()).rejects.toThrow(/could not compile a graph of exp/);
    await runtime.configure({ executionProviders: ["cpu"] });
    expect(await zeros([2]).exp().data()).toEqual(Float32Array.of(1, 1));
  });
});

describe("threads", () => {
  it("default to what this process may use", () => {
    expect(cpuLimit()).toBeGreaterThanOrEqual(1);
    expect(runtime.options.threads).toBe(cpuLimit());
  });
});
