import "@detectron-ts/runtime";
import { LayerOptionError } from "@detectron-ts/nn";
import { Parameter, conv2d, grad, tensor, zeros, type Tensor } from "@detectron-ts/tensor";
import { loadGolden } from "@detectron-ts/testing";
import { describe, expect, test } from "vitest";
import {
  DeformConv,
  LayerShapeError,
  ModulatedDeformConv,
  deformConv2d,
  type DeformConv2dOptions,
} from "../src/index.ts";

interface DeformConvCases {
  readonly cases: readonly {
    readonly i: number;
    readonly modulated: boolean;
    readonly stride: number;
    readonly padding: number;
    readonly dilation: number;
    readonly groups: number;
    readonly deformable_groups: number;
  }[];
}

const golden = loadGolden<DeformConvCases>(new URL("./golden/deform_conv", import.meta.url));
const plain: DeformConv2dOptions = {
  stride: [1, 1],
  padding: [1, 1],
  dilation: [1, 1],
  groups: 1,
  deformableGroups: 1,
};
const ramp = tensor(
  Float32Array.from({ length: 25 }, (_, i) => i),
  { shape: [1, 1, 5, 5] },
);
const filled = (shape: number[], value: number) => zeros(shape).add(value);

describe("deformConv2d", () => {
  for (const recorded of golden.json.cases) {
    const { i, modulated, stride, padding, dilation, groups } = recorded;
    const leaf = (name: string) => {
      const { data, shape } = golden.float32(`${i}.${name}`);
      return new Parameter(data, shape);
    };
    const leaves = {
      input: leaf("input"),
      offset: leaf("offset"),
      weight: leaf("weight"),
      ...(modulated ? { mask: leaf("mask"), bias: leaf("bias") } : {}),
    };
    const title = `${modulated ? "modulated" : "plain"}, stride ${stride}, dilation ${dilation}, groups ${groups}`;

    test(`has detectron2's output and gradients: ${title}`, async () => {
      const { input, offset, weight, mask, bias } = leaves;
      const output = deformConv2d(input, offset, weight, {
        stride: [stride, stride],
        padding: [padding, padding],
        dilation: [dilation, dilation],
        groups,
        deformableGroups: recorded.deformable_groups,
        mask,
        bias,
      });
      const expected = golden.float32(`${i}.output`);
      expect(output.shape).toEqual(expected.shape);
      expect(await output.data()).toBeAllclose(expected.data, { atol: 2e-5, rtol: 2e-5 });

      const gradOutput = golden.float32(`${i}.grad_output`);
      const weighted = output.mul(tensor(gradOutput.data, { shape: gradOutput.shape }));
      const gradients = grad(weighted.sum(), Object.values(leaves));
      for (const [k, name] of Object.keys(leaves).entries()) {
        const { data } = golden.float32(`${i}.grad_${name}`);
        expect(await gradients[k].data()).toBeAllclose(data, { atol: 5e-5, rtol: 5e-5 });
      }
    });
  }

  test("zero offsets give the ordinary convolution", async () => {
    const x = tensor(
      Float32Array.from({ length: 2 * 4 * 30 }, (_, i) => Math.sin(i)),
      { shape: [2, 4, 5, 6] },
    );
    const weight = tensor(
      Float32Array.from({ length: 6 * 2 * 9 }, (_, i) => Math.cos(i)),
      { shape: [6, 2, 3, 3] },
    );
    const walk = { stride: [2, 1], padding: [1, 2], dilation: [1, 2] } as const;
    const expected = conv2d(x, weight, { ...walk, groups: 2 });
    const offset = zeros([2, 36, ...expected.shape.slice(2)]);
    const options = { ...walk, groups: 2, deformableGroups: 2 };
    const output = deformConv2d(x, offset, weight, options);
    expect(await output.toNdarray()).toBeAllclose(await expected.toNdarray());
  });

  test("offsets of half a cell average four neighbours, and a mask of one half halves", async () => {
    // prettier-ignore
    const expected = [
      30, 41.25, 48.75, 45, 28.75,
      62.25, 81, 90, 80.25, 50.25,
      99.75, 126, 135, 117.75, 72.75,
      105, 131.25, 138.75, 120, 73.75,
      71.75, 89.25, 93.75, 80.75, 49.5,
    ];
    const offset = filled([1, 18, 5, 5], 0.5);
    const weight = filled([1, 1, 3, 3], 1);
    const output = deformConv2d(ramp, offset, weight, plain);
    expect(await output.data()).toBeAllclose(expected);
    const masked = deformConv2d(ramp, offset, weight, {
      ...plain,
      mask: filled([1, 9, 5, 5], 0.5),
    });
    expect(await masked.data()).toBeAllclose(expected.map((x) => x / 2));
  });

  test("offsets, masks and weights of another shape are refused at the call", () => {
    const weight = zeros([1, 1, 3, 3]);
    const call = (offset: Tensor, options = plain) => deformConv2d(ramp, offset, weight, options);
    expect(() => call(zeros([1, 16, 5, 5]))).toThrow(
      "deformConv2d: offset has shape [1, 16, 5, 5], wanted [1, 18, 5, 5]",
    );
    const mask = zeros([1, 9, 4, 5]);
    expect(() => call(zeros([1, 18, 5, 5]), { ...plain, mask })).toThrow(LayerShapeError);
    expect(() => call(zeros([1, 36, 5, 5]), { ...plain, deformableGroups: 2 })).toThrow(
      "2 deformable groups",
    );
  });
});

describe("DeformConv and ModulatedDeformConv", () => {
  const options = { inChannels: 4, outChannels: 6, kernelSize: 3, padding: 1 };

  test("own a weight and, only the modulated one, a bias", () => {
    expect([...new DeformConv(options).stateDict().keys()]).toEqual(["weight"]);
    const modulated = new ModulatedDeformConv(options);
    expect([...modulated.stateDict().keys()]).toEqual(["weight", "bias"]);
    expect(modulated.weight.shape).toEqual([6, 4, 3, 3]);
    expect(modulated.bias?.dataSync()).toEqual(new Float32Array(6));
    expect(new ModulatedDeformConv({ ...options, bias: false }).bias).toBeNull();
  });

  test("apply the activation after the convolution, and keep inputs smaller than the kernel", async () => {
    const conv = new DeformConv({ ...options, activation: (x) => x.relu() });
    const output = conv(filled([1, 4, 2, 2], 1), zeros([1, 18, 2, 2]));
    expect(output.shape).toEqual([1, 6, 2, 2]);
    expect((await output.data()).every((x) => x >= 0)).toBe(true);
  });

  test("an empty batch stays empty", async () => {
    const output = new DeformConv(options)(zeros([0, 4, 5, 5]), zeros([0, 18, 5, 5]));
    expect(await output.data()).toHaveLength(0);
  });

  test("channels that do not divide into the groups are refused", () => {
    expect(() => new DeformConv({ ...options, groups: 4 })).toThrow(LayerOptionError);
    expect(() => new DeformConv({ ...options, deformableGroups: 3 })).toThrow(
      "does not divide into 3 groups",
    );
  });
});
