import { Parameter } from "@detectron-ts/nn";
import {
  AdamW,
  type ClipGradientsOptions,
  OptimizerOptionError,
  SGD,
  type SGDOptions,
} from "@detectron-ts/solver";
import { describe, expect, it } from "vitest";
import { setGradient, valuesOf, weights } from "./support.ts";

const f = Math.fround;

function norm(value: number, normType?: number): ClipGradientsOptions {
  return { type: "norm", value, normType };
}

describe("SGD", () => {
  it("follows the gradient", () => {
    const p = weights(1, 2, 3);
    setGradient(p, 0.5, -1, 0);
    new SGD({ params: [p], lr: 0.5 }).step();
    expect(valuesOf(p)).toEqual([0.75, 2.5, 3]);
  });

  // Worked out on paper in numbers that float32 holds exactly.
  it("accumulates velocity, which starts as the first gradient", () => {
    const p = weights(1);
    const optimizer = new SGD({ params: [p], lr: 0.25, momentum: 0.5 });
    const positions = [1, -1, 2].map((gradient) => {
      setGradient(p, gradient);
      optimizer.step();
      return valuesOf(p)[0];
    });
    // v = 1, -0.5, 1.75
    expect(positions).toEqual([0.75, 0.875, 0.4375]);
  });

  it("looks ahead with Nesterov's momentum", () => {
    const p = weights(1);
    const optimizer = new SGD({ params: [p], lr: 0.25, momentum: 0.5, nesterov: true });
    const positions = [1, -1, 2].map((gradient) => {
      setGradient(p, gradient);
      optimizer.step();
      return valuesOf(p)[0];
    });
    // v = 1, -0.5, 1.75; steps of g + v/2 = 1.5, -1.25, 2.875
    expect(positions).toEqual([0.625, 0.9375, 0.21875]);
  });

  it("decays weights by way of the gradient, so that decay has momentum too", () => {
    const p = weights(2);
    const optimizer = new SGD({ params: [p], lr: 0.5, momentum: 0.5, weightDecay: 0.25 });
    setGradient(p, 0);
    optimizer.step(); // g = 0.5, v = 0.5
    expect(valuesOf(p)).toEqual([1.75]);
    setGradient(p, 0);
    optimizer.step(); // g = 0.4375, v = 0.6875
    expect(valuesOf(p)).toEqual([1.40625]);
  });

  it("multiplies by the learning rate after the momentum, so that a change of it acts at once", () => {
    const p = weights(0);
    const optimizer = new SGD({ params: [p], lr: 1, momentum: 0.5 });
    setGradient(p, 1);
    optimizer.step();
    optimizer.paramGroups[0].lr = 0;
    setGradient(p, 1);
    optimizer.step();
    expect(valuesOf(p)).toEqual([-1]);
  });

  it("rounds where PyTorch rounds", () => {
    // With all terms, in detectron2's magnitudes, against the formula written out in float32.
    const [lr, momentum, decay] = [0.02, 0.9, 1e-4].map(f);
    const gradients = [0.123, -0.77, 1e-3, 3.5].map(f);
    const p = weights(0.1);
    const optimizer = new SGD({ params: [p], lr: 0.02, momentum: 0.9, weightDecay: 1e-4 });
    let [value, velocity] = [f(0.1), 0];
    for (const gradient of gradients) {
      setGradient(p, gradient);
      optimizer.step();
      velocity = f(f(momentum * velocity) + f(gradient + decay * value));
      value = f(value - lr * velocity);
      expect(valuesOf(p)).toEqual([value]);
    }
    // The same in double precision.
    expect(value).toBeCloseTo(0.0632342, 6);
  });

  it("leaves alone what has no gradient, and forgets gradients only when told", () => {
    const [frozen, trained] = [weights(1), weights(1)];
    const optimizer = new SGD({ params: [frozen, trained], lr: 1, weightDecay: 0.5 });
    setGradient(trained, 0);
    optimizer.step();
    expect(valuesOf(frozen)).toEqual([1]);
    expect(valuesOf(trained)).toEqual([0.5]);
    expect(trained.grad).not.toBeNull();
    optimizer.zeroGrad();
    expect(trained.grad).toBeNull();
  });

  it("tells sessions that weights changed, in place", () => {
    const p = weights(1);
    const [data, version] = [p.dataSync(), p.version];
    setGradient(p, 1);
    new SGD({ params: [p], lr: 1 }).step();
    expect(p.dataSync()).toBe(data);
    expect(p.version).toBeGreaterThan(version);
  });

  it("updates parameters without elements", () => {
    const p = new Parameter(new Float32Array(0), [0, 4]);
    setGradient(p);
    const optimizer = new SGD({ params: [p], lr: 1, momentum: 0.9, clipGradients: norm(1) });
    optimizer.step();
    expect(valuesOf(p)).toEqual([]);
  });

  it("gives the same bits in every run", () => {
    const run = (): Uint8Array => {
      const data = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i));
      const p = new Parameter(data, [1000]);
      const optimizer = new SGD({
        params: [p],
        lr: 0.02,
        momentum: 0.9,
        weightDecay: 1e-4,
        nesterov: true,
        clipGradients: norm(5),
      });
      for (let step = 1; step <= 50; step++) {
        setGradient(p, ...valuesOf(p).map((value, i) => Math.cos(value * step + i)));
        optimizer.step();
      }
      return new Uint8Array(data.buffer);
    };
    const first = run();
    expect(run()).toEqual(first);
    expect(new Float32Array(first.buffer).every(Number.isFinite)).toBe(true);
  });

  it("takes groups with hyperparameters of their own, and its own for the rest", () => {
    const [a, b] = [weights(1), weights(1)];
    const optimizer = new SGD({
      params: [{ params: [a], lr: 0.5 }, { params: [b] }],
      lr: 0.25,
      momentum: 0.9,
    });
    for (const p of [a, b]) setGradient(p, 1);
    optimizer.step();
    expect([...valuesOf(a), ...valuesOf(b)]).toEqual([0.5, 0.75]);
    expect(optimizer.paramGroups.map(({ momentum }) => momentum)).toEqual([0.9, 0.9]);
  });

  it("refuses hyperparameters out of range, and parameters that are missing, doubled or integers", () => {
    const p = weights(1);
    const integer = new Parameter(Int32Array.of(1), [1], "int32");
    const wrong: SGDOptions[] = [
      { params: [], lr: 1 },
      { params: [p, p], lr: 1 },
      { params: [{ params: [p] }, { params: [p] }], lr: 1 },
      { params: [integer], lr: 1 },
      { params: [p], lr: -1 },
      { params: [p], lr: Number.NaN },
      { params: [p], lr: 1, momentum: -0.1 },
      { params: [p], lr: 1, weightDecay: -0.1 },
      { params: [p], lr: 1, nesterov: true },
    ];
    for (const options of wrong) expect(() => new SGD(options)).toThrow(OptimizerOptionError);
  });
});

describe("gradient clipping", () => {
  /** How far one step of rate 1 goes for each gradient. */
  function steps(clipGradients: SGDOptions["clipGradients"], ...gradients: number[][]): number[][] {
    const params = gradients.map((gradient) => weights(...gradient.map(() => 0)));
    for (const [i, gradient] of gradients.entries()) setGradient(params[i], ...gradient);
    new SGD({ params, lr: 1, clipGradients }).step();
    expect(Array.from(params[0].grad?.dataSync() ?? [], Number)).toEqual(gradients[0]);
    return params.map((p) => valuesOf(p).map((value) => -value));
  }

  it("limits elements by value", () => {
    const stepped = steps({ type: "value", value: 1 }, [0.5, -3], [2]);
    expect(stepped).toEqual([[0.5, -1], [1]]);
  });

  it("limits the norm of each parameter's gradient by itself", () => {
    const [large, small] = steps(norm(2.5), [3, 4], [1, 0]);
    expect(large).toBeAllclose([1.5, 2], { rtol: 1e-6 });
    expect(small).toEqual([1, -0]);
  });

  it("divides by the norm plus a millionth, as PyTorch does", () => {
    const scale = f(0.001 / f(0.001 + 1e-6));
    expect(steps(norm(0.001), [f(0.001)])).toEqual([[f(f(0.001) * scale)]]);
  });

  it("limits the norm of all gradients together", () => {
    const [a, b] = steps({ type: "full_model", value: 2.5 }, [3], [4]);
    expect([...a, ...b]).toBeAllclose([1.5, 2], { rtol: 1e-6 });
  });

  it("knows other norms", () => {
    expect(steps(norm(2, Infinity), [4, -2])[0]).toBeAllclose([2, -1], { rtol: 1e-6 });
    expect(steps(norm(3, 1), [4, -2])[0]).toBeAllclose([2, -1], { rtol: 1e-6 });
  });

  it("does not hide a broken gradient", () => {
    expect(steps({ type: "value", value: 1 }, [Number.NaN, 2])).toEqual([[Number.NaN, 1]]);
    expect(steps(norm(1), [Number.NaN, 2])).toEqual([[Number.NaN, Number.NaN]]);
  });
});

describe("AdamW", () => {
  it("moves by the learning rate at first, whatever the gradient's size", () => {
    const p = weights(1, 1, 1);
    setGradient(p, 1e-3, -50, 0);
    new AdamW({ params: [p], lr: 0.1, weightDecay: 0 }).step();
    expect(valuesOf(p)).toBeAllclose([0.9, 1.1, 1], { atol: 2e-6 });
  });

  it("decays weights apart from the gradient", () => {
    const p = weights(2);
    setGradient(p, 0);
    new AdamW({ params: [p], lr: 0.5, weightDecay: 0.25 }).step();
    expect(valuesOf(p)).toEqual([1.75]);
  });

  it("agrees with its formula in double precision over many steps", () => {
    const [lr, beta1, beta2, eps, decay] = [0.01, 0.8, 0.95, 1e-6, 0.1];
    const p = weights(0.5);
    const optimizer = new AdamW({
      params: [p],
      lr,
      betas: [beta1, beta2],
      eps,
      weightDecay: decay,
    });
    let [value, m, v] = [0.5, 0, 0];
    for (let t = 1; t <= 30; t++) {
      const gradient = f(Math.sin(t) + 0.3);
      setGradient(p, gradient);
      optimizer.step();
      value *= 1 - lr * decay;
      m = beta1 * m + (1 - beta1) * gradient;
      v = beta2 * v + (1 - beta2) * gradient ** 2;
      value -= (lr * (m / (1 - beta1 ** t))) / (Math.sqrt(v / (1 - beta2 ** t)) + eps);
      expect(valuesOf(p)[0]).toBeCloseTo(value, 5);
    }
  });

  it("clips gradients", () => {
    const [clipped, limited] = [weights(0), weights(0)];
    const betas = [0.5, 0.5] as const;
    const clip = { type: "value", value: 0.5 } as const;
    const a = new AdamW({ params: [clipped], betas, clipGradients: clip });
    const b = new AdamW({ params: [limited], betas });
    for (const [wild, tame] of [
      [4, 0.5],
      [0.25, 0.25],
    ]) {
      setGradient(clipped, wild);
      setGradient(limited, tame);
      a.step();
      b.step();
    }
    expect(valuesOf(clipped)).toEqual(valuesOf(limited));
  });

  it("refuses hyperparameters out of range", () => {
    const params = [weights(1)];
    for (const options of [{ betas: [1, 0.9] as const }, { eps: -1 }, { lr: -1 }]) {
      expect(() => new AdamW({ params, ...options })).toThrow(OptimizerOptionError);
    }
  });
});
