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

  /**
   * Transforms N×5 rotated boxes (x, y of the centre, width, height, degrees counter-clockwise). Where a box becomes a
   * parallelogram, as when the sides of an image are scaled by different factors, a rectangle takes its place: its sides are
   * as long as the lines between the midpoints of opposite sides, and its height axis stays what it was, so that a mirrored
   * box is turned the other way. Mirrors `apply_rotated_box` of detectron2's transforms, for all transforms.
   *
   * @throws ImageShapeError when the array is not N×5.
   */
  applyRotatedBox<D extends CoordinateData>(boxes: NdArray<D>): NdArray<D> {
    if (boxes.dimension !== 2 || boxes.shape[1] !== 5) {
      throw new ImageShapeError(boxes.shape, "rotated boxes of shape N×5");
    }
    const [count] = boxes.shape;
    // Of each box the centre, and the midpoints of the sides on its right and at its bottom.
    const points = new Float64Array(6 * count);
    for (let box = 0; box < count; box++) {
      const [x, y, width, height, angle] = [0, 1, 2, 3, 4].map((i) => boxes.get(box, i));
      const cos = Math.cos((angle * Math.PI) / 180);
      const sin = Math.sin((angle * Math.PI) / 180);
      const right = [x + (cos * width) / 2, y - (sin * width) / 2];
      const bottom = [x + (sin * height) / 2, y + (cos * height) / 2];
      points.set([x, y, ...right, ...bottom], 6 * box);
    }
    const moved = this.applyCoords(ndarray(points, [3 * count, 2]));
    const result = newLike(boxes.data, 5 * count);
    for (let box = 0; box < count; box++) {
      const axis = (point: number) => [
        moved.get(3 * box + point, 0) - moved.get(3 * box, 0),
        moved.get(3 * box + point, 1) - moved.get(3 * box, 1),
      ];
      const right = axis(1);
      const bottom = axis(2);
      result[5 * box] = moved.get(3 * box, 0);
      result[5 * box + 1] = moved.get(3 * box, 1);
      result[5 * box + 2] = 2 * Math.hypot(...right);
      result[5 * box + 3] = 2 * Math.hypot(...bottom);
      result[5 * box + 4] = (Math.atan2(bottom[0], bottom[1]) * 180) / Math.PI;
    }
    return ndarray(result, [count, 5]);
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

  override applyRotatedBox<D extends CoordinateData>(boxes: NdArray<D>): NdArray<D> {
    return boxes;
  }

  override applyPolygons(polygons: readonly Float64Array[]): Float64Array[] {
    return [...polygons];
  }

  override inverse(): NoOpTransform {
    return this;
  }
}
