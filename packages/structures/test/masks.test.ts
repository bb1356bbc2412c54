import { encode, InvalidPolygonError, type Rle } from "@detectron-ts/coco";
import { loadGolden } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import {
  BitMasks,
  Boxes,
  EmptyListError,
  LengthMismatchError,
  PolygonMasks,
  polygonsToBitmask,
  ROIMasks,
  StructureShapeError,
} from "../src/index.ts";

interface GtMasksJson {
  polygons: number[][][];
  bitmask_rle: Rle[];
}

const golden = loadGolden<GtMasksJson>(new URL("./golden/gt_masks", import.meta.url));
const polygonMasks = new PolygonMasks(golden.json.polygons);
const bitMasks = BitMasks.fromPolygonMasks(polygonMasks, 600, 800);
const rois = new Boxes(golden.float32("rois").data);

describe("PolygonMasks", () => {
  it("have detectron2's areas and boxes", () => {
    expect(polygonMasks.area()).toBeAllclose(golden.float32("polygon_area"), { atol: 0 });
    expect(polygonMasks.getBoundingBoxes().data).toEqual(
      golden.float32("polygon_bounding_boxes").data,
    );
  });

  it.each([14, 28])("crop and resize to detectron2's very pixels, side %i", (side) => {
    const cropped = polygonMasks.cropAndResize(rois, side);
    const expected = golden.uint8(`polygon.crop_and_resize.${side}`);
    expect(cropped.shape).toEqual(expected.shape);
    expect(cropped.data).toEqual(expected.data);
  });

  it("of an object without polygons are empty", () => {
    const masks = new PolygonMasks([[], [[0, 0, 4, 0, 4, 4]]]);
    expect([...masks.nonempty()]).toEqual([0, 1]);
    expect([...masks.area()]).toEqual([0, 8]);
    expect([...masks.getBoundingBoxes().data]).toEqual([Infinity, Infinity, 0, 0, 0, 0, 4, 4]);
    const cropped = masks.cropAndResize(new Boxes([[0, 0, 4, 4], [0, 0, 4, 4]]), 2); // prettier-ignore
    expect([...cropped.data.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
  });

  it("come in zero", () => {
    const none = new PolygonMasks([]);
    expect(none.cropAndResize(new Boxes([]), 14).shape).toEqual([0, 14, 14]);
    expect(none.getBoundingBoxes()).toHaveLength(0);
    expect(PolygonMasks.cat([none, none])).toHaveLength(0);
  });

  it("need three corners and a box each", () => {
    expect(() => new PolygonMasks([[[0, 0, 1, 1]]])).toThrow(InvalidPolygonError);
    expect(() => polygonMasks.cropAndResize(new Boxes([]), 14)).toThrow(LengthMismatchError);
  });
});

describe("polygonsToBitmask", () => {
  it("fills pixels by COCO's rule, and none for no polygon", () => {
    const filled = polygonsToBitmask([[0.5, 0.5, 3.5, 0.5, 3.5, 3.5, 0.5, 3.5]], 5, 5);
    expect(filled.shape).toEqual([5, 5]);
    expect(filled.data.reduce((sum, value) => sum + value, 0)).toBe(9);
    expect(polygonsToBitmask([], 2, 3).data).toEqual(new Uint8Array(6));
  });
});

describe("BitMasks", () => {
  it("rasterise polygons as detectron2 does", () => {
    golden.json.bitmask_rle.forEach((rle, i) => {
      expect(encode(bitMasks.select(i).tensor.data, rle.size)).toEqual(rle);
    });
  });

  it("have detectron2's boxes", () => {
    expect(bitMasks.getBoundingBoxes().data).toEqual(golden.float32("bitmask.bounding_boxes").data);
  });

  it.each([14, 28])("crop and resize to detectron2's very pixels, side %i", (side) => {
    const cropped = bitMasks.cropAndResize(rois, side);
    const expected = golden.uint8(`bitmask.crop_and_resize.${side}`);
    expect(cropped.shape).toEqual(expected.shape);
    expect(cropped.data).toEqual(expected.data);
  });

  it("crop and resize alike whatever number stands for a pixel that is set", () => {
    const { data, shape } = bitMasks.tensor;
    const inBytes = new BitMasks(
      ndarray(
        data.map((value) => value * 255),
        shape,
      ),
    );
    expect(inBytes.cropAndResize(rois, 28).data).toEqual(
      golden.uint8("bitmask.crop_and_resize.28").data,
    );
  });

  it("without a pixel have a box of zeros", () => {
    const masks = new BitMasks(ndarray(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1), [2, 2, 2]));
    expect([...masks.nonempty()]).toEqual([0, 1]);
    expect([...masks.getBoundingBoxes().data]).toEqual([0, 0, 0, 0, 1, 1, 2, 2]);
  });

  it("come in zero", () => {
    const none = bitMasks.select([]);
    expect(none.tensor.shape).toEqual([0, 600, 800]);
    expect(none.cropAndResize(new Boxes([]), 14).shape).toEqual([0, 14, 14]);
    expect(none.nonempty()).toHaveLength(0);
    expect(BitMasks.cat([none, bitMasks])).toHaveLength(14);
  });

  it("of no structure cannot be joined, as their size is not known", () => {
    expect(() => BitMasks.cat([])).toThrow(EmptyListError);
  });

  it("need three axes, one size and a box each", () => {
    expect(() => new BitMasks(ndarray(new Uint8Array(4), [2, 2]))).toThrow(StructureShapeError);
    const other = new BitMasks(ndarray(new Uint8Array(4), [1, 2, 2]));
    expect(() => BitMasks.cat([bitMasks, other])).toThrow(StructureShapeError);
    expect(() => other.cropAndResize(new Boxes([]), 14)).toThrow(LengthMismatchError);
  });
});

describe("ROIMasks", () => {
  it("paste into their boxes where the probability reaches the threshold", () => {
    const roiMasks = new ROIMasks(
      ndarray(Float32Array.of(0.9, 0.9, 0.9, 0.9, 0.4, 0.4, 0.4, 0.4), [2, 2, 2]),
    );
    const boxes = new Boxes([
      [1, 1, 3, 3],
      [0, 0, 4, 4],
    ]);
    const pasted = roiMasks.toBitmasks(boxes, 4, 4);
    expect(pasted.tensor.shape).toEqual([2, 4, 4]);
    expect([...pasted.getBoundingBoxes().data]).toEqual([1, 1, 3, 3, 0, 0, 0, 0]);
    expect([...BitMasks.fromRoiMasks(roiMasks, boxes, 4, 4, 0.3).nonempty()]).toEqual([1, 1]);
    expect(ROIMasks.cat([roiMasks, roiMasks.select(0)])).toHaveLength(3);
  });

  it("of no structure cannot be joined, as their side is not known", () => {
    expect(() => ROIMasks.cat([])).toThrow(EmptyListError);
  });

  it("must be square", () => {
    expect(() => new ROIMasks(ndarray(new Float32Array(6), [1, 2, 3]))).toThrow(
      StructureShapeError,
    );
  });
});
