import { loadGolden } from "@detectron-ts/testing";
import {
  attention,
  grad,
  interpolate,
  layerNorm,
  linear,
  Parameter,
  realize,
  roll,
  tensor,
  type Tensor,
} from "@detectron-ts/tensor";
import { describe, expect, it } from "vitest";
import "../src/index.ts";

// Values and gradients recorded from PyTorch 1.13: inputs x0, x1, …, the output y, the gradients g0, g1, … of the sum of
// y times w.
const golden = loadGolden(new URL("./golden/transformer-operations", import.meta.url));

const operations: Readonly<Record<string, (...inputs: Tensor[]) => Tensor>> = {
  layerNorm: (x, weight, bias) => layerNorm(x, weight, bias, { eps: 1e-6 }),
  gelu: (x) => x.gelu(),
  atan: (x) => x.atan(),
  roll: (x) => roll(x, [-2, 3], [1, 2]),
  linear,
  attention,
  bicubicUp: (x) => interpolate(x, { size: [7, 9], mode: "bicubic" }),
  bicubicDown: (x) => interpolate(x, { size: [3, 4], mode: "bicubic" }),
  bicubicOdd: (x) => interpolate(x, { size: [2, 5], mode: "bicubic" }),
};

describe("PyTorch's values and gradients", () => {
  it.each(Object.entries(operations))("of %s", async (name, operation) => {
    const inputs: Parameter[] = [];
    while (golden.tensors.has(`${name}.x${inputs.length}`)) {
      const { data, shape } = golden.float32(`${name}.x${inputs.length}`);
      inputs.push(new Parameter(data, shape));
    }
    const output = operation(...inputs);
    const { data: weights, shape } = golden.float32(`${name}.w`);
    expect(output.shape).toEqual(shape);
    const gradients = grad(output.mul(tensor(weights, { shape })).sum(), inputs);
    await realize(output, ...gradients);
    const close = { atol: 2e-6, rtol: 2e-6 };
    expect(output.dataSync()).toBeAllclose(golden.float32(`${name}.y`).data, close);
    for (const [i, gradient] of gradients.entries()) {
      expect(gradient.dataSync()).toBeAllclose(golden.float32(`${name}.g${i}`).data, close);
    }
  });
});
