import { DrawingShapeError } from "./errors.ts";

/** A box (centre x, centre y, width, height, angle): pixels, and degrees counter-clockwise as seen on the screen. */
export type RotatedBox = ArrayLike<number>;

/** N rotated boxes: `RotatedBoxes` of `@detectron-ts/structures`, or rows of five numbers. */
export type RotatedBoxList = Iterable<RotatedBox>;

/** Corners from the top left on, against the clock when the angle is 0: top left, bottom left, bottom right, top right. */
export type Corners = readonly (readonly [x: number, y: number])[];

/** @throws DrawingShapeError when a box does not have five numbers. */
export function toRotatedBoxes(list: RotatedBoxList): number[][] {
  return Array.from(list, (box) => {
    if (box.length !== 5) {
      throw new DrawingShapeError("a rotated box", [box.length], "five numbers");
    }
    return Array.from(box);
  });
}

/**
 * The corners of a rotated box. With y pointing down, a point (x, y) seen from the centre goes to
 * (x cos θ + y sin θ, y cos θ − x sin θ) when it turns counter-clockwise on the screen.
 */
export function cornersOf(box: RotatedBox): Corners {
  const [centerX, centerY, width, height, angle] = Array.from(box);
  const theta = (angle * Math.PI) / 180;
  const [cos, sin] = [Math.cos(theta), Math.sin(theta)];
  const signs = [
    [-1, -1],
    [-1, 1],
    [1, 1],
    [1, -1],
  ];
  return signs.map(([signX, signY]) => {
    const [x, y] = [(signX * width) / 2, (signY * height) / 2];
    return [centerX + x * cos + y * sin, centerY + y * cos - x * sin];
  });
}
