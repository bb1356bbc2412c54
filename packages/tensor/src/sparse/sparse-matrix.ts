/**
 * A matrix of float32 of which only some entries are there, row by row ("compressed sparse row"); all others are zero.
 * Entries of row r lie from `rowEnds[r - 1]` (0 for the first row) to before `rowEnds[r]`.
 */
export interface SparseMatrix {
  /** Height and width. */
  readonly shape: readonly [numRows: number, numColumns: number];
  /** One for each row, ascending. */
  readonly rowEnds: Int32Array;
  /** Column of each entry. A column that occurs twice in a row counts twice. */
  readonly columns: Int32Array;
  readonly values: Float32Array;
}

/**
 * A sparse matrix in blocks of as many rows each, whose rows are filled up to the longest of their block ("sliced ELLPACK"):
 * what can be multiplied as a small dense array, one block after the other.
 */
export interface RowBlocks {
  readonly rowsPerBlock: number;
  /** Where the entries of each block begin, and the end of the last. */
  readonly offsets: Int32Array;
  readonly columns: Int32Array;
  readonly values: Float32Array;
}

/** @param rowsPerBlock - divides the number of rows. */
export function toRowBlocks(matrix: SparseMatrix, rowsPerBlock: number): RowBlocks {
  const { rowEnds } = matrix;
  const numBlocks = rowEnds.length / rowsPerBlock;
  const offsets = new Int32Array(numBlocks + 1);
  for (let block = 0; block < numBlocks; block++) {
    const first = block * rowsPerBlock;
    let longest = 0;
    for (let row = first; row < first + rowsPerBlock; row++) {
      longest = Math.max(longest, rowEnds[row] - (row === 0 ? 0 : rowEnds[row - 1]));
    }
    offsets[block + 1] = offsets[block] + rowsPerBlock * longest;
  }
  const columns = new Int32Array(offsets[numBlocks]);
  const values = new Float32Array(offsets[numBlocks]);
  let entry = 0;
  for (const [row, end] of rowEnds.entries()) {
    const block = Math.floor(row / rowsPerBlock);
    const length = (offsets[block + 1] - offsets[block]) / rowsPerBlock;
    let target = offsets[block] + (row % rowsPerBlock) * length;
    const targetEnd = target + length;
    for (; entry < end; entry++, target++) {
      columns[target] = matrix.columns[entry];
      values[target] = matrix.values[entry];
    }
    // Zeros of a column that is read already, and so lies in the cache.
    columns.fill(entry > 0 ? matrix.columns[entry - 1] : 0, target, targetEnd);
  }
  return { rowsPerBlock, offsets, columns, values };
}

/** The transpose, `numColumns` high, of the matrix that was cut into blocks. */
export function transposeBlocks(blocks: RowBlocks, numColumns: number): SparseMatrix {
  const { rowsPerBlock, offsets, columns, values } = blocks;
  const numBlocks = offsets.length - 1;
  const ends = new Int32Array(numColumns);
  for (const [entry, column] of columns.entries()) if (values[entry] !== 0) ends[column]++;
  let count = 0;
  for (let column = 0; column < numColumns; column++) {
    const length = ends[column];
    // Where the column begins, until its entries have moved this on to where it ends.
    ends[column] = count;
    count += length;
  }
  const rows = new Int32Array(count);
  const transposed = new Float32Array(count);
  let entry = 0;
  for (let block = 0; block < numBlocks; block++) {
    const length = (offsets[block + 1] - offsets[block]) / rowsPerBlock;
    for (let row = block * rowsPerBlock; row < (block + 1) * rowsPerBlock; row++) {
      for (let i = 0; i < length; i++, entry++) {
        if (values[entry] === 0) continue;
        const target = ends[columns[entry]]++;
        rows[target] = row;
        transposed[target] = values[entry];
      }
    }
  }
  const shape = [numColumns, numBlocks * rowsPerBlock] as const;
  return { shape, rowEnds: ends, columns: rows, values: transposed };
}
