import { describe, expect, it } from "vitest";

import { finiteDifference, gradcheck } from "../src/index.ts";

const sumOfCubes = (x: Float64Array) => x.reduce((sum, value) => sum + value ** 3, 0);

describe("finiteDifference", () => {
  it("approximates the gradient of a smooth function in float64", async () => {
    const numeric = await finiteDifference(sumOfCubes, Float64Array.of(0, 1, -2));
    expect(numeric).toBeAllclose([0, 3, 12], { atol: 1e-8, rtol: 1e-8 });
  });

  it("awaits asynchronous functions and leaves its input alone", async () => {
    const x = Float32Array.of(1, 2);
    const numeric = await finiteDifference(async (at) => at[0] * at[1], x);
    expect(numeric).toBeAllclose([2, 1], { atol: 1e-5 });
    expect(x).toEqual(Float32Array.of(1, 2));
  });
});

describe("gradcheck", () => {
  const x = Float64Array.of(1, 2);
  it("accepts the right gradient", async () => {
    await gradcheck({ f: sumOfCubes, x, gradient: [3, 12] });
  });

  it("shows where a wrong gradient differs", async () => {
    await expect(gradcheck({ f: sumOfCubes, x, gradient: [3, 4] })).rejects.toThrow(
      "at [1]: got 4",
    );
  });
});
