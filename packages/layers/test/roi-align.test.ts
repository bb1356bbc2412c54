import "@detectron-ts/runtime";
import { LayerOptionError } from "@detectron-ts/nn";
import { Parameter, ShapeError, grad, tensor, zeros } from "@detectron-ts/tensor";
import { loadGolden } from "@detectron-ts/testing";
import { describe, expect, test } from "vitest";
import {
  ROIAlign,
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
const options: Required<ROIAlignOptions> = {
  outputSize: [4, 4],
  spatialScale: 1,
  samplingRatio: 0,
  aligned: true,
};
const ramp = Float32Array.from({ length: 25 }, (_, i) => i);
const rampShape: FeatureShape = [1, 1, 5, 5];

describe("roiAlign kernels", () => {
  for (const { i, ...recorded } of golden.json.cases) {
    const caseOptions: Required<ROIAlignOptions> = {
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

  test("regions of no image, or not finite, are refused", () => {
    const beyond = Float32Array.of(0, 1, 1, 3, 3, 1, 1, 1, 3, 3);
    expect(() => roiAlignForward(ramp, rampShape, beyond, options)).toThrow(ShapeError);
    const infinite = Float32Array.of(0, 1, 1, Infinity, 3);
    expect(() => roiAlignForward(ramp, rampShape, infinite, options)).toThrow(ShapeError);
  });
});

describe("ROIAlign", () => {
  for (const { i, ...recorded } of golden.json.cases) {
    const caseOptions: ROIAlignOptions = {
      outputSize: recorded.output_size,
      spatialScale: recorded.spatial_scale,
      samplingRatio: recorded.sampling_ratio,
      aligned: recorded.aligned,
    };

    test(`has detectron2's output and gradient with ${JSON.stringify(caseOptions)}`, async () => {
      const recordedInput = golden.float32(`${i}.input`);
      const input = new Parameter(recordedInput.data, recordedInput.shape);
      const [rois, gradOutput] = ["rois", "grad_output"].map((name) => {
        const { data, shape } = golden.float32(`${i}.${name}`);
        return tensor(data, { shape });
      });
      const output = new ROIAlign(caseOptions)(input, rois);
      expect(output.shape).toEqual(gradOutput.shape);
      const [gradient] = grad(output.mul(gradOutput).sum(), [input]);
      expect(await output.data()).toBeAllclose(golden.float32(`${i}.output`).data);
      expect(await gradient.data()).toBeAllclose(golden.float32(`${i}.grad_input`).data);
    });
  }

  test("is aligned when not told otherwise", () => {
    const { aligned: _, ...rest } = options;
    expect(new ROIAlign(rest).aligned).toBe(true);
  });

  test("no regions pool to an empty map of the right shape", async () => {
    const pooled = new ROIAlign(options)(zeros([1, 3, 5, 5]), zeros([0, 5]));
    expect(pooled.shape).toEqual([0, 3, 4, 4]);
    expect(await pooled.data()).toHaveLength(0);
  });

  test("an output size that is no positive integer is refused", () => {
    expect(() => new ROIAlign({ ...options, outputSize: [0, 4] })).toThrow(LayerOptionError);
    expect(() => new ROIAlign({ ...options, outputSize: [7, 1.5] })).toThrow("got [7, 1.5]");
  });
});
