import ndarray, { type NdArray } from "ndarray";

import type { CoordinateData, PixelData, LabelData } from "./arrays.ts";
import { newLike } from "./arrays.ts";
import { ImageShapeError } from "./errors.ts";

/**
 * A deterministic geometric transform of an image and of everything drawn on it. Mirrors fvcore's `Transform`.
 *
 * Transforms never change their input. Coordinates are in absolute pixels with the origin at the image's top-left corner.
 */
export abstract class Transform {
  /** Transforms an H×W or H×W×C image; the result has the same dtype and rank. */
  abstract applyImage<D extends PixelData>(image: NdArray<D>): NdArray<D>;

  /** Transforms an H×W or H×W×C map of labels, without mixing labels. */
  abstract applySegmentation<D extends LabelData>(segmentation: NdArray<D>): NdArray<D>;

  /** Transforms N×2 points (x, y). */
  abstract applyCoords<D extends CoordinateData>(coords: NdArray<D>): NdArray<D>;

  /**
   * The transform that undoes this one. Exact for coordinates; pixels lost in resampling stay lost.
   *
   * @throws NotInvertibleError when there is none.
   */
  abstract inverse(): Transform;

  /**
   * Transforms polygons (x0, y0, x1, y1, …), each on its own. A transform that cuts, such as a crop, may drop some and
   * divide others.
   */
  applyPolygons(polygons: readonly Float64Array[]): Float64Array[] {
    return polygons.map((polygon) => {
      const moved = this.applyCoords(ndarray(polygon, [polygon.length / 2, 2]));
      return moved.data;
    });
  }

  /**
   * Transforms N×4 boxes (x0, y0, x1, y1) to the axis-aligned boxes around their four transformed corners.
   *
   * @throws ImageShapeError when the array is not N×4.
   */
  applyBox<D extends CoordinateData>(boxes: NdArray<D>): NdArray<D> {
    if (boxes.dimension !== 2 || boxes.shape[1] !== 4) {
      throw new ImageShapeError(boxes.shape, "boxes of shape N×4");
    }
    const count = boxes.shape[0];
    const corners = newLike(boxes.data, count * 8);
    for (let box = 0; box < count; box++) {
      for (let corner = 0; corner < 4; corner++) {
        corners[box * 8 + corner * 2] = boxes.get(box, corner & 1 ? 2 : 0);
        corners[box * 8 + corner * 2 + 1] = boxes.get(box, corner & 2 ? 3 : 1);
      }
    }
    const moved = this.applyCoords(ndarray(corners, [count * 4, 2]));
    const result = newLike(boxes.data, count * 4);
    for (let box = 0; box < count; box++) {
      for (let axis = 0; axis < 2; axis++) {
        const at = (corner: number): number => moved.get(box * 4 + corner, axis);
        result[box * 4 + axis] = Math.min(at(0), at(1), at(2), at(3));
        result[box * 4 + axis + 2] = Math.max(at(0), at(1), at(2), at(3));
      }
    }
    return ndarray(result, [count, 4]);
  }
}

/** The transform that changes nothing; results are the inputs themselves. */
export class NoOpTransform extends Transform {
  override applyImage<D extends PixelData>(image: NdArray<D>): NdArray<D> {
    return image;
  }

  override applySegmentation<D extends LabelData>(segmentation: NdArray<D>): NdArray<D> {
    return segmentation;
  }

  override applyCoords<D extends CoordinateData>(coords: NdArray<D>): NdArray<D> {
    return coords;
  }

  override applyBox<D extends CoordinateData>(boxes: NdArray<D>): NdArray<D> {
    return boxes;
  }

  override applyPolygons(polygons: readonly Float64Array[]): Float64Array[] {
    return [...polygons];
  }

  override inverse(): NoOpTransform {
    return this;
  }
}
