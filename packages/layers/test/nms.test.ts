import { loadGolden } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { describe, expect, test } from "vitest";
import { LayerShapeError, batchedNms, nms } from "../src/index.ts";

interface NmsCases {
  readonly cases: readonly {
    readonly i: number;
    readonly kind: string;
    readonly iou_threshold: number;
  }[];
}

const golden = loadGolden<NmsCases>(new URL("./golden/nms", import.meta.url));

function boxesOf(values: Float32Array | readonly number[]): ndarray.NdArray<Float32Array> {
  return ndarray(Float32Array.from(values), [values.length / 4, 4]);
}
const vector = (...values: number[]) => ndarray(Float32Array.from(values), [values.length]);
const indices = (...values: number[]) => ndarray(Int32Array.from(values), [values.length]);

describe("nms", () => {
  for (const { i, kind, iou_threshold } of golden.json.cases) {
    if (kind === "nms") {
      test(`keeps what the reference keeps: case ${i}, IoU ${iou_threshold}`, () => {
        const boxes = boxesOf(golden.float32(`nms.${i}.boxes`).data);
        const scores = vector(...golden.float32(`nms.${i}.scores`).data);
        const kept = nms(boxes, scores, iou_threshold);
        expect([...kept.data]).toEqual([...golden.int64(`nms.${i}.keep`).data].map(Number));
      });
    }
  }

  test("a pair at exactly the threshold is kept, for the comparison is strict", () => {
    const boxes = boxesOf([0, 0, 2, 1, 0, 0, 1, 1]);
    expect([...nms(boxes, vector(0.9, 0.8), 0.5).data]).toEqual([0, 1]);
    expect([...nms(boxes, vector(0.9, 0.8), 0.499).data]).toEqual([0]);
  });

  test("equal scores keep their given order", () => {
    const boxes = boxesOf([0, 0, 1, 1, 5, 5, 6, 6, 9, 9, 10, 10, 0, 0, 1, 1]);
    expect([...nms(boxes, vector(0.5, 0.7, 0.5, 0.5), 0.5).data]).toEqual([1, 0, 2]);
  });

  test("IoU rounds to float32 before it meets the threshold", () => {
    // 1/3 in float32 lies above 1/3 in float64.
    const boxes = boxesOf([0, 0, 2, 1, 1, 0, 3, 1]);
    expect([...nms(boxes, vector(0.9, 0.8), 1 / 3).data]).toEqual([0]);
    expect([...nms(boxes, vector(0.9, 0.8), Math.fround(1 / 3)).data]).toEqual([0, 1]);
  });

  test("boxes without area neither suppress nor are suppressed", () => {
    const boxes = boxesOf([1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 2, 2]);
    expect([...nms(boxes, vector(3, 2, 1), 0).data]).toEqual([0, 1, 2]);
  });

  test("strided views read as their elements", () => {
    const columns = ndarray(Float32Array.of(0, 0, 5, 0, 0, 5, 2, 2, 7, 2, 2, 7), [4, 3]);
    const boxes = columns.transpose(1, 0);
    expect([...nms(boxes, vector(0.1, 0.2, 0.3), 0.5).data]).toEqual([2, 1]);
  });

  test("scores of another length are refused", () => {
    expect(() => nms(boxesOf([0, 0, 1, 1]), vector(1, 2), 0.5)).toThrow(LayerShapeError);
  });
});

describe("batchedNms", () => {
  for (const { i, kind, iou_threshold } of golden.json.cases) {
    if (kind === "batched_nms") {
      test(`keeps what the reference keeps: case ${i}, IoU ${iou_threshold}`, () => {
        const boxes = boxesOf(golden.float32(`batched_nms.${i}.boxes`).data);
        const scores = vector(...golden.float32(`batched_nms.${i}.scores`).data);
        const idxs = indices(...[...golden.int64(`batched_nms.${i}.idxs`).data].map(Number));
        const kept = batchedNms(boxes, scores, idxs, iou_threshold);
        const expected = [...golden.int64(`batched_nms.${i}.keep`).data].map(Number);
        expect([...kept.data]).toEqual(expected);
      });
    }
  }

  test("boxes of different groups never suppress each other", () => {
    const boxes = boxesOf([0, 0, 4, 4, 0, 0, 4, 4, 0, 0, 4, 4]);
    const kept = batchedNms(boxes, vector(0.1, 0.3, 0.2), indices(7, 7, 2), 0.5);
    expect([...kept.data]).toEqual([1, 2]);
  });

  test("up to 1000 boxes, groups are moved apart in float32 and small boxes lose bits", () => {
    // The last two boxes have IoU 12/20; moved by 3 · 10⁷, where float32 holds even numbers only, they
    // both become four units wide.
    const boxes = boxesOf([0, 0, 1e7, 1e7, 0, 0, 3, 4, 0, 0, 5, 4]);
    const kept = batchedNms(boxes, vector(3, 2, 1), indices(0, 3, 3), 0.7);
    expect([...kept.data]).toEqual([0, 1]);
  });

  test("above 1000 boxes, groups are visited one by one and nothing is rounded", () => {
    const values = [0, 0, 1e7, 1e7, 0, 0, 3, 4, 0, 0, 5, 4];
    const scores = [3, 2, 1];
    const groups = [0, 3, 3];
    for (let i = 0; scores.length < 1001; i++) {
      values.push(100 * i, 10, 100 * i + 5, 20);
      scores.push(0.5 - i * 1e-4);
      groups.push(4);
    }
    const kept = batchedNms(boxesOf(values), vector(...scores), indices(...groups), 0.7);
    expect([...kept.data]).toEqual(scores.map((_, i) => i));
  });

  test.each([0, 1001])(
    "a limit takes the best of those kept, all groups together, beside %i more boxes",
    (more) => {
      const values = [0, 0, 4, 4, 0, 0, 4, 4, 50, 0, 54, 4, 50, 0, 54, 4, 0, 0, 4, 4];
      const scores = [9, 8, 7, 6, 5];
      const groups = [0, 0, 0, 1, 1];
      for (let i = 0; i < more; i++) {
        values.push(9 * i, 90, 9 * i + 4, 94);
        scores.push(1 - i * 1e-4);
        groups.push(i % 3);
      }
      const keep = (limit?: number) => [
        ...batchedNms(boxesOf(values), vector(...scores), indices(...groups), 0.5, limit).data,
      ];
      expect(keep().slice(0, 4)).toEqual([0, 2, 3, 4]);
      expect(keep()).toHaveLength(4 + more);
      for (const limit of [0, 1, 3, 7, 5000]) expect(keep(limit)).toEqual(keep().slice(0, limit));
    },
  );

  test("no boxes give no indices", () => {
    expect(batchedNms(boxesOf([]), vector(), indices(), 0.5).shape).toEqual([0]);
  });
});
