import { loadGolden } from "@detectron-ts/testing";
import ndarray, { type NdArray } from "ndarray";
import { describe, expect, it } from "vitest";

import {
  CropTransform,
  HFlipTransform,
  ImageShapeError,
  NoOpTransform,
  ResizeTransform,
  RotationTransform,
  TransformList,
  VFlipTransform,
  type Transform,
} from "../src/index.ts";

const golden = loadGolden(new URL("./golden/rotated_box", import.meta.url));
const boxes = ndarray(Float64Array.from(golden.float32("boxes").data), [24, 5]);
const resize = new ResizeTransform({ height: 300, width: 400, newHeight: 450, newWidth: 320 });
const one = (...numbers: number[]) => ndarray(Float64Array.from(numbers), [1, 5]);

/** Corners of a rotated box, one after the other from the one that is at the top left at 0 degrees. */
function cornersOf(box: NdArray<Float64Array>): NdArray<Float64Array> {
  const [x, y, width, height, angle] = box.data;
  const [cos, sin] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
  const corners = [
    [-width / 2, -height / 2],
    [width / 2, -height / 2],
    [width / 2, height / 2],
    [-width / 2, height / 2],
  ].flatMap(([u, v]) => [x + u * cos + v * sin, y + v * cos - u * sin]);
  return ndarray(Float64Array.from(corners), [4, 2]);
}

/** The same points in the order of their coordinates. */
function sorted({ data }: NdArray<Float64Array>): number[] {
  const points = [0, 2, 4, 6].map((i) => [data[i], data[i + 1]]);
  return points.sort(([a, b], [c, d]) => (Math.abs(a - c) > 1e-6 ? a - c : b - d)).flat();
}

describe("rotated boxes", () => {
  it.each<[string, Transform]>([
    ["resize", resize],
    ["hflip", new HFlipTransform(400)],
    ["both", new TransformList([resize, new HFlipTransform(320)])],
  ])("move as in detectron2: %s", (name, transform) => {
    const moved = transform.applyRotatedBox(boxes);
    const expected = golden.float32(name).data;
    for (let i = 0; i < expected.length; i++) {
      const circles = i % 5 === 4 ? Math.round((moved.data[i] - expected[i]) / 360) : 0;
      expect(moved.data[i] - 360 * circles).toBeCloseTo(expected[i], 3);
    }
  });

  it.each<[string, Transform]>([
    ["mirror left and right", new HFlipTransform(60)],
    ["mirror top and bottom", new VFlipTransform(40)],
    ["turn", new RotationTransform({ height: 40, width: 60, angle: 25 })],
    ["are cut", new CropTransform({ x0: 7, y0: -3, width: 20, height: 20 })],
    ["grow evenly", new ResizeTransform({ height: 40, width: 60, newHeight: 80, newWidth: 120 })],
  ])("cover what their corners do when images %s", (_, transform) => {
    const box = one(20, 15, 16, 6, 35);
    const moved = transform.applyRotatedBox(box);
    expect(sorted(cornersOf(moved))).toBeAllclose(sorted(transform.applyCoords(cornersOf(box))));
  });

  it("turn with the image, and the other way in a mirror", () => {
    const box = one(20, 15, 16, 6, 35);
    const turn = new RotationTransform({ height: 40, width: 40, angle: 30, expand: false });
    expect(turn.applyRotatedBox(box).data[4]).toBeCloseTo(65, 10);
    expect(new HFlipTransform(60).applyRotatedBox(box).data[4]).toBeCloseTo(-35, 10);
    expect(new VFlipTransform(40).applyRotatedBox(box).data[4]).toBeCloseTo(145, 10);
  });

  it("come back through the inverse", () => {
    const box = one(20, 15, 16, 6, 35);
    const transform = new TransformList([
      new HFlipTransform(60),
      new ResizeTransform({ height: 40, width: 60, newHeight: 80, newWidth: 120 }),
    ]);
    const back = transform.inverse().applyRotatedBox(transform.applyRotatedBox(box));
    expect(back).toBeAllclose(box);
  });

  it("stay themselves without a transform, keep their precision, and may be none", () => {
    expect(new NoOpTransform().applyRotatedBox(boxes)).toBe(boxes);
    const single = ndarray(Float32Array.of(1, 2, 3, 4, 5), [1, 5]);
    expect(resize.applyRotatedBox(single).data).toBeInstanceOf(Float32Array);
    expect(resize.applyRotatedBox(ndarray(new Float64Array(0), [0, 5])).shape).toEqual([0, 5]);
  });

  it("are refused with other than five numbers", () => {
    expect(() => resize.applyRotatedBox(ndarray(new Float64Array(4), [1, 4]))).toThrow(
      ImageShapeError,
    );
  });
});
