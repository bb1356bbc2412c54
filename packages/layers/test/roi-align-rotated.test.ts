import "@detectron-ts/runtime";
import { LayerOptionError } from "@detectron-ts/nn";
import { NotRealizedError, Parameter, ShapeError, grad, tensor, zeros } from "@detectron-ts/tensor";
import { loadGolden } from "@detectron-ts/testing";
import { describe, expect, test } from "vitest";
import { LayerShapeError, ROIAlign, ROIAlignRotated } from "../src/index.ts";

interface Cases {
  readonly cases: readonly {
    readonly i: number;
    readonly sampling_ratio: number;
    readonly spatial_scale: number;
    readonly output_size: readonly [number, number];
  }[];
}

const golden = loadGolden<Cases>(new URL("./golden/roi_align_rotated", import.meta.url));
const options = { outputSize: [4, 6], spatialScale: 0.5, samplingRatio: 0 } as const;
const features = tensor(
  Float32Array.from({ length: 2 * 3 * 8 * 8 }, (_, i) => Math.sin(i * i)),
  {
    shape: [2, 3, 8, 8],
  },
);
const rois = (...rows: number[][]) =>
  tensor(Float32Array.from(rows.flat()), { shape: [rows.length, rows[0]?.length ?? 6] });

describe("ROIAlignRotated", () => {
  test.each(golden.json.cases)(
    "has detectron2's output and gradient, case $i",
    async ({ i, sampling_ratio, spatial_scale, output_size }) => {
      const { data, shape } = golden.float32(`${i}.input`);
      const input = new Parameter(data, shape);
      const [regions, gradOutput] = ["rois", "grad_output"].map((name) => {
        const recorded = golden.float32(`${i}.${name}`);
        return tensor(recorded.data, { shape: recorded.shape });
      });
      const output = new ROIAlignRotated({
        outputSize: output_size,
        spatialScale: spatial_scale,
        samplingRatio: sampling_ratio,
      })(input, regions);
      expect(output.shape).toEqual(gradOutput.shape);
      const [gradient] = grad(output.mul(gradOutput).sum(), [input]);
      const closely = { atol: 3e-6, rtol: 3e-6 };
      expect(await output.data()).toBeAllclose(golden.float32(`${i}.output`).data, closely);
      expect(await gradient.data()).toBeAllclose(golden.float32(`${i}.grad_input`).data, closely);
    },
  );

  test("at 0 degrees it is ROIAlign", async () => {
    const rotated = new ROIAlignRotated(options)(
      features,
      rois([0, 6, 7, 8, 6, 0], [1, 0.5, 3, 9, 1, 0], [0, 8, 8, 40, 40, 0]),
    );
    const upright = new ROIAlign(options)(
      features,
      rois([0, 2, 4, 10, 10], [1, -4, 2.5, 5, 3.5], [0, -12, -12, 28, 28]),
    );
    expect(await rotated.data()).toBeAllclose(await upright.data(), { atol: 1e-5 });
  });

  test("turning a region by 90 degrees counter-clockwise turns what is pooled clockwise", async () => {
    const square = { ...options, outputSize: [4, 4] } as const;
    const region = [1, 7, 8, 6, 6];
    const pool = new ROIAlignRotated(square);
    const upright = await pool(features, rois([...region, 0])).toNdarray();
    const turned = await pool(features, rois([...region, 90])).toNdarray();
    const opposite = await pool(features, rois([...region, 180])).toNdarray();
    for (let row = 0; row < 4; row++) {
      for (let column = 0; column < 4; column++) {
        const original = upright.get(0, 2, row, column);
        expect(turned.get(0, 2, column, 3 - row)).toBeCloseTo(Number(original), 5);
        expect(opposite.get(0, 2, 3 - row, 3 - column)).toBeCloseTo(Number(original), 5);
      }
    }
  });

  test("a region without extent, or outside of the map, pools to zeros and sends no gradient", async () => {
    const input = new Parameter(new Float32Array(64).fill(1), [1, 1, 8, 8]);
    const pooled = new ROIAlignRotated(options)(
      input,
      rois([0, 5, 5, 0, 0, 20], [0, 900, 5, 4, 4, 20]),
    );
    const [gradient] = grad(pooled.sum(), [input]);
    expect((await pooled.data()).every((value) => value === 0)).toBe(true);
    expect((await gradient.data()).every((value) => value === 0)).toBe(true);
  });

  test("no regions pool to an empty map of the right shape, and their gradient is zero", async () => {
    const input = new Parameter(new Float32Array(64).fill(1), [1, 1, 8, 8]);
    const pooled = new ROIAlignRotated(options)(input, zeros([0, 6]));
    expect(pooled.shape).toEqual([0, 1, 4, 6]);
    const [gradient] = grad(pooled.sum(), [input]);
    expect(await pooled.data()).toHaveLength(0);
    expect(await gradient.data()).toEqual(new Float32Array(64));
  });

  test("regions of no image, not finite, of negative size or of five numbers are refused", () => {
    const pool = new ROIAlignRotated(options);
    for (const region of [
      [2, 1, 1, 3, 3, 0],
      [0.5, 1, 1, 3, 3, 0],
      [0, 1, 1, 3, 3, Infinity],
      [0, 1, 1, -3, 3, 0],
    ]) {
      expect(() => pool(features, rois(region))).toThrow(ShapeError);
    }
    expect(() => pool(features, rois([0, 1, 1, 3, 3]))).toThrow(LayerShapeError);
    expect(() => pool(zeros([3, 8, 8]), zeros([0, 6]))).toThrow(LayerShapeError);
  });

  test("regions that are still to be computed are refused", async () => {
    const pool = new ROIAlignRotated(options);
    const regions = rois([0, 1, 1, 3, 3, 0]).mul(2);
    expect(() => pool(features, regions)).toThrow(NotRealizedError);
    await regions.data();
    expect(pool(features, regions).shape).toEqual([1, 3, 4, 6]);
  });

  test("an output size that is no positive integer is refused", () => {
    expect(() => new ROIAlignRotated({ ...options, outputSize: [0, 4] })).toThrow(LayerOptionError);
  });
});
