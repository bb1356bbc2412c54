import type { Box2BoxTransform } from "@detectron-ts/box-regression";
import { rowMajorData } from "@detectron-ts/structures";
import type { NdArray } from "ndarray";

/**
 * The box that each row (a proposal) has for each class, read one at a time: of the tens of thousands there are, few
 * have a score that matters.
 */
export interface BoxSource {
  /** Boxes per row: one per class, or a single one for all. */
  readonly boxesPerRow: number;
  /** Whether all boxes of a row are finite. */
  isFinite(row: number): boolean;
  /** Writes a box's four coordinates to `out`, from `offset` on. */
  read(row: number, index: number, out: Float32Array, offset: number): void;
}

/** Boxes that are there: R×4k, k boxes in a row. */
export function storedBoxes(boxes: NdArray<Float32Array>): BoxSource {
  const data = rowMajorData(boxes);
  const columns = boxes.shape[1];
  return {
    boxesPerRow: columns / 4,
    isFinite: (row) => allFinite(data, row * columns, columns),
    read: (row, index, out, offset) => {
      const start = row * columns + 4 * index;
      for (let i = 0; i < 4; i++) out[offset + i] = data[start + i];
    },
  };
}

/** Deltas and coordinates below this cannot overflow float32 when they are multiplied in decoding. */
const HARMLESS = 1e12;

/**
 * Boxes that have yet to be decoded.
 *
 * @param deltas - R×4k, row-major.
 * @param boxes - R×4; what the deltas are relative to.
 * @param columns - 4k.
 */
export function decodedBoxes(
  transform: Box2BoxTransform,
  deltas: Float32Array,
  boxes: Float32Array,
  columns: number,
): BoxSource {
  const decode = (row: number, index: number, out: Float32Array, offset: number): void =>
    transform.applyDeltasInto(deltas, row * columns + 4 * index, boxes, 4 * row, out, offset);
  return {
    boxesPerRow: columns / 4,
    isFinite: (row) => {
      // Only a row with an extreme number has to be decoded to know.
      if (
        allBelow(HARMLESS, deltas, row * columns, columns) &&
        allBelow(HARMLESS, boxes, 4 * row, 4)
      ) {
        return true;
      }
      const decoded = new Float32Array(columns);
      for (let index = 0; index < columns / 4; index++) decode(row, index, decoded, 4 * index);
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
