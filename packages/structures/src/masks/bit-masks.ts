import { roiAlignForward } from "@detectron-ts/layers";
import ndarray, { type NdArray } from "ndarray";

import { resolveRows, type RowIndex } from "../arrays/row-index.ts";
import { concatRows, rowMajorData, selectRows } from "../arrays/rows.ts";
import { Boxes } from "../boxes/boxes.ts";
import { LengthMismatchError, StructureShapeError } from "../errors.ts";
import type { PolygonMasks } from "./polygon-masks.ts";
import { rasterizePolygonMasks } from "./rasterize.ts";
import type { ROIMasks } from "./roi-masks.ts";

/**
 * Segmentation masks of N objects as bitmaps of the whole image. Mirrors `detectron2.structures.BitMasks`.
 */
export class BitMasks {
  /** N×H×W; not 0 where the object is, usually 1, else 0. */
  readonly tensor: NdArray<Uint8Array>;

  /**
   * @param masks - N×H×W, wrapped without a copy if row-major; any value but 0 counts as set.
   * @throws {@link StructureShapeError} if the array does not have three axes.
   */
  constructor(masks: NdArray<Uint8Array>) {
    if (masks.shape.length !== 3) {
      throw new StructureShapeError("BitMasks", masks.shape, "[any, height, width]");
    }
    this.tensor = ndarray(rowMajorData(masks), masks.shape);
  }

  /** The pixels of polygon masks in an image of the given size. */
  static fromPolygonMasks(polygonMasks: PolygonMasks, height: number, width: number): BitMasks {
    return new BitMasks(rasterizePolygonMasks(polygonMasks.polygons, height, width));
  }

  /** Masks of regions pasted into an image; see {@link ROIMasks.toBitmasks}. */
  static fromRoiMasks(
    roiMasks: ROIMasks,
    boxes: Boxes,
    height: number,
    width: number,
    threshold = 0.5,
  ): BitMasks {
    return roiMasks.toBitmasks(boxes, height, width, threshold);
  }

  /**
   * The masks of several structures, which must have the same height and width.
   *
   * @throws EmptyListError for an empty list.
   * @throws {@link StructureShapeError} if they differ.
   */
  static cat(list: readonly BitMasks[]): BitMasks {
    return new BitMasks(concatRows(list.map(({ tensor }) => tensor)));
  }

  /** Number of masks. */
  get length(): number {
    return this.tensor.shape[0];
  }

  /** A copy of some of the masks; a single number gives one mask, still N×H×W. */
  select(index: RowIndex): BitMasks {
    return new BitMasks(selectRows(this.tensor, resolveRows(index, this.length)));
  }

  /** These masks followed by others; see {@link BitMasks.cat}. */
  concat(others: readonly BitMasks[]): BitMasks {
    return BitMasks.cat([this, ...others]);
  }

  /** For each mask, 1 if any pixel is set, else 0. */
  nonempty(): Uint8Array {
    return Uint8Array.from({ length: this.length }, (_, i) =>
      this.#pixels(i).some((value) => value !== 0) ? 1 : 0,
    );
  }

  /** The tightest boxes around the pixels set, pixel borders included; all zeros for an empty mask. */
  getBoundingBoxes(): Boxes {
    const [, height, width] = this.tensor.shape;
    const boxes = new Float32Array(4 * this.length);
    for (let i = 0; i < this.length; i++) {
      const pixels = this.#pixels(i);
      let left = width;
      let top = height;
      let right = -1;
      let bottom = -1;
      for (let y = 0; y < height; y++) {
        const row = pixels.subarray(y * width, (y + 1) * width);
        const first = row.findIndex((value) => value !== 0);
        if (first < 0) continue;
        left = Math.min(left, first);
        right = Math.max(
          right,
          row.findLastIndex((value) => value !== 0),
        );
        top = Math.min(top, y);
        bottom = y;
      }
      if (bottom >= 0) boxes.set([left, top, right + 1, bottom + 1], 4 * i);
    }
    return new Boxes(boxes);
  }

  /**
   * Each mask cut out by its box and resized to a square: the training target of a mask head. The mask is averaged
   * over each cell (ROIAlign, aligned, adaptive sampling) and is 1 where the average reaches a half.
   *
   * @param boxes - one box per mask, in pixels of the image.
   * @param maskSize - side M of the result.
   * @returns N×M×M of 0 and 1.
   * @throws {@link LengthMismatchError} unless there is a box for each mask.
   */
  cropAndResize(boxes: Boxes, maskSize: number): NdArray<Uint8Array> {
    if (boxes.length !== this.length) {
      throw new LengthMismatchError("boxes", boxes.length, this.length);
    }
    const [, height, width] = this.tensor.shape;
    const cells = maskSize * maskSize;
    const cropped = new Uint8Array(this.length * cells);
    // One mask at a time: all of them in float32 would be four times the memory they take now.
    const image = new Float32Array(height * width);
    const roi = new Float32Array(5);
    for (let i = 0; i < this.length; i++) {
      const pixels = this.#pixels(i);
      for (let pixel = 0; pixel < image.length; pixel++) image[pixel] = pixels[pixel] === 0 ? 0 : 1;
      roi.set(boxes.data.subarray(4 * i, 4 * i + 4), 1);
      const averages = roiAlignForward(image, [1, 1, height, width], roi, {
        outputSize: [maskSize, maskSize],
        spatialScale: 1,
        samplingRatio: 0,
        aligned: true,
      });
      for (let cell = 0; cell < cells; cell++) {
        cropped[i * cells + cell] = averages[cell] >= 0.5 ? 1 : 0;
      }
    }
    return ndarray(cropped, [this.length, maskSize, maskSize]);
  }

  #pixels(i: number): Uint8Array {
    const [, height, width] = this.tensor.shape;
    return this.tensor.data.subarray(i * height * width, (i + 1) * height * width);
  }
}
