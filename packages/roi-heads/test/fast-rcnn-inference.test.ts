import { Box2BoxTransform } from "@detectron-ts/box-regression";
import { Boxes, StructureShapeError, type ImageSize } from "@detectron-ts/structures";
import { loadGolden } from "@detectron-ts/testing";
import ndarray, { type NdArray } from "ndarray";
import { describe, expect, it } from "vitest";

import { decodedBoxes } from "../src/box/box-source.ts";
import { CountMismatchError, fastRcnnInference } from "../src/index.ts";
import { toArray } from "./support.ts";

interface Recorded {
  readonly image_shape: ImageSize;
  readonly score_thresh: number;
  readonly nms_thresh: number;
  readonly topk_per_image: number;
}

const golden = loadGolden<Recorded>(new URL("./golden/fast_rcnn_inference_op", import.meta.url));
const { image_shape, score_thresh, nms_thresh, topk_per_image } = golden.json;
const recordedOptions = {
  scoreThresh: score_thresh,
  nmsThresh: nms_thresh,
  topkPerImage: topk_per_image,
};
const all = { scoreThresh: 0.1, nmsThresh: 0.5, topkPerImage: -1 };
const SIZE: ImageSize = [100, 100];

const rows = (values: number[][], columns: number): NdArray<Float32Array> =>
  ndarray(Float32Array.from(values.flat()), [values.length, columns]);

describe("fastRcnnInference", () => {
  it("finds detectron2's detections in its order, past rows that are not finite", () => {
    const [[instances], [kept]] = fastRcnnInference(
      [toArray(golden.float32("boxes"))],
      [toArray(golden.float32("scores"))],
      [image_shape],
      recordedOptions,
    );
    expect(instances.predBoxes.data).toEqual(golden.float32("out.pred_boxes").data);
    expect(instances.scores.data).toEqual(golden.float32("out.scores").data);
    expect([...instances.predClasses.data]).toEqual(
      [...golden.int64("out.pred_classes").data].map(Number),
    );
    expect([...kept.data]).toEqual([...golden.int64("out.kept_indices").data].map(Number));
    expect(instances.imageSize).toEqual(image_shape);
  });

  it("keeps scores strictly above the threshold, each class on its own, without background", () => {
    const boxes = rows([[0, 0, 10, 10, 0, 0, 10, 10]], 8);
    const half = { ...all, scoreThresh: 0.25 };
    const [[instances]] = fastRcnnInference([boxes], [rows([[0.25, 0.26, 0.9]], 3)], [SIZE], half);
    expect([...instances.predClasses.data]).toEqual([1]);
    const [[both]] = fastRcnnInference([boxes], [rows([[0.3, 0.4, 0.3]], 3)], [SIZE], half);
    expect([...both.predClasses.data]).toEqual([1, 0]);
  });

  it("clips boxes, and gives all classes the one box of a class-agnostic row", () => {
    const boxes = rows([[-5, 20, 140, 130]], 4);
    const [[instances], [kept]] = fastRcnnInference(
      [boxes],
      [rows([[0.3, 0.4, 0]], 3)],
      [SIZE],
      all,
    );
    expect([...instances.predBoxes.data]).toEqual([0, 20, 100, 100, 0, 20, 100, 100]);
    expect([...kept.data]).toEqual([0, 0]);
  });

  it("keeps all for a negative limit, none for zero", () => {
    const boxes = rows(
      [0, 20, 40].map((x) => [x, 0, x + 9, 9]),
      4,
    );
    const scores = rows(
      [0.5, 0.7, 0.6].map((s) => [s, 0]),
      2,
    );
    const count = (topkPerImage: number): number =>
      fastRcnnInference([boxes], [scores], [SIZE], { ...all, topkPerImage })[0][0].length;
    expect([-1, 0, 2, 5].map(count)).toEqual([3, 0, 2, 3]);
  });

  it("finds nothing in images without proposals, and in no images", () => {
    const [[instances], [kept]] = fastRcnnInference([rows([], 8)], [rows([], 3)], [SIZE], all);
    expect(instances.length).toBe(0);
    expect(instances.predBoxes.tensor.shape).toEqual([0, 4]);
    expect([instances.scores.shape, instances.predClasses.shape, kept.shape]).toEqual([
      [0],
      [0],
      [0],
    ]);
    expect(fastRcnnInference([], [], [], all)).toEqual([[], []]);
    expect(() => fastRcnnInference([], [rows([], 3)], [SIZE], all)).toThrow(CountMismatchError);
  });

  it.each([
    ["boxes of two classes for scores of three", [2, 8], [2, 4]],
    ["boxes of more rows than scores", [3, 8], [2, 3]],
    ["boxes of fewer rows than scores", [1, 4], [2, 3]],
    ["boxes that don't come in fours", [2, 6], [2, 3]],
    ["boxes with an axis of their own for classes", [2, 2, 4], [2, 3]],
    ["scores of one row without an axis for rows", [1, 8], [3]],
    ["scores without a column for background", [2, 0], [2, 0]],
  ])("refuses %s", (_, boxShape, scoreShape) => {
    const [boxes, scores] = [boxShape, scoreShape].map((shape) =>
      ndarray(new Float32Array(shape.reduce((size, side) => size * side, 1)), shape),
    );
    expect(() => fastRcnnInference([boxes], [scores], [SIZE], all)).toThrow(StructureShapeError);
  });

  it("names the image and the shapes that would fit when it refuses boxes", () => {
    const infer = () =>
      fastRcnnInference(
        [rows([], 8), rows([[0, 0, 9, 9]], 4)],
        [rows([], 3), rows([], 3)],
        [SIZE, SIZE],
        all,
      );
    expect(infer).toThrow("Boxes of image 1 must have shape [0, 4] or [0, 8], got [1, 4].");
  });
});

describe("boxes that are decoded on demand", () => {
  const transform = new Box2BoxTransform({ weights: [10, 10, 5, 5] });
  const proposal = new Boxes([[10, 10, 30, 50]]);
  const isFinite = (...deltas: number[]): boolean =>
    decodedBoxes(transform, Float32Array.from(deltas), proposal, deltas.length).isFinite(0);

  it("are finite exactly where the decoded numbers are", () => {
    expect(isFinite(0, 0, 0, 0, 1, 1, 1, 1)).toBe(true);
    expect(isFinite(0, 0, 0, 0, 1, NaN, 1, 1)).toBe(false);
    expect(isFinite(Infinity, 0, 0, 0)).toBe(false);
    expect(isFinite(3e38, 0, 0, 0)).toBe(false); // overflows in decoding
    expect(isFinite(0, 0, Infinity, -Infinity)).toBe(true); // clamped, and shrunk to nothing
  });
});
