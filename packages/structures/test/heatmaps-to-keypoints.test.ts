import { goldenRoot, goldenTensors, loadGolden, type Golden } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import {
  Boxes,
  heatmapsToKeypoints,
  LengthMismatchError,
  StructureShapeError,
} from "../src/index.ts";

/** One map of one object. */
function mapOf(values: readonly number[], height: number, width: number) {
  return ndarray(Float32Array.from(values), [1, 1, height, width]);
}

function find(values: readonly number[], height: number, width: number, box: readonly number[]) {
  const [x, y, logit, score] = heatmapsToKeypoints(
    mapOf(values, height, width),
    new Boxes([box]),
  ).data;
  return { x, y, logit, score };
}

function expectRecorded(golden: Golden, maps: string, keypoints: string): void {
  const { data, shape } = golden.float32(maps);
  const boxes = new Boxes(golden.float32("rois").data);
  const found = heatmapsToKeypoints(ndarray(data, [...shape]), boxes);
  expect(found).toBeAllclose(golden.float32(keypoints), { atol: 0, rtol: 4e-6 });
}

describe("heatmapsToKeypoints", () => {
  it("finds detectron2's keypoints in boxes from less than a pixel to much larger than the map", () => {
    expectRecorded(
      loadGolden(new URL("./golden/heatmaps", import.meta.url)),
      "heatmaps",
      "keypoints",
    );
  });

  it.runIf(goldenRoot())("finds all keypoints that detectron2 has recorded", () => {
    expectRecorded(goldenTensors("ops/keypoints"), "heatmaps", "heatmaps_to_keypoints");
  });

  it("finds the maximum that resizing the whole map would give", () => {
    const [height, width] = [7, 5];
    let seed = 1;
    const random = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647;
    for (const size of [1, 2, 4, 5, 8, 23]) {
      const values = Array.from({ length: height * width }, () => 10 * random() - 5);
      const { x, y, logit } = find(values, height, width, [0, 0, size, 2 * size]);
      const resized = resize(values, [height, width], [2 * size, size]);
      const largest = Math.max(...resized);
      expect(logit).toBeCloseTo(largest, 5);
      const position = resized.indexOf(largest);
      expect([x, y]).toEqual([(position % size) + 0.5, Math.floor(position / size) + 0.5]);
    }
  });

  it("takes the first pixel of a flat map, with the same score in boxes of all sizes", () => {
    const flat = new Array<number>(16).fill(3);
    // Sizes at which no weight has to be rounded.
    for (const side of [1, 2, 4, 8, 16]) {
      const found = find(flat, 4, 4, [10, 20, 10 + side, 20 + side]);
      expect(found).toEqual({ x: 10.5, y: 20.5, logit: 3, score: 1 / 16 });
    }
  });

  it("counts a side without extent, or a negative one, as one pixel", () => {
    const { x, y } = find([0, 1, 2, 3], 2, 2, [5, 5, 5, 3]);
    expect([x, y]).toEqual([5.5, 5.5]);
  });

  it("spreads the pixels over a box whose sides aren't whole numbers", () => {
    const { x, y } = find([0, 0, 0, 9], 2, 2, [0, 0, 1.5, 2.5]);
    expect([x, y]).toEqual([(1.5 * 1.5) / 2, Math.fround((2.5 * Math.fround(2.5)) / 3)]);
  });

  it("finds nothing in nothing", () => {
    const none = ndarray(new Float32Array(0), [0, 17, 56, 56]);
    expect(heatmapsToKeypoints(none, new Boxes([])).shape).toEqual([0, 17, 4]);
  });

  it("needs a box for each object, and maps with cells", () => {
    expect(() => heatmapsToKeypoints(mapOf([1], 1, 1), new Boxes([]))).toThrow(LengthMismatchError);
    expect(() => heatmapsToKeypoints(mapOf([], 0, 4), new Boxes([[0, 0, 1, 1]]))).toThrow(
      StructureShapeError,
    );
  });
});

/** The whole map, resized position by position in double precision. */
function resize(
  values: readonly number[],
  [height, width]: readonly [number, number],
  [outHeight, outWidth]: readonly [number, number],
): number[] {
  const kernel = (distance: number): number => {
    const d = Math.abs(distance);
    if (d < 1) return 1.25 * d ** 3 - 2.25 * d ** 2 + 1;
    return d < 2 ? -0.75 * d ** 3 + 3.75 * d ** 2 - 6 * d + 3 : 0;
  };
  const clamp = (cell: number, size: number): number => Math.min(Math.max(cell, 0), size - 1);
  return Array.from({ length: outHeight * outWidth }, (_, position) => {
    const sourceY = ((Math.floor(position / outWidth) + 0.5) * height) / outHeight - 0.5;
    const sourceX = (((position % outWidth) + 0.5) * width) / outWidth - 0.5;
    let sum = 0;
    for (let y = Math.floor(sourceY) - 1; y < Math.floor(sourceY) + 3; y++) {
      for (let x = Math.floor(sourceX) - 1; x < Math.floor(sourceX) + 3; x++) {
        const value = values[clamp(y, height) * width + clamp(x, width)];
        sum += value * kernel(sourceY - y) * kernel(sourceX - x);
      }
    }
    return sum;
  });
}
