import { loadGolden } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { describe, expect, test } from "vitest";
import {
  LayerShapeError,
  batchedNmsRotated,
  nms,
  nmsRotated,
  pairwiseIouRotated,
} from "../src/index.ts";

interface NmsCases {
  readonly cases: readonly {
    readonly i: number;
    readonly kind: string;
    readonly iou_threshold: number;
  }[];
}

const golden = loadGolden<NmsCases>(new URL("./golden/nms", import.meta.url));
const cases = golden.json.cases.filter(({ kind }) => kind.startsWith("nms_rotated"));

type Box = readonly [x: number, y: number, width: number, height: number, angle: number];
const boxesOf = (...rows: Box[]) => ndarray(Float32Array.from(rows.flat()), [rows.length, 5]);
const vector = (...values: number[]) => ndarray(Float32Array.from(values), [values.length]);
const indices = (...values: number[]) => ndarray(Int32Array.from(values), [values.length]);
const recorded = (name: string) => [...golden.int64(name).data].map(Number);
const array = (name: string) => {
  const { data, shape } = golden.float32(name);
  return ndarray(data, [...shape]);
};

describe("nmsRotated", () => {
  test.each(cases)("keeps what the reference keeps: IoU $iou_threshold", ({ i, iou_threshold }) => {
    const boxes = array(`nms_rotated.${i}.boxes`);
    const kept = nmsRotated(boxes, array(`nms_rotated.${i}.scores`), iou_threshold);
    expect([...kept.data]).toEqual(recorded(`nms_rotated.${i}.keep`));
  });

  test("of a pair at exactly the threshold the lower score goes, unlike with upright boxes", () => {
    const boxes = boxesOf([1, 1, 2, 2, 0], [0.5, 1, 1, 2, 0]);
    expect(pairwiseIouRotated(boxes, boxes).get(0, 1)).toBe(0.5);
    expect([...nmsRotated(boxes, vector(0.9, 0.8), 0.5).data]).toEqual([0]);
    expect([...nmsRotated(boxes, vector(0.9, 0.8), 0.5 + 1e-9).data]).toEqual([0, 1]);
  });

  test("a box turned by half a circle is the same box", () => {
    const boxes = boxesOf([5, 3, 4, 2, -90], [5, 3, 4, 2, 90], [5, 3, 4, 2, 0]);
    expect([...nmsRotated(boxes, vector(1, 2, 3), 0.9).data]).toEqual([2, 1]);
  });

  test("with a threshold of 0 only the best box stays", () => {
    const boxes = boxesOf([0, 0, 1, 1, 0], [50, 0, 1, 1, 0], [0, 50, 1, 1, 30]);
    expect([...nmsRotated(boxes, vector(1, 3, 2), 0).data]).toEqual([1]);
  });

  test("equal scores keep their given order, and boxes without area are kept", () => {
    const boxes = boxesOf([0, 0, 0, 4, 10], [0, 0, 0, 4, 10], [0, 0, 4, 4, 0], [0, 0, 4, 4, 90]);
    expect([...nmsRotated(boxes, vector(1, 1, 1, 1), 0.5).data]).toEqual([0, 1, 2]);
  });

  test.each([0, 90, 180])("at %d degrees it is the suppression of upright boxes", (angle) => {
    const random = mulberry32(3);
    const upright = new Float32Array(4 * 500);
    const rotated = new Float32Array(5 * 500);
    for (let i = 0; i < 500; i++) {
      const [x, y, width, height] = [100, 100, 40, 40].map((size) => random() * size);
      upright.set([x - width / 2, y - height / 2, x + width / 2, y + height / 2], 4 * i);
      const sides = angle === 90 ? [height, width] : [width, height];
      rotated.set([x, y, ...sides, angle], 5 * i);
    }
    const scores = vector(...Array.from({ length: 500 }, random));
    const rows = ndarray(rotated, [500, 5]);
    for (const threshold of [0.2, 0.5, 0.8]) {
      const expected = nms(ndarray(upright, [500, 4]), scores, threshold);
      expect([...nmsRotated(rows, scores, threshold).data]).toEqual([...expected.data]);
    }
  });

  test("it goes by the very overlaps, where edges lie on one line and sizes differ, too", () => {
    const random = mulberry32(11);
    const count = 200;
    const rows = Array.from({ length: count }, (_, i): Box => {
      const angle = [30, 30, 30.4, 47, -60][i % 5];
      const height = [6, 12, 24][i % 3];
      const along = 3 * Math.floor(random() * 20);
      const radians = (30 * Math.PI) / 180;
      const [x, y] = [along * Math.cos(radians), -along * Math.sin(radians)];
      return [100 + x, 100 + y, height * (1 + 4 * random()), height, angle];
    });
    const boxes = boxesOf(...rows);
    const scores = vector(...rows.map((_, i) => count - i));
    const overlaps = pairwiseIouRotated(boxes, boxes);
    for (const threshold of [0.1, 0.3, 0.5, 0.7]) {
      const expected: number[] = [];
      for (let i = 0; i < count; i++) {
        if (expected.every((kept) => overlaps.get(kept, i) < threshold)) expected.push(i);
      }
      expect([...nmsRotated(boxes, scores, threshold).data]).toEqual(expected);
    }
  });

  test("no boxes give no indices, and arrays of other shapes are refused", () => {
    expect(nmsRotated(boxesOf(), vector(), 0.5).shape).toEqual([0]);
    expect(() => nmsRotated(boxesOf([0, 0, 1, 1, 0]), vector(1, 2), 0.5)).toThrow(LayerShapeError);
    expect(() => nmsRotated(ndarray(new Float32Array(4), [1, 4]), vector(1), 0.5)).toThrow(
      LayerShapeError,
    );
  });
});

describe("batchedNmsRotated", () => {
  test.each(cases)("keeps what the reference keeps: IoU $iou_threshold", ({ i, iou_threshold }) => {
    const kept = batchedNmsRotated(
      array(`nms_rotated.${i}.boxes`),
      array(`nms_rotated.${i}.scores`),
      indices(...recorded(`batched_nms_rotated.${i}.idxs`)),
      iou_threshold,
    );
    expect([...kept.data]).toEqual(recorded(`batched_nms_rotated.${i}.keep`));
  });

  test("boxes of different groups never suppress each other, wherever they lie", () => {
    const box: Box = [-30, -40, 10, 4, 45];
    const kept = batchedNmsRotated(
      boxesOf(box, box, box),
      vector(0.1, 0.3, 0.2),
      indices(7, 7, 2),
      0.5,
    );
    expect([...kept.data]).toEqual([1, 2]);
  });

  test("groups are moved apart in float32 and small boxes lose bits", () => {
    // Moved by 3 · 10⁷, where float32 holds even numbers only, the last two boxes have the same centre.
    const boxes = boxesOf([0, 0, 1e7, 1e7, 0], [0, 0, 4, 4, 0], [0.9, 0, 4, 4, 0]);
    const kept = batchedNmsRotated(boxes, vector(3, 2, 1), indices(0, 3, 3), 0.7);
    expect([...kept.data]).toEqual([0, 1]);
    const near = batchedNmsRotated(boxes, vector(3, 2, 1), indices(3, 0, 0), 0.7);
    expect([...near.data]).toEqual([0, 1, 2]);
  });

  test("a limit takes the best of those kept, all groups together", () => {
    const [first, second]: Box[] = [
      [5, 5, 4, 2, 30],
      [50, 5, 4, 2, 30],
    ];
    const boxes = boxesOf(first, first, second, second, first);
    const scores = vector(0.9, 0.8, 0.7, 0.6, 0.5);
    const keep = (limit?: number) => [
      ...batchedNmsRotated(boxes, scores, indices(0, 0, 0, 1, 1), 0.5, limit).data,
    ];
    expect(keep()).toEqual([0, 2, 3, 4]);
    for (const limit of [0, 1, 3, 9]) expect(keep(limit)).toEqual(keep().slice(0, limit));
  });

  test("no boxes give no indices", () => {
    expect(batchedNmsRotated(boxesOf(), vector(), indices(), 0.5).shape).toEqual([0]);
  });
});

/** A small seeded generator of numbers in [0, 1). */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
