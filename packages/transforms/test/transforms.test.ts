import { loadGolden } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import {
  BlendTransform,
  CropTransform,
  ExtentTransform,
  HFlipTransform,
  ImageShapeError,
  NotInvertibleError,
  PadTransform,
  RotationTransform,
  TransformList,
  VFlipTransform,
  type Transform,
} from "../src/index.ts";

type Point = [number, number];
type Box = [number, number, number, number];
const golden = loadGolden<{
  cases: { name: string; coords: Point[]; boxes: Box[] }[];
  coords_in: Point[];
  boxes_in: Box[];
}>(new URL("./golden/augmentations", import.meta.url));
const { cases, coords_in: coordsIn, boxes_in: boxesIn } = golden.json;
const recorded = golden.uint8("image");
const image = ndarray(recorded.data, [...recorded.shape]);
const [height, width] = image.shape;
const size = { height, width };

const transforms: Record<string, Transform> = {
  hflip: new HFlipTransform(width),
  vflip: new VFlipTransform(height),
  crop: new CropTransform({ x0: 7, y0: 5, width: 40, height: 30 }),
  pad: new PadTransform({ x0: 3, y0: 4, x1: 5, y1: 6, padValue: 128 }),
  blend: new BlendTransform({ srcImage: 98.08539496527777, srcWeight: -0.3, dstWeight: 1.3 }),
  extent: new ExtentTransform({ srcRect: [5, 3, 50, 40], outputSize: [30, 36] }),
  rotate30: new RotationTransform({ ...size, angle: 30 }),
  rotate90_noexpand: new RotationTransform({ ...size, angle: 90, expand: false }),
};

describe.each(cases)("the recorded $name", ({ name, coords, boxes }) => {
  const transform = transforms[name];

  it("gives the recorded image to the byte", () => {
    const result = transform.applyImage(image);
    const expected = golden.uint8(`${name}.image`);
    expect(result.shape).toEqual(expected.shape);
    expect(result.data).toEqual(expected.data);
  });

  it("moves points and boxes to the recorded places", () => {
    const points = ndarray(Float64Array.from(coordsIn.flat()), [coordsIn.length, 2]);
    expect(transform.applyCoords(points)).toBeAllclose(coords, { atol: 1e-13, rtol: 1e-15 });
    const rectangles = ndarray(Float64Array.from(boxesIn.flat()), [boxesIn.length, 4]);
    expect(transform.applyBox(rectangles)).toBeAllclose(boxes, { atol: 1e-13, rtol: 1e-15 });
  });
});

/** Row r, column c holds 10·r + c. */
const numbered = ndarray(
  Float32Array.from({ length: 12 }, (_, i) => 10 * Math.trunc(i / 4) + (i % 4)),
  [3, 4],
);

describe("TransformList", () => {
  it("flattens lists and applies its parts in order", () => {
    const flip = new HFlipTransform(4);
    const crop = new CropTransform({ x0: 1, y0: 0, width: 2, height: 3 });
    const list = new TransformList([flip]).concat(new TransformList([crop]));
    expect(list.transforms).toEqual([flip, crop]);
    expect([...list.applyImage(numbered).data]).toEqual([2, 1, 12, 11, 22, 21]);
    expect([...list.applySegmentation(numbered).data]).toEqual([2, 1, 12, 11, 22, 21]);
    expect([...list.applyCoords(ndarray(Float64Array.of(0, 3), [1, 2])).data]).toEqual([3, 3]);
    const [polygon] = list.applyPolygons([Float64Array.of(0, 0, 2, 0, 2, 2)]);
    expect(area(polygon)).toBe(1.5);
  });

  it("is undone by its inverse", () => {
    const list = new TransformList([
      new PadTransform({ x0: 1, y0: 2, x1: 3, y1: 4, originalWidth: 4, originalHeight: 3 }),
      new VFlipTransform(9),
    ]);
    expect(list.inverse().applyImage(list.applyImage(numbered)).data).toEqual(numbered.data);
    const points = ndarray(Float64Array.of(1, 2, 3, 4), [2, 2]);
    expect(list.inverse().applyCoords(list.applyCoords(points)).data).toEqual(points.data);
  });

  it("without parts changes nothing", () => {
    const list = new TransformList([]);
    expect(list.applyImage(numbered)).toBe(numbered);
    expect(list.inverse().transforms).toEqual([]);
  });
});

/** Signless area. */
function area(polygon: Float64Array): number {
  let doubled = 0;
  for (let i = 0; i < polygon.length; i += 2) {
    const next = (i + 2) % polygon.length;
    doubled += polygon[i] * polygon[next + 1] - polygon[next] * polygon[i + 1];
  }
  return Math.abs(doubled) / 2;
}

describe("CropTransform", () => {
  const crop = new CropTransform({ x0: 2, y0: 2, width: 6, height: 4 });

  it("keeps polygons inside, drops those outside or touching, and cuts the others", () => {
    const inside = Float64Array.of(3, 3, 5, 3, 5, 5);
    expect(crop.applyPolygons([inside])).toEqual([Float64Array.of(1, 1, 3, 1, 3, 3)]);
    expect(crop.applyPolygons([Float64Array.of(0, 0, 2, 0, 2, 9, 0, 9)])).toEqual([]);
    const [cut, ...others] = crop.applyPolygons([Float64Array.of(0, 0, 10, 0, 10, 10, 0, 10)]);
    expect(others).toEqual([]);
    expect(area(cut)).toBe(24);
    expect([Math.min(...cut), Math.max(...cut)]).toEqual([0, 6]);
  });

  it("divides a polygon whose connection lies outside", () => {
    // A comb: a bar above the rectangle and two teeth that reach into it.
    const comb = Float64Array.of(0, 0, 10, 0, 10, 5, 6, 5, 6, 1, 4, 1, 4, 5, 0, 5);
    const parts = crop.applyPolygons([comb]);
    expect(parts.map(area)).toEqual([6, 6]);
    expect(parts.map((part) => Math.min(...part.filter((_, i) => i % 2 === 0))).sort()).toEqual([
      0, 4,
    ]);
  });

  it("keeps the even-odd inside of an outline that crosses itself", () => {
    const bowTie = Float64Array.of(0, 3, 9, 5, 9, 3, 0, 5);
    const total = crop.applyPolygons([bowTie]).reduce((sum, part) => sum + area(part), 0);
    expect(total).toBeGreaterThan(0);
  });

  it("leaves out what reaches beyond the image", () => {
    const wide = new CropTransform({ x0: 2, y0: 1, width: 10, height: 10 });
    expect(wide.applyImage(numbered).shape).toEqual([2, 2]);
    expect([...wide.applyImage(numbered).data]).toEqual([12, 13, 22, 23]);
  });

  it("comes back by padding, if it knows the original's size", () => {
    expect(() => crop.inverse()).toThrow(NotInvertibleError);
    const known = new CropTransform({
      x0: 1,
      y0: 1,
      width: 2,
      height: 1,
      originalWidth: 4,
      originalHeight: 3,
    });
    const back = known.inverse().applyImage(known.applyImage(numbered));
    expect(back.shape).toEqual([3, 4]);
    expect([...back.data]).toEqual([0, 0, 0, 0, 0, 11, 12, 0, 0, 0, 0, 0]);
    expect(known.inverse().inverse()).toEqual(known);
  });
});

describe("PadTransform", () => {
  it("gives images and labels paddings of their own", () => {
    const pad = new PadTransform({ x0: 0, y0: 0, x1: 1, y1: 0, padValue: 7, segPadValue: 255 });
    const one = ndarray(Uint8Array.of(1), [1, 1]);
    expect(pad.applyImage(one).data).toEqual(Uint8Array.of(1, 7));
    expect(pad.applySegmentation(one).data).toEqual(Uint8Array.of(1, 255));
    expect(() => pad.inverse()).toThrow(NotInvertibleError);
  });
});

describe("RotationTransform", () => {
  it("by a quarter turn moves labels without mixing them", () => {
    const turn = new RotationTransform({ height: 3, width: 4, angle: 90 });
    const turned = turn.applySegmentation(numbered);
    expect(turned.shape).toEqual([4, 3]);
    expect([...turned.data]).toEqual([3, 13, 23, 2, 12, 22, 1, 11, 21, 0, 10, 20]);
  });

  it("is undone by its inverse when it expands", () => {
    const turn = new RotationTransform({ height: 3, width: 4, angle: 90 });
    const points = ndarray(Float64Array.of(1, 2, 3.5, 0.25), [2, 2]);
    const back = turn.inverse().applyCoords(turn.applyCoords(points));
    expect(back).toBeAllclose(points, { atol: 1e-12 });
    expect(turn.inverse().applyImage(turn.applyImage(numbered)).data).toEqual(numbered.data);
    const cut = new RotationTransform({ height: 3, width: 4, angle: 90, expand: false });
    expect(() => cut.inverse()).toThrow(NotInvertibleError);
  });

  it("by a full turn changes nothing", () => {
    const turn = new RotationTransform({ height: 3, width: 4, angle: 360 });
    expect(turn.applyImage(numbered)).toBe(numbered);
  });
});

describe("ExtentTransform", () => {
  it("copies the nearest label, and 0 outside the image", () => {
    const extent = new ExtentTransform({ srcRect: [-1, 1, 3, 3], outputSize: [2, 4] });
    expect([...extent.applySegmentation(numbered).data]).toEqual([0, 10, 11, 12, 0, 20, 21, 22]);
    expect(() => extent.inverse()).toThrow(NotInvertibleError);
  });
});

describe("BlendTransform", () => {
  it("adds a color or a gray picture, channel by channel", () => {
    const pixels = ndarray(Uint8Array.of(10, 20, 30, 200, 210, 250), [1, 2, 3]);
    const tint = new BlendTransform({ srcImage: [1, -15, 30.6], srcWeight: 1, dstWeight: 1 });
    expect(tint.applyImage(pixels).data).toEqual(Uint8Array.of(11, 5, 60, 201, 195, 255));
    const gray = ndarray(Float64Array.of(100, 0), [1, 2]);
    const half = new BlendTransform({ srcImage: gray, srcWeight: 0.5, dstWeight: 0.5 });
    expect(half.applyImage(pixels).data).toEqual(Uint8Array.of(55, 60, 65, 100, 105, 125));
    expect(() => half.applyImage(image)).toThrow(ImageShapeError);
    expect(() => tint.applyImage(numbered)).toThrow(ImageShapeError);
  });
});
