import { pasteMasksInImage } from "@detectron-ts/layers";
import ndarray, { type NdArray } from "ndarray";

import { resolveRows, type RowIndex } from "../arrays/row-index.ts";
import { concatRows, rowMajorData, selectRows } from "../arrays/rows.ts";
import type { Boxes } from "../boxes/boxes.ts";
import { StructureShapeError } from "../errors.ts";
import { BitMasks } from "./bit-masks.ts";

/**
 * Masks of N objects, each as a square of probabilities over the object's box. Mirrors
 * `detectron2.structures.ROIMasks`.
 */
export class ROIMasks {
  /** N×M×M. */
  readonly tensor: NdArray<Float32Array>;

  /**
   * @param masks - N×M×M, wrapped without a copy if row-major.
   * @throws {@link StructureShapeError} if the array is of another shape.
   */
  constructor(masks: NdArray<Float32Array>) {
    if (masks.shape.length !== 3 || masks.shape[1] !== masks.shape[2]) {
      throw new StructureShapeError("ROIMasks", masks.shape, "N×M×M");
    }
    this.tensor = ndarray(rowMajorData(masks), masks.shape);
  }

  /**
   * The masks of several structures, which must have the same side.
   *
   * @throws EmptyListError for an empty list.
   * @throws {@link StructureShapeError} if they differ.
   */
  static cat(list: readonly ROIMasks[]): ROIMasks {
    return new ROIMasks(concatRows(list.map(({ tensor }) => tensor)));
  }

  /** Number of masks. */
  get length(): number {
    return this.tensor.shape[0];
  }

  /** A copy of some of the masks. */
  select(index: RowIndex): ROIMasks {
    return new ROIMasks(selectRows(this.tensor, resolveRows(index, this.length)));
  }

  /** These masks followed by others; see {@link ROIMasks.cat}. */
  concat(others: readonly ROIMasks[]): ROIMasks {
    return ROIMasks.cat([this, ...others]);
  }

  /**
   * Pastes each mask into its box in an image.
   *
   * @param boxes - one box per mask, in pixels of the image.
   * @param threshold - probability from which a pixel is set.
   */
  toBitmasks(boxes: Boxes, height: number, width: number, threshold = 0.5): BitMasks {
    return new BitMasks(pasteMasksInImage(this.tensor, boxes.tensor, [height, width], threshold));
  }
}
