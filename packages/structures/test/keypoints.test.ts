import { loadGolden } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import {
  Boxes,
  EmptyListError,
  Keypoints,
  LengthMismatchError,
  StructureShapeError,
} from "../src/index.ts";

const golden = loadGolden(new URL("./golden/keypoints", import.meta.url));

/** One object with one keypoint. */
const keypointAt = (x: number, y: number, visibility: number) =>
  new Keypoints(ndarray(Float32Array.of(x, y, visibility), [1, 1, 3]));

describe("Keypoints.toHeatmap", () => {
  it("finds detectron2's cells", () => {
    const { data, shape } = golden.float32("keypoints");
    const keypoints = new Keypoints(ndarray(data, [...shape]));
    const { index, valid } = keypoints.toHeatmap(new Boxes(golden.float32("rois").data), 56);
    expect(index).toBeAllclose(golden.int64("to_heatmap.index"), { atol: 0, rtol: 0 });
    expect(valid).toBeAllclose(golden.int64("to_heatmap.valid"), { atol: 0, rtol: 0 });
  });

  it("puts a keypoint on the far side into the last cell", () => {
    const { index, valid } = keypointAt(10, 20, 2).toHeatmap(new Boxes([[0, 0, 10, 20]]), 4);
    expect([index.get(0, 0), valid.get(0, 0)]).toEqual([15, 1]);
  });

  it.each([
    ["outside its box", keypointAt(11, 5, 2), [0, 0, 10, 10]],
    ["not labelled", keypointAt(5, 5, 0), [0, 0, 10, 10]],
    ["in a box without extent", keypointAt(5, 5, 2), [5, 4, 5, 4]],
  ])("does not count a keypoint %s", (_, keypoints, box) => {
    const { index, valid } = keypoints.toHeatmap(new Boxes([box]), 4);
    expect([index.get(0, 0), valid.get(0, 0)]).toEqual([0, 0]);
  });

  it("takes zero objects, and needs a box for each", () => {
    const none = new Keypoints(ndarray(new Float32Array(0), [0, 17, 3]));
    expect(none.toHeatmap(new Boxes([]), 56).index.shape).toEqual([0, 17]);
    expect(() => keypointAt(1, 1, 1).toHeatmap(new Boxes([]), 56)).toThrow(LengthMismatchError);
  });
});

describe("Keypoints", () => {
  it("select and join by object", () => {
    const joined = Keypoints.cat([keypointAt(1, 2, 0), keypointAt(3, 4, 1)]);
    expect(joined.tensor.shape).toEqual([2, 1, 3]);
    expect([...joined.select(-1).tensor.data]).toEqual([3, 4, 1]);
  });

  it("of no structure cannot be joined, as their number per object is not known", () => {
    expect(() => Keypoints.cat([])).toThrow(EmptyListError);
  });

  it("need three numbers each", () => {
    expect(() => new Keypoints(ndarray(new Float32Array(4), [1, 2, 2]))).toThrow(
      StructureShapeError,
    );
  });
});
