import { ShapeError } from "../errors.ts";
import { apply } from "../graph/apply.ts";
import { toRowBlocks, type SparseMatrix } from "../sparse/sparse-matrix.ts";
import type { Tensor } from "../tensor.ts";
import { constant } from "./creation.ts";

/** Blocks of fewer rows cost more to begin than to multiply; those of more rows take memory and gain nothing. */
const ROWS_PER_BLOCK = { fewest: 64, most: 1024 } as const;

/**
 * Matrix product of a sparse matrix M×R, whose entries are known, with a dense tensor R×C. The gradient flows to the dense
 * tensor; the entries are no tensors and get none.
 *
 * @param rowsPerBlock - rows that are multiplied together, each filled up to the longest of them; rows of about the same
 *   length are best. Has to divide M; when left out, some dozens to some hundreds.
 * @returns M×C.
 * @throws ShapeError when the sizes do not fit, or an entry names a column that isn't there.
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
  let stray = 0;
  while (stray < count && columns[stray] >= 0 && columns[stray] < numColumns) stray++;
  if (stray < count) {
    const detail = `entry ${stray} is in column ${columns[stray]} of ${numColumns}`;
    throw new ShapeError("sparseMatmul", detail);
  }
  if (dense.rank !== 2 || dense.shape[0] !== numColumns) {
    throw new ShapeError("sparseMatmul", `dense tensor must be [${numColumns}, C]`, [dense.shape]);
  }
  const blockRows = rowsPerBlock ?? divisorFor(numRows);
  if (blockRows === undefined) return sparseMatmul(addRows(matrix), dense).slice(0, 0, numRows);
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

/** The smallest divisor that makes a block of some size; undefined if there is none. */
function divisorFor(numRows: number): number | undefined {
  const { fewest, most } = ROWS_PER_BLOCK;
  if (numRows <= fewest) return Math.max(numRows, 1);
  for (let rows = fewest; rows <= Math.min(most, numRows); rows++) {
    if (numRows % rows === 0) return rows;
  }
  return undefined;
}

/** The matrix with as many rows of zeros as fill the last block. */
function addRows({
  shape: [numRows, numColumns],
  rowEnds,
  ...entries
}: SparseMatrix): SparseMatrix {
  const { fewest } = ROWS_PER_BLOCK;
  const filled = new Int32Array(Math.ceil(numRows / fewest) * fewest).fill(rowEnds[numRows - 1]);
  filled.set(rowEnds);
  return { shape: [filled.length, numColumns], rowEnds: filled, ...entries };
}
