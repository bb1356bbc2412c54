const { fround } = Math;

/** Coordinates of points, in float32 as detectron2's kernel has them. */
export interface Points {
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/** Room for `count` points. */
export function createPoints(count: number): Points {
  return { x: new Float32Array(count), y: new Float32Array(count) };
}

/** The third component of the cross product of two vectors, each step rounded to float32. */
export function cross(ax: number, ay: number, bx: number, by: number): number {
  return fround(fround(ax * by) - fround(bx * ay));
}

/** The scalar product of two vectors, each step rounded to float32. */
export function dot(ax: number, ay: number, bx: number, by: number): number {
  return fround(fround(ax * bx) + fround(ay * by));
}
