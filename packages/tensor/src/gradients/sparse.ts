import { sparseMatmul } from "../functions/sparse.ts";
import { transposeBlocks } from "../sparse/sparse-matrix.ts";
import type { Tensor } from "../tensor.ts";
import type { VjpRules } from "./vjp-rule.ts";

/** Gradient of sparse products: Y = A·X gives dX = Aᵀ·dY, which is a sparse product again. */
export const sparseGradients: VjpRules<"sparseMatmul"> = {
  sparseMatmul: ({ inputs: [offsets, columns, values, dense], lifted: { rows }, grad }) => {
    const blocks = {
      rowsPerBlock: rows[0],
      offsets: int32(offsets),
      columns: int32(columns),
      values: values.dataSync() as Float32Array,
    };
    const transposed = transposeBlocks(blocks, dense.shape[0]);
    return [null, null, null, sparseMatmul(transposed, grad)];
  },
};

function int32(indices: Tensor): Int32Array {
  return indices.dataSync() as Int32Array;
}
