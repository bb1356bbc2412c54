import { cross, type Points } from "./points.ts";

const { fround } = Math;

/*
 * Thresholds of detectron2's kernel. Points that are this close to one line with the start, or to the start itself, count
 * as being there.
 */
const COLLINEAR = 1e-6;
const COINCIDENT = 1e-8;

/**
 * Area of the convex hull of the first `count` points, which are reordered: the points are sorted by their angle around
 * the topmost one, and walked through leaving out those that lie inside (Graham 1972). Mirrors `convex_hull_graham` and
 * `polygon_area` of detectron2's rotated IoU, float32 rounding included.
 */
export function hullArea(points: Points, count: number): number {
  moveTopmostToOrigin(points, count);
  sortByAngle(points, count);
  const size = dropInner(points, count);
  const { x, y } = points;
  let area = 0;
  for (let i = 1; i < size - 1; i++) {
    area = fround(area + Math.abs(cross(x[i], y[i], x[i + 1], y[i + 1])));
  }
  return area / 2;
}

/** The topmost point, of several the leftmost, becomes point 0 and the origin. */
function moveTopmostToOrigin({ x, y }: Points, count: number): void {
  let top = 0;
  for (let i = 1; i < count; i++) {
    if (y[i] < y[top] || (y[i] === y[top] && x[i] < x[top])) top = i;
  }
  const originX = x[top];
  const originY = y[top];
  for (let i = 0; i < count; i++) {
    x[i] -= originX;
    y[i] -= originY;
  }
  swap(x, 0, top);
  swap(y, 0, top);
}

/**
 * Sorts all points but the first by their angle around it, and by their distance where angles are the same. Which points
 * count as being at the same angle depends on the order of comparisons, hence a sort of our own.
 */
function sortByAngle({ x, y }: Points, count: number): void {
  for (let i = 1; i < count - 1; i++) {
    for (let j = i + 1; j < count; j++) {
      const turn = cross(x[i], y[i], x[j], y[j]);
      if (
        turn < -COLLINEAR ||
        (Math.abs(turn) < COLLINEAR && squaredLength(x[i], y[i]) > squaredLength(x[j], y[j]))
      ) {
        swap(x, i, j);
        swap(y, i, j);
      }
    }
  }
}

/** Moves the corners of the hull to the front, and returns how many they are: 1 if all points are the same. */
function dropInner({ x, y }: Points, count: number): number {
  let second = 1;
  while (second < count && !(squaredLength(x[second], y[second]) > COINCIDENT)) second++;
  if (second === count) return 1;
  x[1] = x[second];
  y[1] = y[second];
  let size = 2;
  for (let i = second + 1; i < count; i++) {
    // While the last corner lies inside the way from the one before it to this point, it is none.
    while (size > 1) {
      const before = size - 2;
      const last = size - 1;
      const toPointX = fround(x[i] - x[before]);
      const toPointY = fround(y[i] - y[before]);
      const toLastX = fround(x[last] - x[before]);
      const toLastY = fround(y[last] - y[before]);
      if (!(fround(toPointX * toLastY) >= fround(toLastX * toPointY))) break;
      size--;
    }
    x[size] = x[i];
    y[size] = y[i];
    size++;
  }
  return size;
}

function squaredLength(x: number, y: number): number {
  return fround(fround(x * x) + fround(y * y));
}

function swap(values: Float32Array, i: number, j: number): void {
  const value = values[i];
  values[i] = values[j];
  values[j] = value;
}
