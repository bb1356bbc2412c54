import { decode, type Rle } from "@detectron-ts/coco";
import type { NdArray } from "ndarray";

import { contourArea, traceContours, type Contour } from "./contours.ts";
import { DrawingShapeError } from "./errors.ts";

/** A box (x0, y0, x1, y1) in absolute pixels. */
export type Box = ArrayLike<number>;

/** N boxes: `Boxes` of `@detectron-ts/structures`, or rows of four numbers. */
export type BoxList = Iterable<Box>;

/** N numbers, in a list or in an array of one axis. */
export type NumberList = ArrayLike<number | bigint> | NdArray;

/**
 * The mask of one instance: H×W pixels that are 0 outside, COCO's run-length encoding, or polygons of flat coordinates
 * (x0, y0, x1, y1, …).
 */
export type Mask = NdArray<Uint8Array> | Rle | readonly ArrayLike<number>[];

/** N masks: an N×H×W array, `BitMasks` or `PolygonMasks` of `@detectron-ts/structures`, or a list. */
export type MaskList =
  | NdArray<Uint8Array>
  | { readonly tensor: NdArray<Uint8Array> }
  | { readonly polygons: readonly Mask[] }
  | readonly Mask[];

/** What a mask is drawn by. */
export interface Outline {
  readonly contours: readonly Contour[];
  /** Enclosed pixels, holes excluded. */
  readonly area: number;
}

export function toNumbers(list: NumberList): number[] {
  if (!("stride" in list)) return Array.from(list, Number);
  if (list.dimension !== 1) throw new DrawingShapeError("numbers", list.shape, "one axis");
  return Array.from({ length: list.shape[0] }, (_, index) => Number(list.get(index)));
}

/** @throws DrawingShapeError when a box does not have four numbers. */
export function toBoxes(list: BoxList): number[][] {
  return Array.from(list, (box) => {
    if (box.length !== 4) throw new DrawingShapeError("a box", [box.length], "four numbers");
    return Array.from(box);
  });
}

export function toOutlines(masks: MaskList): Outline[] {
  if ("tensor" in masks) return toOutlines(masks.tensor);
  if ("polygons" in masks) return toOutlines(masks.polygons);
  if (!("stride" in masks)) return masks.map(toOutline);
  if (masks.dimension !== 3) throw new DrawingShapeError("masks", masks.shape, "N×H×W");
  return Array.from({ length: masks.shape[0] }, (_, index) =>
    toOutline(masks.pick(index, null, null)),
  );
}

/** @throws DrawingShapeError for an array that is not H×W, and the errors of decoding for a malformed encoding. */
export function toOutline(mask: Mask): Outline {
  if ("counts" in mask) {
    const [height, width] = mask.size;
    return outline(traceContours(decode(mask), height, width));
  }
  if (!("stride" in mask)) return outline(mask.map((polygon) => Float64Array.from(polygon)));
  if (mask.dimension !== 2) throw new DrawingShapeError("a mask", mask.shape, "H×W");
  const [height, width] = mask.shape;
  return outline(traceContours(rowMajor(mask), height, width));
}

function outline(contours: readonly Contour[]): Outline {
  const signed = contours.reduce((sum, contour) => sum + contourArea(contour), 0);
  return { contours, area: Math.abs(signed) };
}

function rowMajor(mask: NdArray<Uint8Array>): Uint8Array {
  const { data, shape, stride, offset } = mask;
  const [height, width] = shape;
  if (stride[1] === 1 && stride[0] === width) return data.subarray(offset, offset + height * width);
  const copy = new Uint8Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) copy[y * width + x] = mask.get(y, x);
  }
  return copy;
}
