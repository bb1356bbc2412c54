import { loadGolden } from "@detectron-ts/testing";
import { describe, expect, it } from "vitest";

import {
  area,
  bboxIou,
  compress,
  DataLengthError,
  decode,
  encode,
  fromBbox,
  fromPolygons,
  InvalidPolygonError,
  iou,
  MaskSizeMismatchError,
  merge,
  rasterizePolygons,
  toBbox,
  uncompress,
  type Bbox,
  type CompressedRle,
} from "../src/index.ts";

interface CocoMaskJson {
  rle: CompressedRle[];
  uncompressed_counts: number[][];
  area: number[];
  toBbox: number[][];
  iou_crowd0: number[][];
  iou_crowd1: number[][];
  merge_union_345: string;
  merge_intersect_34: string;
  bbox_iou: { dt_xywh: Bbox[]; gt_xywh: Bbox[]; iscrowd: number[]; iou: number[][] };
  polygons_600x800: {
    polygons: number[][];
    rles: string[];
    merged: string;
    area: number;
    bbox: number[];
  }[];
  frPyObjects_bbox: { xywh: Bbox[]; rles: string[] };
  frPyObjects_uncompressed: {
    in: { size: [number, number]; counts: number[] };
    counts: string;
  };
}

const golden = loadGolden<CocoMaskJson>(new URL("./golden/coco_mask", import.meta.url));
const { json } = golden;
const {
  data: pixels,
  shape: [numMasks, height, width],
} = golden.uint8("masks");
const masks = Array.from({ length: numMasks }, (_, i) =>
  pixels.slice(i * height * width, (i + 1) * height * width),
);

describe("run-length encoding", () => {
  it("encodes masks as pycocotools does", () => {
    expect(masks.map((mask) => encode(mask, [height, width]))).toEqual(json.rle);
  });

  it("decodes both forms back to the same pixels", () => {
    json.rle.forEach((rle, i) => {
      expect(decode(rle)).toEqual(masks[i]);
      expect(decode({ size: rle.size, counts: json.uncompressed_counts[i] })).toEqual(masks[i]);
    });
  });

  it("converts between the list of runs and the string", () => {
    json.rle.forEach((rle, i) => {
      const list = { size: rle.size, counts: json.uncompressed_counts[i] };
      expect(compress(list)).toEqual(rle);
      expect(uncompress(rle)).toEqual(list);
    });
    const { in: given, counts } = json.frPyObjects_uncompressed;
    expect(compress(given).counts).toBe(counts);
  });

  it("keeps runs of many digits, growing and shrinking", () => {
    const counts = [1, 2 ** 29, 3, 0, 2 ** 30, 5, 7, 2 ** 28];
    const size = [1, counts.reduce((a, b) => a + b)] as const;
    expect(uncompress(compress({ size, counts })).counts).toEqual(counts);
  });

  it("encodes a mask without pixels", () => {
    for (const size of [
      [0, 0],
      [0, 7],
      [7, 0],
    ] as const) {
      const rle = encode(new Uint8Array(0), size);
      expect(rle).toEqual({ size, counts: "0" });
      expect(decode(rle)).toEqual(new Uint8Array(0));
      expect(toBbox(rle)).toEqual([0, 0, 0, 0]);
    }
  });

  it("rejects an array that does not fill its size", () => {
    expect(() => encode(new Uint8Array(5), [2, 3])).toThrow(DataLengthError);
  });
});

describe("area and box", () => {
  it("match pycocotools", () => {
    expect(json.rle.map(area)).toEqual(json.area);
    expect(json.rle.map(toBbox)).toEqual(json.toBbox);
  });

  it("find the box of a run that ends at the bottom of a column and goes on", () => {
    expect(toBbox({ size: [4, 5], counts: [6, 3, 11] })).toEqual([1, 0, 2, 4]);
    expect(toBbox({ size: [4, 5], counts: [6, 2, 12] })).toEqual([1, 2, 1, 2]);
  });
});

describe("intersection over union", () => {
  const reversed = json.rle.toReversed();

  it("matches pycocotools without and with crowds", () => {
    expect(iou(json.rle, reversed)).toEqual(Float64Array.from(json.iou_crowd0.flat()));
    expect(iou(json.rle, reversed, Array(numMasks).fill(true))).toEqual(
      Float64Array.from(json.iou_crowd1.flat()),
    );
  });

  it("matches pycocotools for boxes", () => {
    const { dt_xywh: detections, gt_xywh: groundTruth, iscrowd, iou: expected } = json.bbox_iou;
    expect(bboxIou(detections, groundTruth, iscrowd)).toEqual(Float64Array.from(expected.flat()));
  });

  it("is empty when either side is", () => {
    expect(iou([], json.rle)).toHaveLength(0);
    expect(iou(json.rle, [], [])).toHaveLength(0);
  });

  it("counts runs of length zero as nothing", () => {
    const plain = { size: [2, 5], counts: [2, 5, 3] } as const;
    const split = { size: [2, 5], counts: [0, 0, 2, 2, 0, 3, 3, 0] } as const;
    expect([...iou([plain, split], [plain, split])]).toEqual([1, 1, 1, 1]);
    expect(merge([plain, split])).toEqual(compress(plain));
  });

  it("rejects masks of different sizes and a wrong number of crowd flags", () => {
    const other = encode(new Uint8Array(6), [2, 3]);
    expect(() => iou(json.rle, [other])).toThrow(MaskSizeMismatchError);
    expect(() => iou(json.rle, json.rle, [0])).toThrow(DataLengthError);
  });
});

describe("merge", () => {
  it("unites and intersects as pycocotools does", () => {
    expect(merge(json.rle.slice(3)).counts).toBe(json.merge_union_345);
    expect(merge(json.rle.slice(3, 5), { intersect: true }).counts).toBe(json.merge_intersect_34);
  });

  it("returns a single mask as it is, and an empty one for none", () => {
    expect(merge([json.rle[2]])).toEqual(json.rle[2]);
    expect(merge([])).toEqual({ size: [0, 0], counts: "" });
    expect(decode(merge([]))).toHaveLength(0);
  });

  it("rejects masks of different sizes", () => {
    const other = encode(new Uint8Array(6), [2, 3]);
    expect(() => merge([json.rle[0], other])).toThrow(MaskSizeMismatchError);
  });
});

describe("polygons", () => {
  const size = [600, 800] as const;

  it.each(json.polygons_600x800.map((polygon, i) => [i, polygon] as const))(
    "rasterise as in pycocotools, case %i",
    (_, { polygons, rles, merged, area: pixelsSet, bbox }) => {
      const parts = fromPolygons(polygons, size);
      expect(parts.map(({ counts }) => counts)).toEqual(rles);
      expect(merge(parts).counts).toBe(merged);
      expect(area(merge(parts))).toBe(pixelsSet);
      expect(toBbox(merge(parts))).toEqual(bbox);
      expect(encode(rasterizePolygons(polygons, size), size).counts).toBe(merged);
    },
  );

  it("rasterise boxes, inside and across the border", () => {
    const { xywh, rles } = json.frPyObjects_bbox;
    expect(xywh.map((bbox) => fromBbox(bbox, size).counts)).toEqual(rles);
  });

  it("cover a pixel when its centre is inside, by the five-fold subpixel grid", () => {
    const squares = fromPolygons(
      [
        [0.5, 0.5, 3.5, 0.5, 3.5, 3.5, 0.5, 3.5],
        [1, 1, 3, 1, 3, 3, 1, 3],
      ],
      [5, 5],
    );
    expect(squares.map(area)).toEqual([9, 4]);
  });

  it("give an empty mask for a polygon of one repeated point", () => {
    expect(area(fromPolygons([[3, 3, 3, 3, 3, 3]], [5, 5])[0])).toBe(0);
    expect(rasterizePolygons([], [2, 2])).toEqual(new Uint8Array(4));
  });

  it.each([
    ["too few corners", [0, 0, 1, 1]],
    ["an odd number of coordinates", [0, 0, 1, 1, 2, 0, 3]],
    ["NaN", [0, 0, NaN, 1, 2, 0]],
    ["infinity", [0, 0, Infinity, 1, 2, 0]],
    ["corners far beyond any image", [0, 0, 1e12, 1, 2, 0]],
  ])("are rejected for %s", (_, polygon) => {
    expect(() => fromPolygons([polygon], [10, 10])).toThrow(InvalidPolygonError);
  });
});
