import { loadGolden } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { describe, expect, test } from "vitest";
import { LayerShapeError, pairwiseIouRotated } from "../src/index.ts";

const golden = loadGolden<{ readonly sets: readonly string[] }>(
  new URL("./golden/iou_rotated", import.meta.url),
);
const array = (name: string) => {
  const { data, shape } = golden.float32(name);
  return ndarray(data, [...shape]);
};
const boxesOf = (...rows: number[][]) => ndarray(Float32Array.from(rows.flat()), [rows.length, 5]);

describe("pairwiseIouRotated", () => {
  test.each(golden.json.sets)("equals detectron2's kernel to the last bit: %s boxes", (name) => {
    const overlaps = pairwiseIouRotated(array(`${name}.boxes1`), array(`${name}.boxes2`));
    expect(overlaps.shape).toEqual([40, 40]);
    expect(overlaps.data).toEqual(golden.float32(`${name}.iou`).data);
  });

  test("neither order of two boxes nor a turn of both changes the overlap by more than rounding", () => {
    for (let angle = -180; angle < 180; angle += 7) {
      const [first, second] = [boxesOf([5, 6, 8, 3, angle]), boxesOf([6, 5, 7, 4, angle + 25])];
      const overlap = pairwiseIouRotated(first, second).get(0, 0);
      expect(pairwiseIouRotated(second, first).get(0, 0)).toBeCloseTo(overlap, 5);
      const opposite = boxesOf([6, 5, 7, 4, angle + 205]);
      expect(pairwiseIouRotated(first, opposite).get(0, 0)).toBeCloseTo(overlap, 5);
    }
  });

  test("a box that is infinite or undefined overlaps with no finite one", () => {
    const finite = boxesOf([5, 5, 4, 4, 10]);
    const others = boxesOf([NaN, 5, 4, 4, 10], [5, Infinity, 4, 4, 10], [5, 5, 4, 4, NaN]);
    expect([...pairwiseIouRotated(finite, others).data]).toEqual([0, 0, 0]);
  });

  test("no boxes have no overlaps, and boxes of four numbers are refused", () => {
    expect(pairwiseIouRotated(boxesOf(), boxesOf([1, 1, 1, 1, 0])).shape).toEqual([0, 1]);
    expect(() => pairwiseIouRotated(ndarray(new Float32Array(4), [1, 4]), boxesOf())).toThrow(
      LayerShapeError,
    );
  });
});
