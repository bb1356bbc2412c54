import { ShapeError } from "../errors.ts";
import { apply } from "../graph/apply.ts";
import { toRowBlocks, type SparseMatrix } from "../sparse/sparse-matrix.ts";
import type { Tensor } from "../tensor.ts";
import { constant } from "./creation.ts";

/** Blocks of fewer rows cost more to begin than to multiply. */
const FEWEST_ROWS_PER_BLOCK = 32;

/**
 * Matrix product of a sparse matrix M×R, whose entries are known, with a dense tensor R×C. The gradient flows to the dense
 * tensor; the entries are no tensors and get none.
 *
 * @param rowsPerBlock - rows that are multiplied together, each filled up to the longest of them; rows of about the same
 *   length are best. Has to divide M; when left out, a divisor of some dozens.
 * @returns M×C.
 * @throws ShapeError when the sizes do not fit.
 */
export function sparseMatmul(matrix: SparseMatrix, dense: Tensor, rowsPerBlock?: number): Tensor {
  const [numRows, numColumns] = matrix.shape;
  const { rowEnds, columns, values } = matrix;
  const count = rowEnds.at(-1) ?? 0;
  if (rowEnds.length !== numRows || columns.length < count || values.length < count) {
    const got = `${rowEnds.length} rows, ${columns.length} columns and ${values.length} values`;
    throw new ShapeError(
      "sparseMatmul",
      `${numRows} rows with ${count} entries wanted, got ${got}`,
    );
  }
  if (dense.rank !== 2 || dense.shape[0] !== numColumns) {
    throw new ShapeError("sparseMatmul", `dense tensor must be [${numColumns}, C]`, [dense.shape]);
  }
  const blockRows = rowsPerBlock ?? divisorFor(numRows);
  if (!(Number.isInteger(blockRows) && blockRows > 0 && numRows % blockRows === 0)) {
    throw new ShapeError("sparseMatmul", `blocks of ${blockRows} rows do not divide ${numRows}`);
  }
  const blocks = toRowBlocks(matrix, blockRows);
  return apply(
    "sparseMatmul",
    [
      vector(blocks.offsets),
      vector(blocks.columns),
      constant(blocks.values, [blocks.values.length], "float32"),
      dense,
    ],
    {},
    { rows: [blockRows], shape: [numRows, dense.shape[1]] },
  );
}

function vector(data: Int32Array): Tensor {
  return constant(data, [data.length], "int32");
}

/** The smallest divisor that makes a block of some size. */
function divisorFor(numRows: number): number {
  for (let rows = FEWEST_ROWS_PER_BLOCK; rows < numRows; rows++) {
    if (numRows % rows === 0) return rows;
  }
  return Math.max(numRows, 1);
}
