import type { BoxTransform } from "@detectron-ts/box-regression";
import { rowMajorData, type Boxes } from "@detectron-ts/structures";
import type { NdArray } from "ndarray";

/**
 * The box that each row (a proposal) has for each class, read one at a time: of the tens of thousands there are, few
 * have a score that matters.
 */
export interface BoxSource {
  /** Makes boxes of the kind there is, rotated or not, of flat numbers. */
  readonly toBoxes: (data: Float32Array) => Boxes;
  /** Numbers of a box. */
  readonly boxDim: number;
  /** Boxes per row: one per class, or a single one for all. */
  readonly boxesPerRow: number;
  /** Whether all boxes of a row are finite. */
  isFinite(row: number): boolean;
  /** Writes a box's numbers to `out`, from `offset` on. */
  read(row: number, index: number, out: Float32Array, offset: number): void;
}

/**
 * Boxes that are there.
 *
 * @param boxes - R×(boxDim·k), k boxes in a row.
 * @param kind - boxes of the kind there is; none are enough.
 */
export function storedBoxes(boxes: NdArray<Float32Array>, kind: Boxes): BoxSource {
  const { boxDim } = kind;
  const data = rowMajorData(boxes);
  const columns = boxes.shape[1];
  return {
    toBoxes: (numbers) => kind.like(numbers),
    boxDim,
    boxesPerRow: columns / boxDim,
    isFinite: (row) => allFinite(data, row * columns, columns),
    read: (row, index, out, offset) => {
      const start = row * columns + boxDim * index;
      for (let i = 0; i < boxDim; i++) out[offset + i] = data[start + i];
    },
  };
}

/** Deltas and coordinates below this cannot overflow float32 when they are multiplied in decoding. */
const HARMLESS = 1e12;

/**
 * Boxes that have yet to be decoded.
 *
 * @param deltas - R×(boxDim·k), row-major.
 * @param boxes - R; what the deltas are relative to.
 * @param columns - boxDim·k.
 */
export function decodedBoxes(
  transform: BoxTransform,
  deltas: Float32Array,
  boxes: Boxes,
  columns: number,
): BoxSource {
  const { data, boxDim } = boxes;
  const decode = (row: number, index: number, out: Float32Array, offset: number): void =>
    transform.applyDeltasInto(
      deltas,
      row * columns + boxDim * index,
      data,
      boxDim * row,
      out,
      offset,
    );
  return {
    toBoxes: (numbers) => boxes.like(numbers),
    boxDim,
    boxesPerRow: columns / boxDim,
    isFinite: (row) => {
      // Only a row with an extreme number has to be decoded to know.
      if (
        allBelow(HARMLESS, deltas, row * columns, columns) &&
        allBelow(HARMLESS, data, boxDim * row, boxDim)
      ) {
        return true;
      }
      const decoded = new Float32Array(columns);
      for (let index = 0; index < columns / boxDim; index++) {
        decode(row, index, decoded, boxDim * index);
      }
      return allFinite(decoded, 0, columns);
    },
    read: decode,
  };
}

/** Whether `count` values from `start` on are finite. */
export function allFinite(values: Float32Array, start: number, count: number): boolean {
  return allBelow(Infinity, values, start, count);
}

function allBelow(limit: number, values: Float32Array, start: number, count: number): boolean {
  for (let i = start; i < start + count; i++) {
    if (!(Math.abs(values[i]) < limit)) return false;
  }
  return true;
}
