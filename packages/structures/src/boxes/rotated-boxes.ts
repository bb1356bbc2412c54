import { pairwiseIouRotated as pairwiseIouOfArrays } from "@detectron-ts/layers";
import ndarray, { type NdArray } from "ndarray";

import { Boxes, type ImageSize } from "./boxes.ts";

const { abs, fround, max, min } = Math;

/** π as float32, in which detectron2's tensors are multiplied by it. */
const PI = fround(Math.PI);

/** Boxes turned by no more than this many degrees are clipped like upright ones. */
const CLIP_ANGLE_THRESHOLD = 1;

/**
 * N rotated boxes, each (x, y of the centre, width, height, angle) in absolute pixels and degrees, in float32. Mirrors
 * `detectron2.structures.RotatedBoxes`.
 *
 * A positive angle turns counter-clockwise as one sees the image, y pointing down: it is the angle from the x axis to the
 * box's own width axis. The corner at (u, v) of the upright box, relative to the centre, goes to
 *
 *     (u cos θ + v sin θ, v cos θ - u sin θ)
 *
 * so of (5, 3, 4, 2, 90) the corner that was at the top left, (3, 2), comes to lie at the bottom left, (4, 5). Angles a full
 * circle apart mean the same box; half a circle apart the same region, but pooled upside down.
 */
export class RotatedBoxes extends Boxes {
  static override readonly boxDim: number = 5;

  /** All boxes of a list, in its order; zero boxes for an empty list. */
  static override cat(list: readonly RotatedBoxes[]): RotatedBoxes {
    const [first = new RotatedBoxes([]), ...others] = list;
    return first.concat(others);
  }

  /** Width times height of each box, in square pixels. */
  override area(): Float32Array {
    const { data } = this;
    return Float32Array.from({ length: this.length }, (_, i) => data[5 * i + 2] * data[5 * i + 3]);
  }

  /** Brings all angles into [-180, 180), in place. */
  normalizeAngles(): void {
    const { data } = this;
    for (let i = 4; i < data.length; i += 5) {
      const turned = fround(data[i] + 180) % 360;
      data[i] = fround(turned < 0 ? turned + 360 : turned) - 180;
    }
  }

  /**
   * Brings all angles into [-180, 180), and clips those boxes to the image that are turned by no more than a threshold, as
   * if they were upright; in place. There is more than one way to clip a rotated box, and what pools from it copes with
   * boxes that reach out of the image: all others stay as they are.
   *
   * @param clipAngleThreshold - in degrees, 1 by default.
   */
  override clip(
    [height, width]: ImageSize,
    clipAngleThreshold: number = CLIP_ANGLE_THRESHOLD,
  ): void {
    this.normalizeAngles();
    const { data } = this;
    for (let i = 0; i < data.length; i += 5) {
      if (!(abs(data[i + 4]) <= clipAngleThreshold)) continue;
      clipAlongAxis(data, i, width);
      clipAlongAxis(data, i + 1, height);
    }
  }

  /** For each box, 1 if both sides are longer than `threshold` pixels, else 0. */
  override nonempty(threshold = 0): Uint8Array {
    const { data } = this;
    const limit = fround(threshold);
    return Uint8Array.from({ length: this.length }, (_, i) =>
      data[5 * i + 2] > limit && data[5 * i + 3] > limit ? 1 : 0,
    );
  }

  /**
   * For each box, 1 if the upright rectangle around it lies inside the image widened by `boundaryThreshold` pixels. The
   * right and bottom borders do not belong to it.
   */
  override insideBox([height, width]: ImageSize, boundaryThreshold = 0): Uint8Array {
    const { data } = this;
    const low = fround(-boundaryThreshold);
    const right = fround(width + boundaryThreshold);
    const bottom = fround(height + boundaryThreshold);
    return Uint8Array.from({ length: this.length }, (_, row) => {
      const [x, y, boxWidth, boxHeight, angle] = data.subarray(5 * row, 5 * row + 5);
      const { cos, sin } = cosAndSin(angle);
      const [c, s] = [abs(cos) / 2, abs(sin) / 2];
      const dx = fround(fround(c * boxWidth) + fround(s * boxHeight));
      const dy = fround(fround(c * boxHeight) + fround(s * boxWidth));
      const isInside =
        fround(x - dx) >= low &&
        fround(y - dy) >= low &&
        fround(x + dx) < right &&
        fround(y + dy) < bottom;
      return isInside ? 1 : 0;
    });
  }

  /** Centre of each box, N×2 (x, y). */
  override getCenters(): NdArray<Float32Array> {
    const { data } = this;
    const centers = Float32Array.from(
      { length: 2 * this.length },
      (_, i) => data[5 * (i >> 1) + (i & 1)],
    );
    return ndarray(centers, [this.length, 2]);
  }

  /**
   * Multiplies x coordinates by `scaleX` and y coordinates by `scaleY`, in place. With different factors a rotated box
   * becomes a parallelogram, whose place a rectangle takes: its sides have the lengths of the lines between the midpoints
   * of opposite sides of the parallelogram, and its angle is that of its height axis.
   *
   * Half the width axis, w/2 (cos θ, -sin θ), becomes w/2 (scaleX cos θ, -scaleY sin θ), and half the height axis,
   * h/2 (sin θ, cos θ), becomes h/2 (scaleX sin θ, scaleY cos θ).
   */
  override scale(scaleX: number, scaleY: number): void {
    const { data } = this;
    const factorX = fround(scaleX);
    const factorY = fround(scaleY);
    for (let i = 0; i < data.length; i += 5) {
      const { cos, sin } = cosAndSin(data[i + 4]);
      const heightAxisX = fround(factorX * sin);
      const heightAxisY = fround(factorY * cos);
      data[i] *= factorX;
      data[i + 1] *= factorY;
      data[i + 2] *= length(fround(factorX * cos), fround(factorY * sin));
      data[i + 3] *= length(heightAxisX, heightAxisY);
      data[i + 4] = fround(fround(Math.atan2(heightAxisX, heightAxisY)) * 180) / PI;
    }
  }
}

/**
 * Intersection over union, N×M float32; 0 for boxes without area. Mirrors `detectron2.structures.pairwise_iou_rotated`.
 * Angles count as far as they change the region: a box turned by half a circle is the same box.
 */
export function pairwiseIouRotated(
  boxes1: RotatedBoxes,
  boxes2: RotatedBoxes,
): NdArray<Float32Array> {
  return pairwiseIouOfArrays(boxes1.tensor, boxes2.tensor);
}

/** Clips x and width (`center` being x), or y and height, of one box to [0, limit]. */
function clipAlongAxis(data: Float32Array, center: number, limit: number): void {
  const size = data[center + 2];
  const start = clamp(fround(data[center] - size / 2), limit);
  const end = clamp(fround(data[center] + size / 2), limit);
  data[center] = fround(start + end) / 2;
  // Rounding must not make the box any larger.
  data[center + 2] = min(size, end - start);
}

function clamp(value: number, limit: number): number {
  return min(max(value, 0), limit);
}

function cosAndSin(degrees: number): { readonly cos: number; readonly sin: number } {
  const theta = fround(fround(degrees * PI) / 180);
  return { cos: fround(Math.cos(theta)), sin: fround(Math.sin(theta)) };
}

function length(x: number, y: number): number {
  return fround(Math.sqrt(fround(fround(x * x) + fround(y * y))));
}
