import { InvalidPolygonError, type Polygon } from "@detectron-ts/coco";
import ndarray, { type NdArray } from "ndarray";

import { resolveRows, type RowIndex } from "../arrays/row-index.ts";
import { Boxes } from "../boxes/boxes.ts";
import { LengthMismatchError } from "../errors.ts";
import { rasterizePolygonsWithinBox } from "./rasterize.ts";

/**
 * Segmentation masks of N objects as polygons, several per object when it is in parts. Mirrors
 * `detectron2.structures.PolygonMasks`.
 */
export class PolygonMasks implements Iterable<readonly Float64Array[]> {
  /** Polygons of each object: x0, y0, x1, y1, … in absolute pixels, float64. */
  readonly polygons: readonly (readonly Float64Array[])[];

  /**
   * @param polygons - polygons of each object; `Float64Array`s are kept, others copied.
   * @throws InvalidPolygonError of `@detectron-ts/coco` for fewer than three corners or an odd number of coordinates.
   */
  constructor(polygons: readonly (readonly Polygon[])[]) {
    this.polygons = polygons.map((parts) => parts.map(toPolygon));
  }

  /** The masks of several structures, in order. */
  static cat(list: readonly PolygonMasks[]): PolygonMasks {
    return new PolygonMasks(list.flatMap(({ polygons }) => polygons));
  }

  /** Number of objects. */
  get length(): number {
    return this.polygons.length;
  }

  /** The polygons of each object. */
  [Symbol.iterator](): IterableIterator<readonly Float64Array[]> {
    return this.polygons[Symbol.iterator]();
  }

  /** Some of the masks; the polygons themselves are shared. */
  select(index: RowIndex): PolygonMasks {
    const rows = resolveRows(index, this.length);
    return new PolygonMasks(Array.from(rows, (row) => this.polygons[row]));
  }

  /** These masks followed by others; see {@link PolygonMasks.cat}. */
  concat(others: readonly PolygonMasks[]): PolygonMasks {
    return PolygonMasks.cat([this, ...others]);
  }

  /** For each object, 1 if it has a polygon, else 0. */
  nonempty(): Uint8Array {
    return Uint8Array.from(this.polygons, (parts) => (parts.length > 0 ? 1 : 0));
  }

  /** For each object, the sum of its polygons' areas, in square pixels; overlaps count twice. */
  area(): Float32Array {
    return Float32Array.from(this.polygons, (parts) =>
      parts.reduce((total, polygon) => total + polygonArea(polygon), 0),
    );
  }

  /**
   * The tightest boxes around the polygons. As in detectron2, an object without polygons has the box
   * (∞, ∞, 0, 0), and one wholly at negative coordinates ends at 0.
   */
  getBoundingBoxes(): Boxes {
    const boxes = new Float32Array(4 * this.length);
    this.polygons.forEach((parts, i) => {
      const box = boxes.subarray(4 * i, 4 * i + 4);
      box.set([Infinity, Infinity, 0, 0]);
      for (const polygon of parts) {
        for (let k = 0; k < polygon.length; k += 2) {
          box[0] = Math.min(box[0], polygon[k]);
          box[1] = Math.min(box[1], polygon[k + 1]);
          box[2] = Math.max(box[2], polygon[k]);
          box[3] = Math.max(box[3], polygon[k + 1]);
        }
      }
    });
    return new Boxes(boxes);
  }

  /**
   * Each mask cut out by its box and resized to a square: the training target of a mask head.
   *
   * @param boxes - one box per object, in pixels of the image.
   * @param maskSize - side M of the result.
   * @returns N×M×M of 0 and 1.
   * @throws {@link LengthMismatchError} unless there is a box for each object.
   */
  cropAndResize(boxes: Boxes, maskSize: number): NdArray<Uint8Array> {
    if (boxes.length !== this.length) {
      throw new LengthMismatchError("boxes", boxes.length, this.length);
    }
    const cells = maskSize * maskSize;
    const cropped = new Uint8Array(this.length * cells);
    let i = 0;
    for (const box of boxes) {
      cropped.set(rasterizePolygonsWithinBox(this.polygons[i], box, maskSize), i * cells);
      i++;
    }
    return ndarray(cropped, [this.length, maskSize, maskSize]);
  }
}

function toPolygon(polygon: Polygon): Float64Array {
  if (polygon.length < 6 || polygon.length % 2 !== 0) {
    throw new InvalidPolygonError(
      `an even number of coordinates, at least 6, is needed, got ${polygon.length}`,
    );
  }
  return polygon instanceof Float64Array ? polygon : Float64Array.from(polygon);
}

/** Shoelace formula. */
function polygonArea(polygon: Float64Array): number {
  let doubled = 0;
  for (let i = 0; i < polygon.length; i += 2) {
    const next = (i + 2) % polygon.length;
    doubled += polygon[i] * polygon[next + 1] - polygon[next] * polygon[i + 1];
  }
  return Math.abs(doubled) / 2;
}
