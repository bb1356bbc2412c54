import { describe, expect, it } from "vitest";

import { compareAllclose } from "../src/index.ts";

describe("toBeAllclose", () => {
  it("accepts numbers, nested arrays, typed arrays and strided arrays interchangeably", () => {
    expect(1).toBeAllclose(1 + 1e-7);
    expect(Float32Array.of(1, 2, 3, 4)).toBeAllclose([1, 2, 3, 4]);
    expect(BigInt64Array.of(1n, 2n)).toBeAllclose(Uint8Array.of(1, 2));
    expect([true, false]).toBeAllclose([1, 0]);
    expect({ shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }).toBeAllclose([
      [1, 2],
      [3, 4],
    ]);
  });

  it("reads strided arrays in row-major order of their view", () => {
    const transposed = {
      shape: [3, 2],
      stride: [1, 3],
      offset: 1,
      data: Float32Array.of(-1, 1, 2, 3, 4, 5, 6),
    };
    expect(transposed).toBeAllclose([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
  });

  it("requires equal shapes when both sides have one, and equal lengths always", () => {
    const column = { shape: [2, 1], data: [1, 2] };
    expect(column).not.toBeAllclose([[1, 2]]);
    expect(column).toBeAllclose([1, 2]);
    expect([1, 2]).not.toBeAllclose([1, 2, 3]);
    expect([]).toBeAllclose(new Float32Array(0));
    expect([[], []]).toBeAllclose({ shape: [2, 0], data: [] });
  });

  it("holds NaN close to NaN and null only, and infinities close to themselves only", () => {
    expect([NaN, Infinity]).toBeAllclose([null, Infinity]);
    expect([NaN]).not.toBeAllclose([0]);
    expect([0]).not.toBeAllclose([NaN]);
    expect([Infinity]).not.toBeAllclose([-Infinity]);
    expect([1]).not.toBeAllclose([Infinity]);
  });

  it("adds the absolute and the relative tolerance", () => {
    expect([1000.5]).toBeAllclose([1000], { atol: 0.1, rtol: 4e-4 });
    expect([1000.6]).not.toBeAllclose([1000], { atol: 0.1, rtol: 4e-4 });
  });

  it("shows the worst element by its position and the first few", () => {
    const { pass, message } = compareAllclose(
      [
        [1, 2, 3],
        [4, 9, 6.5],
      ],
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    );
    expect(pass).toBe(false);
    expect(message).toBe(
      [
        "2 of 6 elements differ (atol 0.00001, rtol 0.00001); the worst:",
        "  at [1, 1]: got 9, expected 5, difference 4",
        "all of them:",
        "  at [1, 1]: got 9, expected 5, difference 4",
        "  at [1, 2]: got 6.5, expected 6, difference 0.5",
      ].join("\n"),
    );
  });

  it("rejects ragged arrays and values that are no numbers", () => {
    expect(() => compareAllclose([[1, 2], [3]], [1, 2, 3])).toThrow("row 0 is [2], row 1 is [1]");
    expect(() => compareAllclose(["1"], [1])).toThrow("got string");
    expect(() => compareAllclose(new Map(), [1])).toThrow("class Map");
  });
});
