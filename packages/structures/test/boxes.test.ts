import { loadGolden } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import {
  Boxes,
  LengthMismatchError,
  matchedBoxlistIou,
  NonFiniteBoxError,
  pairwiseIntersection,
  pairwiseIoa,
  pairwiseIou,
  pairwisePointBoxDistance,
  RowIndexError,
  StructureShapeError,
} from "../src/index.ts";

const golden = loadGolden(new URL("./golden/iou", import.meta.url));
const boxes1 = new Boxes(golden.float32("boxes1").data);
const boxes2 = new Boxes(golden.float32("boxes2").data);

describe("overlaps of boxes", () => {
  it("equal detectron2's to the last bit", () => {
    for (const [name, overlap] of [
      ["pairwise_iou", pairwiseIou],
      ["pairwise_ioa", pairwiseIoa],
      ["pairwise_intersection", pairwiseIntersection],
    ] as const) {
      const got = overlap(boxes1, boxes2);
      expect(got.shape).toEqual([30, 20]);
      expect(got.data).toEqual(golden.float32(name).data);
    }
    expect(matchedBoxlistIou(boxes1.select({ end: 20 }), boxes2)).toEqual(
      golden.float32("matched_pairwise_iou").data,
    );
  });

  it("are 0 for empty boxes pairwise, and NaN for matched ones", () => {
    const empty = new Boxes([[3, 3, 3, 3]]);
    expect([...pairwiseIou(empty, empty).data]).toEqual([0]);
    expect([...pairwiseIoa(empty, empty).data]).toEqual([0]);
    expect([...matchedBoxlistIou(empty, empty)]).toEqual([NaN]);
  });

  it("have a row or column for nothing when a side has no boxes", () => {
    expect(pairwiseIou(new Boxes([]), boxes2).shape).toEqual([0, 20]);
    expect(pairwiseIou(boxes1, new Boxes([])).shape).toEqual([30, 0]);
    expect(matchedBoxlistIou(new Boxes([]), new Boxes([]))).toHaveLength(0);
  });

  it("of matched boxes need as many on both sides", () => {
    expect(() => matchedBoxlistIou(boxes1, boxes2)).toThrow(LengthMismatchError);
  });

  it("measure points against sides in the order left, top, right, bottom", () => {
    const points = ndarray(Float32Array.of(1, 2, 10, 10), [2, 2]);
    const distances = pairwisePointBoxDistance(points, new Boxes([[0, 0, 4, 8]]));
    expect(distances.shape).toEqual([2, 1, 4]);
    expect([...distances.data]).toEqual([1, 2, 3, 6, 10, 10, -6, -2]);
  });
});

describe("Boxes", () => {
  it("clip to the image and tell which are large enough, as detectron2 does", () => {
    const boxes = new Boxes(golden.float32("clip.in").data);
    boxes.clip([80, 100]);
    expect(boxes.data).toEqual(golden.float32("clip.out").data);
    expect(boxes.nonempty(3)).toEqual(golden.uint8("nonempty").data);
  });

  it("refuse to clip coordinates that are not finite, and leave the others alone", () => {
    const boxes = new Boxes([
      [-1, 0, 5, 5],
      [0, NaN, 5, 5],
    ]);
    expect(() => boxes.clip([4, 4])).toThrow(NonFiniteBoxError);
    expect(boxes.data[0]).toBe(-1);
  });

  it("are always float32 and N×4, however they are made", () => {
    const rows = [
      [0, 1, 2, 3.1],
      [4, 5, 6, 7],
    ];
    const expected = Float32Array.from(rows.flat());
    expect(new Boxes(rows).data).toEqual(expected);
    expect(new Boxes(ndarray(Float64Array.from(rows.flat()), [2, 4])).data).toEqual(expected);
    const columnMajor = ndarray(Float32Array.from(rows.flat()), [4, 2], [1, 4]).transpose(1, 0);
    expect(new Boxes(columnMajor).data).toEqual(expected);
    expect(new Boxes(rows).tensor.shape).toEqual([2, 4]);
  });

  it("wrap a float32 array without copying it", () => {
    const data = Float32Array.of(0, 0, 2, 4);
    new Boxes(ndarray(data, [1, 4])).scale(2, 0.5);
    expect([...data]).toEqual([0, 0, 4, 2]);
  });

  it("come in zero, from any array without elements", () => {
    for (const none of [[], new Float32Array(0), ndarray(new Float32Array(0), [0])]) {
      const boxes = new Boxes(none);
      expect(boxes.tensor.shape).toEqual([0, 4]);
      expect(boxes.area()).toHaveLength(0);
      expect(boxes.getCenters().shape).toEqual([0, 2]);
      expect([...boxes]).toEqual([]);
      boxes.clip([5, 5]);
    }
    expect(Boxes.cat([]).tensor.shape).toEqual([0, 4]);
  });

  it("refuse rows of other than four numbers", () => {
    expect(() => new Boxes([[1, 2, 3]])).toThrow(StructureShapeError);
    expect(() => new Boxes(new Float32Array(6))).toThrow(StructureShapeError);
    expect(() => new Boxes(ndarray(new Float32Array(10), [2, 5]))).toThrow(StructureShapeError);
  });

  it("know area and centre without adding a pixel", () => {
    const boxes = new Boxes([[1, 2, 4, 8]]);
    expect([...boxes.area()]).toEqual([18]);
    expect([...boxes.getCenters().data]).toEqual([2.5, 5]);
  });

  it("do not count a box as large as the image as inside it", () => {
    const boxes = new Boxes([
      [0, 0, 10, 10],
      [0, 0, 9.5, 9.5],
      [-2, 0, 5, 5],
      [0, 0, 12, 12],
    ]);
    expect([...boxes.insideBox([10, 10])]).toEqual([0, 1, 0, 0]);
    expect([...boxes.insideBox([10, 10], 2)]).toEqual([1, 1, 1, 0]);
  });

  it("compare sides with a threshold strictly", () => {
    const boxes = new Boxes([
      [0, 0, 2, 3],
      [0, 0, 2.5, 3],
      [5, 5, 4, 9],
    ]);
    expect([...boxes.nonempty()]).toEqual([1, 1, 0]);
    expect([...boxes.nonempty(2)]).toEqual([0, 1, 0]);
  });

  it("join, iterate and copy", () => {
    const all = Boxes.cat([boxes1, new Boxes([]), boxes2]);
    expect(all).toHaveLength(50);
    expect([...all].at(-1)).toEqual(boxes2.data.slice(-4));
    const copy = all.clone();
    copy.scale(0, 0);
    expect(all.data[0]).toBe(boxes1.data[0]);
  });
});

describe("rows of boxes", () => {
  const boxes = new Boxes(Array.from({ length: 5 }, (_, i) => [i, i, i + 1, i + 1]));
  const firstColumn = (selected: Boxes) => Array.from(selected, ([x0]) => x0);

  it.each([
    ["one number", 2, [2]],
    ["a number from the back", -1, [4]],
    ["a range", { start: 1, end: 3 }, [1, 2]],
    ["a range from the back", { start: -2 }, [3, 4]],
    ["a range with steps", { step: 2 }, [0, 2, 4]],
    ["a range beyond the rows", { start: 3, end: 99 }, [3, 4]],
    ["a reversed range", { start: 3, end: 1 }, []],
    ["a list of numbers", [3, 0, 3, -1], [3, 0, 3, 4]],
    ["an empty list", [], []],
    ["int32 numbers", Int32Array.of(1, 0), [1, 0]],
    ["int64 numbers", BigInt64Array.of(1n, -2n), [1, 3]],
    ["an ndarray of numbers", ndarray(Int32Array.of(4, 2), [2]), [4, 2]],
    ["a list of flags", [true, false, false, true, false], [0, 3]],
    ["bytes as flags", Uint8Array.of(0, 1, 0, 0, 1), [1, 4]],
    ["an ndarray of flags", ndarray(Uint8Array.of(0, 0, 0, 0, 1), [5]), [4]],
  ])("are chosen by %s", (_, index, expected) => {
    expect(firstColumn(boxes.select(index))).toEqual(expected);
  });

  it.each([5, -6, 0.5, NaN])("refuse number %d", (index) => {
    expect(() => boxes.select(index)).toThrow(RowIndexError);
    expect(() => boxes.select([0, index])).toThrow(RowIndexError);
  });

  it("refuse flags for another number of rows, numbers in two axes and steps back", () => {
    expect(() => boxes.select([true, false])).toThrow(LengthMismatchError);
    expect(() => boxes.select(Uint8Array.of(1))).toThrow(LengthMismatchError);
    expect(() => boxes.select(ndarray(new Int32Array(4), [2, 2]))).toThrow(StructureShapeError);
    expect(() => boxes.select({ step: -1 })).toThrow(RangeError);
  });
});
