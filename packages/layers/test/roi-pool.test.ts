import { LayerOptionError } from "@detectron-ts/nn";
import "@detectron-ts/runtime";
import { grad, Parameter, tensor, zeros } from "@detectron-ts/tensor";
import { describe, expect, it } from "vitest";

import { LayerShapeError, RoIPool } from "../src/index.ts";

/** One channel of 4×4 cells, 0 to 15. */
const ramp = () =>
  new Parameter(
    Float32Array.from({ length: 16 }, (_, i) => i),
    [1, 1, 4, 4],
  );
const roi = (...box: number[]) => tensor(Float32Array.of(0, ...box), { shape: [1, 5] });
const pool = (outputSize: [number, number], spatialScale = 1) =>
  new RoIPool({ outputSize, spatialScale });

describe("RoIPool", () => {
  it("takes the largest cell of each bin, the cells of both corners included", async () => {
    const pooled = pool([2, 2])(ramp(), roi(0, 0, 3, 3));
    expect([...(await pooled.data())]).toEqual([5, 7, 13, 15]);
  });

  it("rounds corners to cells, halves away from zero", async () => {
    expect([...(await pool([1, 1])(ramp(), roi(0, 0, 1.5, 0.4)).data())]).toEqual([2]);
    expect([...(await pool([1, 1], 0.5)(ramp(), roi(-1, 0, 1, 1)).data())]).toEqual([5]);
  });

  it("lets bins share cells that do not divide evenly", async () => {
    const pooled = pool([1, 2])(ramp(), roi(0, 0, 2, 0));
    expect([...(await pooled.data())]).toEqual([1, 2]);
  });

  it("gives zero outside of the map, without a gradient", async () => {
    const x = ramp();
    const pooled = pool([1, 2])(x, roi(2, 0, 5, 0));
    expect([...(await pooled.data())]).toEqual([3, 0]);
    const [gradient] = grad(pooled.sum(), [x]);
    const expected = new Float32Array(16);
    expected[3] = 1;
    expect(await gradient.data()).toEqual(expected);
  });

  it("hands each gradient to the largest cell, adding up over regions", async () => {
    const x = ramp();
    const regions = tensor(Float32Array.of(0, 0, 0, 3, 3, 0, 2, 2, 3, 3), { shape: [2, 5] });
    const weights = tensor(Float32Array.of(2, 3), { shape: [2, 1, 1, 1] });
    const [gradient] = grad(pool([1, 1])(x, regions).mul(weights).sum(), [x]);
    const expected = new Float32Array(16);
    expected[15] = 5;
    expect(await gradient.data()).toEqual(expected);
  });

  it("takes no regions", async () => {
    const pooled = pool([2, 3])(zeros([1, 4, 4, 4]), zeros([0, 5]));
    expect(pooled.shape).toEqual([0, 4, 2, 3]);
    expect((await pooled.data()).length).toBe(0);
  });

  it("refuses other shapes, regions of no image, and sizes that aren't positive integers", async () => {
    expect(() => pool([1, 1])(zeros([1, 4, 4]), zeros([1, 5]))).toThrow(LayerShapeError);
    expect(() => pool([1, 1])(zeros([1, 1, 4, 4]), zeros([1, 4]))).toThrow(LayerShapeError);
    const ofNoImage = tensor(Float32Array.of(1, 0, 0, 1, 1), { shape: [1, 5] });
    await expect(pool([1, 1])(ramp(), ofNoImage).data()).rejects.toThrow(/batch index below 1/);
    expect(() => pool([0, 1])).toThrow(LayerOptionError);
  });
});
