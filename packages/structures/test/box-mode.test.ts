import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import { BoxMode, BoxModeError, StructureShapeError } from "../src/index.ts";

const { XYXY_ABS, XYWH_ABS, XYXY_REL, XYWHA_ABS } = BoxMode;

describe("BoxMode", () => {
  it("has detectron2's numbers, so that it can be stored in JSON", () => {
    const { convert: _convert, ...modes } = BoxMode;
    expect(modes).toEqual({ XYXY_ABS: 0, XYWH_ABS: 1, XYXY_REL: 2, XYWH_REL: 3, XYWHA_ABS: 4 });
  });

  it("gives back the very input for the same mode", () => {
    const box = [1, 2, 3, 4];
    expect(BoxMode.convert(box, XYXY_REL, XYXY_REL)).toBe(box);
  });

  it("converts corners and sizes by plain sums, in both directions", () => {
    expect(BoxMode.convert([5, 6, 10, 20], XYWH_ABS, XYXY_ABS)).toEqual([5, 6, 15, 26]);
    expect(BoxMode.convert([5, 6, 15, 26], XYXY_ABS, XYWH_ABS)).toEqual([5, 6, 10, 20]);
  });

  it("computes lists in float32", () => {
    const { fround } = Math;
    const [, , x1] = BoxMode.convert([0.1, 0, 0.2, 1], XYWH_ABS, XYXY_ABS);
    expect(x1).toBe(fround(fround(0.1) + fround(0.2)));
  });

  it("keeps the type of an array", () => {
    const ints = ndarray(Int32Array.of(5, 6, 10, 20, 1, 1, 2, 2), [2, 4]);
    const corners = BoxMode.convert(ints, XYWH_ABS, XYXY_ABS);
    expect(corners.data).toEqual(Int32Array.of(5, 6, 15, 26, 1, 1, 3, 3));
    const doubles = ndarray(Float64Array.of(0.1, 0, 0.2, 1), [1, 4]);
    expect(BoxMode.convert(doubles, XYWH_ABS, XYXY_ABS).get(0, 2)).toBe(0.1 + 0.2);
  });

  it("puts an upright rectangle around a rotated box", () => {
    const converted = BoxMode.convert([50, 40, 30, 20, 90], XYWHA_ABS, XYXY_ABS);
    expect(converted).toBeAllclose([40, 25, 60, 55]);
    const tilted = BoxMode.convert([0, 0, 2, 2, -45], XYWHA_ABS, XYXY_ABS);
    expect(tilted).toBeAllclose([-Math.SQRT2, -Math.SQRT2, Math.SQRT2, Math.SQRT2]);
  });

  it("cuts the rectangle of an integer box toward zero", () => {
    const ints = ndarray(Int32Array.of(0, 0, 2, 2, 45), [1, 5]);
    const corners = BoxMode.convert(ints, XYWHA_ABS, XYXY_ABS);
    expect(corners.data).toEqual(Int32Array.of(-1, -1, 1, 1));
  });

  it("turns an upright box into a rotated one at angle 0", () => {
    expect(BoxMode.convert([10, 20, 5, 8], XYWH_ABS, XYWHA_ABS)).toEqual([12.5, 24, 5, 8, 0]);
  });

  it("converts zero boxes", () => {
    const none = ndarray(new Float32Array(0), [0, 4]);
    expect(BoxMode.convert(none, XYWH_ABS, XYWHA_ABS).shape).toEqual([0, 5]);
  });

  it("refuses other pairs and boxes of another length", () => {
    expect(() => BoxMode.convert([0, 0, 1, 1], XYXY_REL, XYXY_ABS)).toThrow(BoxModeError);
    expect(() => BoxMode.convert([0, 0, 1, 1], XYXY_ABS, XYWHA_ABS)).toThrow(BoxModeError);
    expect(() => BoxMode.convert([0, 0, 1], XYXY_ABS, XYWH_ABS)).toThrow(StructureShapeError);
    expect(() => BoxMode.convert([0, 0, 1, 1], XYWHA_ABS, XYXY_ABS)).toThrow(StructureShapeError);
  });
});
