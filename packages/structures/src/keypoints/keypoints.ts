import ndarray, { type NdArray } from "ndarray";

import { resolveRows, type RowIndex } from "../arrays/row-index.ts";
import { concatRows, rowMajorData, selectRows } from "../arrays/rows.ts";
import type { Boxes } from "../boxes/boxes.ts";
import { LengthMismatchError, StructureShapeError } from "../errors.ts";

const { fround } = Math;

/** Where keypoints fall in a square heatmap over their box; the target of a keypoint head. */
export interface KeypointHeatmap {
  /** N×K; `y * size + x` of the cell, 0 for a keypoint that is not valid. */
  readonly index: NdArray<Int32Array>;
  /** N×K; 1 if the keypoint is labelled and lies inside its box, else 0. */
  readonly valid: NdArray<Uint8Array>;
}

/**
 * K keypoints of each of N objects: x, y in absolute pixels and visibility (0 not labelled, 1 hidden, 2 visible).
 * Mirrors `detectron2.structures.Keypoints`.
 */
export class Keypoints {
  /** N×K×3 float32. */
  readonly tensor: NdArray<Float32Array>;

  /**
   * @param keypoints - N×K×3, wrapped without a copy if row-major.
   * @throws {@link StructureShapeError} if the array is of another shape.
   */
  constructor(keypoints: NdArray<Float32Array>) {
    if (keypoints.shape.length !== 3 || keypoints.shape[2] !== 3) {
      throw new StructureShapeError("Keypoints", keypoints.shape, "[any, any, 3]");
    }
    this.tensor = ndarray(rowMajorData(keypoints), keypoints.shape);
  }

  /**
   * The keypoints of several structures, which must have as many per object.
   *
   * @throws EmptyListError for an empty list.
   * @throws {@link StructureShapeError} if they differ.
   */
  static cat(list: readonly Keypoints[]): Keypoints {
    return new Keypoints(concatRows(list.map(({ tensor }) => tensor)));
  }

  /** Number of objects. */
  get length(): number {
    return this.tensor.shape[0];
  }

  /** A copy of the keypoints of some of the objects. */
  select(index: RowIndex): Keypoints {
    return new Keypoints(selectRows(this.tensor, resolveRows(index, this.length)));
  }

  /** These keypoints followed by others; see {@link Keypoints.cat}. */
  concat(others: readonly Keypoints[]): Keypoints {
    return Keypoints.cat([this, ...others]);
  }

  /**
   * The heatmap cell of each keypoint when its object's box is divided into `heatmapSize`² cells. A keypoint exactly
   * on the right or bottom side belongs to the last cell.
   *
   * @param boxes - one box per object, in pixels of the image.
   * @throws {@link LengthMismatchError} unless there is a box for each object.
   */
  toHeatmap(boxes: Boxes, heatmapSize: number): KeypointHeatmap {
    const [numObjects, numKeypoints] = this.tensor.shape;
    if (boxes.length !== numObjects) {
      throw new LengthMismatchError("boxes", boxes.length, numObjects);
    }
    const { data } = this.tensor;
    const index = new Int32Array(numObjects * numKeypoints);
    const valid = new Uint8Array(numObjects * numKeypoints);
    for (let i = 0; i < index.length; i++) {
      const box = 4 * Math.floor(i / numKeypoints);
      const x = heatmapCell(data[3 * i], boxes.data[box], boxes.data[box + 2], heatmapSize);
      const y = heatmapCell(data[3 * i + 1], boxes.data[box + 1], boxes.data[box + 3], heatmapSize);
      const inside = x >= 0 && x < heatmapSize && y >= 0 && y < heatmapSize;
      if (inside && data[3 * i + 2] > 0) {
        index[i] = y * heatmapSize + x;
        valid[i] = 1;
      }
    }
    const shape = [numObjects, numKeypoints];
    return { index: ndarray(index, shape), valid: ndarray(valid, shape) };
  }
}

/** Cell along one axis, possibly outside of [0, size); NaN in a box of no extent. */
function heatmapCell(position: number, start: number, end: number, size: number): number {
  if (position === end) return size - 1;
  const cellsPerPixel = fround(size / fround(end - start));
  return Math.floor(fround(fround(position - start) * cellsPerPixel));
}
