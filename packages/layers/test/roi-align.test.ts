import { loadGolden } from "@detectron-ts/testing";
import { describe, expect, test } from "vitest";
import {
  InvalidRoiError,
  LayerOptionError,
  LayerShapeError,
  roiAlignBackward,
  roiAlignForward,
  type FeatureShape,
  type ROIAlignOptions,
} from "../src/index.ts";

interface RoiAlignCases {
  readonly cases: readonly {
    readonly i: number;
    readonly aligned: boolean;
    readonly sampling_ratio: number;
    readonly spatial_scale: number;
    readonly output_size: readonly [number, number];
  }[];
}

const golden = loadGolden<RoiAlignCases>(new URL("./golden/roi_align", import.meta.url));
const options: ROIAlignOptions = {
  outputSize: [4, 4],
  spatialScale: 1,
  samplingRatio: 0,
  aligned: true,
};
const ramp = Float32Array.from({ length: 25 }, (_, i) => i);
const rampShape: FeatureShape = [1, 1, 5, 5];

describe("roiAlign kernels", () => {
  for (const { i, ...recorded } of golden.json.cases) {
    const caseOptions: ROIAlignOptions = {
      outputSize: recorded.output_size,
      spatialScale: recorded.spatial_scale,
      samplingRatio: recorded.sampling_ratio,
      aligned: recorded.aligned,
    };
    const input = golden.float32(`${i}.input`);
    const [n, c, h, w] = input.shape;
    const rois = golden.float32(`${i}.rois`).data;

    test(`pools as detectron2 does with ${JSON.stringify(caseOptions)}`, () => {
      const output = roiAlignForward(input.data, [n, c, h, w], rois, caseOptions);
      expect(output).toBeAllclose(golden.float32(`${i}.output`).data, { atol: 2e-6, rtol: 2e-6 });
    });

    test(`sends gradients back as detectron2 does with ${JSON.stringify(caseOptions)}`, () => {
      const gradOutput = golden.float32(`${i}.grad_output`).data;
      const gradInput = roiAlignBackward(gradOutput, [n, c, h, w], rois, caseOptions);
      expect(gradInput).toBeAllclose(golden.float32(`${i}.grad_input`).data, {
        atol: 1e-5,
        rtol: 1e-5,
      });
    });
  }

  test("aligned sampling of a ramp reads the ramp's values at the bin centres", () => {
    const pooled = roiAlignForward(ramp, rampShape, Float32Array.of(0, 1, 1, 3, 3), options);
    expect(pooled).toBeAllclose([
      4.5, 5, 5.5, 6, 7, 7.5, 8, 8.5, 9.5, 10, 10.5, 11, 12, 12.5, 13, 13.5,
    ]);
  });

  test("legacy sampling lies half a cell further", () => {
    const legacy = { ...options, aligned: false };
    const pooled = roiAlignForward(ramp, rampShape, Float32Array.of(0, 1, 1, 3, 3), legacy);
    expect(pooled).toBeAllclose([
      7.5, 8, 8.5, 9, 10, 10.5, 11, 11.5, 12.5, 13, 13.5, 14, 15, 15.5, 16, 16.5,
    ]);
  });

  test("a region without extent pools to zeros and sends no gradient", () => {
    const rois = Float32Array.of(0, 2, 2, 2, 2);
    expect(roiAlignForward(ramp, rampShape, rois, options).every((x) => x === 0)).toBe(true);
    const gradient = roiAlignBackward(new Float32Array(16).fill(1), rampShape, rois, options);
    expect(gradient.every((x) => x === 0)).toBe(true);
  });

  test("no regions pool to nothing, and their gradient is zero", () => {
    const none = new Float32Array(0);
    expect(roiAlignForward(ramp, rampShape, none, options)).toHaveLength(0);
    expect(roiAlignBackward(none, rampShape, none, options)).toEqual(new Float32Array(25));
  });

  test("forward and backward are adjoint: ⟨forward(x), g⟩ = ⟨x, backward(g)⟩", () => {
    const rois = Float32Array.of(0, -2.3, 0.4, 3.1, 6.2, 0, 1, 1.5, 4.9, 2);
    const gradient = Float32Array.from({ length: 32 }, (_, i) => Math.sin(i));
    const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);
    const left = dot(roiAlignForward(ramp, rampShape, rois, options), gradient);
    const right = dot(ramp, roiAlignBackward(gradient, rampShape, rois, options));
    expect(left).toBeCloseTo(right, 4);
  });

  test("regions of no image, or not finite, are refused with their row", () => {
    const beyond = Float32Array.of(0, 1, 1, 3, 3, 1, 1, 1, 3, 3);
    expect(() => roiAlignForward(ramp, rampShape, beyond, options)).toThrow(
      new InvalidRoiError(1, [1, 1, 1, 3, 3], "no image 1 in a batch of 1"),
    );
    const infinite = Float32Array.of(0, 1, 1, Infinity, 3);
    expect(() => roiAlignForward(ramp, rampShape, infinite, options)).toThrow(InvalidRoiError);
  });

  test("lengths and output sizes that do not fit are refused", () => {
    const roi = Float32Array.of(0, 1, 1, 3, 3);
    expect(() => roiAlignForward(ramp, [1, 1, 5, 4], roi, options)).toThrow(LayerShapeError);
    expect(() => roiAlignForward(ramp, rampShape, roi.subarray(1), options)).toThrow("K×5");
    expect(() => roiAlignBackward(ramp, rampShape, roi, options)).toThrow("16 elements");
    const bad: ROIAlignOptions = { ...options, outputSize: [0, 4] };
    expect(() => roiAlignForward(ramp, rampShape, roi, bad)).toThrow(LayerOptionError);
  });
});
