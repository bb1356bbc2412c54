import type { NdArray } from "ndarray";

/** Pairs of rows and columns, by row. */
export interface Assignment {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
}

/**
 * Pairs each row of a matrix with a column of its own, or each column with a row where there are fewer, so that the sum of
 * costs is least: Jonker and Volgenant's shortest augmenting paths, for matrices that needn't be square (Crouse, "On
 * implementing 2D rectangular assignment algorithms", IEEE Transactions on Aerospace and Electronic Systems 52(4), 2016).
 *
 * Of several best assignments it gives the one that `scipy.optimize.linear_sum_assignment` does, on which the numbers of
 * tracked instances depend, as nearly all of a tracker's costs are equal. Hence this is no library's: those on npm break ties
 * in other ways.
 */
export function linearSumAssignment(
  costs: NdArray<Int32Array> | NdArray<Float64Array>,
): Assignment {
  const [numRows, numColumns] = costs.shape;
  // The shorter side looks for partners.
  if (numRows <= numColumns) {
    const columns = assign(numRows, numColumns, (row, column) => costs.get(row, column));
    return { rows: Int32Array.from(columns.keys()), columns };
  }
  const partners = assign(numColumns, numRows, (column, row) => costs.get(row, column));
  const columns = Int32Array.from(partners.keys()).sort((a, b) => partners[a] - partners[b]);
  return { rows: columns.map((column) => partners[column]), columns };
}

/** The column of each row. There are no more rows than columns. */
function assign(
  numRows: number,
  numColumns: number,
  costAt: (row: number, column: number) => number,
): Int32Array {
  const columnOfRow = new Int32Array(numRows).fill(-1);
  const rowOfColumn = new Int32Array(numColumns).fill(-1);
  // Prices that make a pair's reduced cost, `cost - price of row - price of column`, 0 if it is assigned and else never
  // negative.
  const rowPrices = new Float64Array(numRows);
  const columnPrices = new Float64Array(numColumns);

  for (let start = 0; start < numRows; start++) {
    const distances = new Float64Array(numColumns).fill(Infinity);
    const comesFrom = new Int32Array(numColumns).fill(-1);
    const visitedRows: number[] = [];
    const visitedColumns: number[] = [];
    // From the last column to the first: a matrix of equal costs is then assigned along its diagonal.
    const remaining = Array.from({ length: numColumns }, (_, i) => numColumns - 1 - i);

    // Dijkstra's search along alternating paths: from a row to any column, from a column to the row that has it.
    let row = start;
    let distance = 0;
    let sink = -1;
    while (sink === -1) {
      visitedRows.push(row);
      let nearest = -1;
      let least = Infinity;
      for (const [i, column] of remaining.entries()) {
        const reduced = distance + costAt(row, column) - rowPrices[row] - columnPrices[column];
        if (reduced < distances[column]) {
          distances[column] = reduced;
          comesFrom[column] = row;
        }
        // Among equally near columns a free one, which ends the search, and of those the last that is looked at.
        const free = rowOfColumn[column] === -1;
        if (distances[column] < least || (distances[column] === least && free)) {
          least = distances[column];
          nearest = i;
        }
      }
      distance = least;
      const column = remaining[nearest];
      visitedColumns.push(column);
      if (rowOfColumn[column] === -1) sink = column;
      else row = rowOfColumn[column];
      // The last takes the place of the one that goes; the order is part of how ties are broken.
      remaining[nearest] = remaining[remaining.length - 1];
      remaining.pop();
    }

    for (const visited of visitedRows) {
      const own = visited === start ? 0 : distances[columnOfRow[visited]];
      rowPrices[visited] += distance - own;
    }
    for (const visited of visitedColumns) columnPrices[visited] -= distance - distances[visited];

    // Along the path, every row passes to the column after it.
    for (let column = sink, last = -1; last !== start;) {
      last = comesFrom[column];
      rowOfColumn[column] = last;
      const freed = columnOfRow[last];
      columnOfRow[last] = column;
      column = freed;
    }
  }
  return columnOfRow;
}
