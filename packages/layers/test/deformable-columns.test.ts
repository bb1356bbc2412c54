import { loadGolden } from "@detectron-ts/testing";
import { describe, expect, test } from "vitest";
import {
  deformableColumns,
  deformableColumnsBackward,
  type DeformConvGeometry,
  type DeformableInput,
  type FeatureShape,
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

describe("deformable columns", () => {
  for (const recorded of golden.json.cases) {
    const { i, modulated, stride, padding, dilation, groups } = recorded;
    const name = (tensor: string) => `${i}.${tensor}`;
    const float32 = (tensor: string) => golden.float32(name(tensor));
    const geometry: DeformConvGeometry = {
      kernelSize: [3, 3],
      stride: [stride, stride],
      padding: [padding, padding],
      dilation: [dilation, dilation],
      deformableGroups: recorded.deformable_groups,
    };
    const [n, c, h, w] = float32("input").shape;
    const sampled: DeformableInput = {
      input: float32("input").data,
      inputShape: [n, c, h, w],
      offset: float32("offset").data,
      mask: modulated ? float32("mask").data : null,
    };
    const weight = float32("weight");
    const [, , outH, outW] = float32("output").shape;
    const product = { n, cells: outH * outW, groups, weight: weight.data, out: weight.shape[0] };
    const depth = (c / groups) * 9;
    const title = `${modulated ? "modulated" : "plain"}, stride ${stride}, dilation ${dilation}, groups ${groups}`;

    test(`times the kernel give detectron2's output: ${title}`, () => {
      const output = multiply(deformableColumns(sampled, geometry), { ...product, depth });
      const bias = modulated ? float32("bias").data : new Float32Array(product.out);
      const biased = output.map((x, k) => x + bias[Math.floor(k / product.cells) % product.out]);
      expect(biased).toBeAllclose(float32("output").data);
    });

    test(`send back detectron2's gradients: ${title}`, () => {
      const gradColumns = multiplyTransposed(float32("grad_output").data, { ...product, depth });
      const gradients = deformableColumnsBackward(gradColumns, sampled, geometry);
      const tolerance = { atol: 2e-5, rtol: 2e-5 };
      expect(gradients.input).toBeAllclose(float32("grad_input").data, tolerance);
      expect(gradients.offset).toBeAllclose(float32("grad_offset").data, tolerance);
      if (modulated) expect(gradients.mask).toBeAllclose(float32("grad_mask").data, tolerance);
      else expect(gradients.mask).toBeNull();
    });
  }

  test("offsets far outside, or not finite, read zeros", () => {
    const geometry: DeformConvGeometry = {
      kernelSize: [1, 1],
      stride: [1, 1],
      padding: [0, 0],
      dilation: [1, 1],
      deformableGroups: 1,
    };
    const inputShape: FeatureShape = [1, 1, 2, 2];
    const offset = Float32Array.of(1e9, -Infinity, NaN, -1.5, 0, 0, 0, 0);
    const input = Float32Array.of(1, 2, 3, 4);
    const sampled: DeformableInput = { input, inputShape, offset, mask: null };
    expect([...deformableColumns(sampled, geometry)]).toEqual([0, 0, 0, 1]);
    const ones = new Float32Array(4).fill(1);
    const gradients = deformableColumnsBackward(ones, sampled, geometry);
    expect(gradients.offset.every(Number.isFinite)).toBe(true);
  });
});

interface Product {
  readonly n: number;
  readonly cells: number;
  readonly groups: number;
  /** out × depth. */
  readonly weight: Float32Array;
  readonly out: number;
  /** Taps of one group of channels. */
  readonly depth: number;
}

/** The grouped product of a kernel with columns. */
function multiply(columns: Float32Array, product: Product): Float32Array {
  const output = new Float32Array(product.n * product.out * product.cells);
  forEachProduct(product, (o, k, at) => {
    output[o] += product.weight[at] * columns[k];
  });
  return output;
}

/** Its gradient with respect to the columns. */
function multiplyTransposed(gradOutput: Float32Array, product: Product): Float32Array {
  const { n, groups, depth, cells } = product;
  const gradColumns = new Float32Array(n * groups * depth * cells);
  forEachProduct(product, (o, k, at) => {
    gradColumns[k] += product.weight[at] * gradOutput[o];
  });
  return gradColumns;
}

function forEachProduct(
  { n, cells, groups, out, depth }: Product,
  visit: (output: number, column: number, weight: number) => void,
): void {
  for (let image = 0; image < n; image++) {
    for (let channel = 0; channel < out; channel++) {
      const group = Math.floor(channel / (out / groups));
      for (let tap = 0; tap < depth; tap++) {
        for (let cell = 0; cell < cells; cell++) {
          const output = (image * out + channel) * cells + cell;
          const column = ((image * groups + group) * depth + tap) * cells + cell;
          visit(output, column, channel * depth + tap);
        }
      }
    }
  }
}
