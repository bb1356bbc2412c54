import { constant, zeros } from "../functions/creation.ts";
import { hostOp } from "../functions/host.ts";
import { gather, indexAdd, indexSelect, scatterAdd } from "../functions/indexing.ts";
import { transpose } from "../functions/movement.ts";
import { gridSampleBackward } from "../kernels/grid-sample.ts";
import { roiAlignBackward } from "../kernels/roi-align.ts";
import type { HostArray } from "../host-op.ts";
import type { Tensor } from "../tensor.ts";
import type { VjpRules } from "./vjp-rule.ts";

type Shape4 = readonly [number, number, number, number];

function float32(array: HostArray): Float32Array {
  return array.data as Float32Array;
}

/** The inverse of a permutation of 0, 1, … size - 1; undefined for anything else, and for indices not known yet. */
function inversePermutation(indices: Tensor, size: number): Int32Array | undefined {
  if (!indices.realized || indices.size !== size) return undefined;
  const inverse = new Int32Array(size).fill(-1);
  for (const [i, value] of indices.dataSync().entries()) {
    const index = Number(value) < 0 ? Number(value) + size : Number(value);
    if (inverse[index] !== -1) return undefined;
    inverse[index] = i;
  }
  return inverse;
}

/** Gradients of gathering, scattering and region pooling. */
export const indexingGradients: VjpRules<
  "indexSelect" | "gather" | "scatterAdd" | "indexAdd" | "roiAlign" | "gridSample"
> = {
  indexSelect: ({ inputs: [x, indices], attrs: { axis }, grad }) => {
    // Rows put in another order go back as they came, which is many times faster than adding them up.
    const inverse = inversePermutation(indices, x.shape[axis]);
    if (inverse !== undefined) {
      return [indexSelect(grad, axis, constant(inverse, [inverse.length], "int32")), null];
    }
    if (axis === 0) return [indexAdd(indices, grad, x.shape), null];
    const first = indexAdd(indices, transpose(grad, 0, axis), transpose(x, 0, axis).shape);
    return [transpose(first, 0, axis), null];
  },
  gather: ({ inputs: [x, indices], attrs: { axis }, grad }) => [
    scatterAdd(zeros(x.shape), axis, indices, grad),
    null,
  ],
  scatterAdd: ({ inputs: [, indices], attrs: { axis }, grad }) => [
    grad,
    null,
    gather(grad, axis, indices),
  ],
  indexAdd: ({ inputs: [indices], grad }) => [null, indexSelect(grad, 0, indices)],
  // ONNX Runtime has no kernels for these two gradients; the host has. Regions have none, as in PyTorch.
  roiAlign: ({ inputs: [x, rois], attrs, grad }) => {
    const shape = x.shape as Shape4;
    return [
      hostOp({
        name: "roiAlignBackward",
        inputs: [grad, rois],
        outputs: [{ shape, dtype: "float32" }],
        forward: ([g, r]) => [roiAlignBackward(float32(g), shape, float32(r), attrs)],
      })[0],
      null,
    ];
  },
  gridSample: ({ inputs: [x, grid], grad }) =>
    hostOp({
      name: "gridSampleBackward",
      inputs: [grad, x, grid],
      outputs: [
        { shape: x.shape, dtype: "float32" },
        { shape: grid.shape, dtype: "float32" },
      ],
      forward: ([g, input, points]) =>
        gridSampleBackward(
          float32(g),
          float32(input),
          input.shape as Shape4,
          float32(points),
          points.shape as Shape4,
        ),
    }),
};
