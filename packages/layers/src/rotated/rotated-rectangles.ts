import { intersectionArea } from "./intersection-area.ts";
import { createPoints, type Points } from "./points.ts";

const { abs, cos, fround, max, min, sin } = Math;

/** π / 180 to as many digits as detectron2's kernel has. */
const RADIANS_PER_DEGREE = 0.01745329251;

/** Rectangles of a smaller area overlap with nothing. */
const SMALLEST_AREA = 1e-14;

// One pair of rectangles is worked on at a time, in the same memory.
const corners1 = createPoints(4);
const corners2 = createPoints(4);

/**
 * Rotated boxes made ready for comparison: what depends on one box alone is computed once, in float32 as detectron2's
 * kernel does.
 */
export class RotatedRectangles {
  readonly length: number;
  readonly #boxes: Float32Array;
  readonly #areas: Float32Array;
  /** Of each box (w/2 cos, w/2 sin, h/2 sin, h/2 cos) of its angle: from centre to corner these are added or subtracted. */
  readonly #halfSides: Float32Array;
  /** Half the width and height of the upright rectangle around each box. */
  readonly #halfExtents: Float64Array;
  /** Cosine and sine of each box's angle. */
  readonly #directions: Float64Array;
  /** How far apart a box has to be from another at least for that to be plain; see `#isApart`. */
  readonly #margins: Float64Array;
  readonly #shorterSides: Float64Array;

  /** @param boxes - N×5, row-major: x and y of the centre, width, height, degrees counter-clockwise. */
  constructor(boxes: Float32Array) {
    const count = boxes.length / 5;
    this.length = count;
    this.#boxes = boxes;
    this.#areas = new Float32Array(count);
    this.#halfSides = new Float32Array(4 * count);
    this.#halfExtents = new Float64Array(2 * count);
    this.#directions = new Float64Array(2 * count);
    this.#margins = new Float64Array(count);
    this.#shorterSides = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const width = boxes[5 * i + 2];
      const height = boxes[5 * i + 3];
      const theta = boxes[5 * i + 4] * RADIANS_PER_DEGREE;
      const halfCos = fround(cos(theta)) * 0.5;
      const halfSin = fround(sin(theta)) * 0.5;
      this.#directions[2 * i] = 2 * halfCos;
      this.#directions[2 * i + 1] = 2 * halfSin;
      const [widthX, widthY] = [halfCos * width, halfSin * width];
      const [heightX, heightY] = [halfSin * height, halfCos * height];
      this.#areas[i] = width * height;
      this.#halfSides.set([widthX, widthY, heightX, heightY], 4 * i);
      this.#halfExtents[2 * i] = abs(widthX) + abs(heightX);
      this.#halfExtents[2 * i + 1] = abs(widthY) + abs(heightY);
      const [shorter, longer] = [min(abs(width), abs(height)), max(abs(width), abs(height))];
      this.#margins[i] = 1e-3 * longer + 2e-5 / shorter;
      this.#shorterSides[i] = shorter;
    }
  }

  /**
   * Intersection over union of box `i` and box `j` of another list; equal to detectron2's CPU kernel,
   * `single_box_iou_rotated`, but for the last bit of sine and cosine.
   */
  iou(i: number, other: RotatedRectangles, j: number): number {
    const area1 = this.#areas[i];
    const area2 = other.#areas[j];
    if (area1 < SMALLEST_AREA || area2 < SMALLEST_AREA || this.#isApart(i, other, j)) return 0;
    // Around the middle between the two centres, coordinates are small and keep more digits.
    const x1 = this.#boxes[5 * i];
    const y1 = this.#boxes[5 * i + 1];
    const x2 = other.#boxes[5 * j];
    const y2 = other.#boxes[5 * j + 1];
    const middleX = fround(x1 + x2) / 2;
    const middleY = fround(y1 + y2) / 2;
    this.#setCorners(corners1, i, fround(x1 - middleX), fround(y1 - middleY));
    other.#setCorners(corners2, j, fround(x2 - middleX), fround(y2 - middleY));
    const intersection = intersectionArea(corners1, corners2);
    return fround(intersection / fround(fround(area1 + area2) - intersection));
  }

  /**
   * Whether {@link iou} is `threshold` or more. Boxes of which one is too small to fill that share of the other, by more
   * than rounding makes up for, are told at once. That goes for sides of a pixel or more, and angles that differ: where edges
   * lie on nearly the same line, rounding decides where they meet, and the full comparison may find more than there is.
   */
  reaches(threshold: number, i: number, other: RotatedRectangles, j: number): boolean {
    const area1 = this.#areas[i];
    const area2 = other.#areas[j];
    if (1.01 * min(area1, area2) < threshold * max(area1, area2)) {
      const isPlain = min(this.#shorterSides[i], other.#shorterSides[j]) >= 1;
      if (isPlain && !this.#isNearlyParallel(i, other, j)) return false;
    }
    return this.iou(i, other, j) >= threshold;
  }

  /** Whether sides of two boxes are parallel, to about a degree. */
  #isNearlyParallel(i: number, other: RotatedRectangles, j: number): boolean {
    const [cos1, sin1] = [this.#directions[2 * i], this.#directions[2 * i + 1]];
    const [cos2, sin2] = [other.#directions[2 * j], other.#directions[2 * j + 1]];
    const limit = 0.02;
    return abs(cos1 * sin2 - sin1 * cos2) < limit || abs(cos1 * cos2 + sin1 * sin2) < limit;
  }

  /**
   * Whether it is plain that two boxes have no point in common: the upright rectangles around them lie apart, by more than
   * the tolerances of the full comparison (1e-5 of a side for edges, 1e-5 / side for corners) and its rounding can bridge.
   *
   * Rounding is about 1e-7 of the distance d, so edges of length s that are drawn out over d miss by 1e-7 d²/s. That has to
   * be little against s: boxes with a side below 0.2 % of the distance are left to the full comparison.
   */
  #isApart(i: number, other: RotatedRectangles, j: number): boolean {
    const dx = abs(this.#boxes[5 * i] - other.#boxes[5 * j]);
    const dy = abs(this.#boxes[5 * i + 1] - other.#boxes[5 * j + 1]);
    const margin = this.#margins[i] + other.#margins[j];
    const gapX = dx - this.#halfExtents[2 * i] - other.#halfExtents[2 * j];
    const gapY = dy - this.#halfExtents[2 * i + 1] - other.#halfExtents[2 * j + 1];
    if (!(gapX > margin || gapY > margin)) return false;
    return min(this.#shorterSides[i], other.#shorterSides[j]) > 2e-3 * (dx + dy);
  }

  #setCorners({ x, y }: Points, i: number, centerX: number, centerY: number): void {
    const widthX = this.#halfSides[4 * i];
    const widthY = this.#halfSides[4 * i + 1];
    const heightX = this.#halfSides[4 * i + 2];
    const heightY = this.#halfSides[4 * i + 3];
    x[0] = fround(centerX + heightX) + widthX;
    y[0] = fround(centerY + heightY) - widthY;
    x[1] = fround(centerX - heightX) + widthX;
    y[1] = fround(centerY - heightY) - widthY;
    x[2] = 2 * centerX - x[0];
    y[2] = 2 * centerY - y[0];
    x[3] = 2 * centerX - x[1];
    y[3] = 2 * centerY - y[1];
  }
}
