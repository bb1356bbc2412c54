import ndarray from "ndarray";
import { describe, expect, it } from "vitest";
import { loadGolden } from "@detectron-ts/testing";

import {
  ImageShapeError,
  resizeBilinear,
  resizeNearest,
  ResizeShortestEdge,
  ResizeTransform,
  TransformOptionError,
} from "../src/index.ts";

interface ResizeCase {
  i: number;
  short_edge: number;
  max_size: number;
  new_hw: [number, number];
  coords_in: [number, number][];
  coords_out: [number, number][];
  boxes_out: [number, number, number, number][];
}

const golden = loadGolden<{
  cases: ResizeCase[];
  boxes_in: [number, number, number, number][];
}>(new URL("./golden/resize", import.meta.url));
const { cases, boxes_in: boxesIn } = golden.json;

/** The recorded input and the transform that the recorded rule picks for it. */
function recorded({ i, short_edge: shortEdgeLength, max_size: maxSize }: ResizeCase) {
  const { data, shape } = golden.uint8(`${i}.input`);
  const image = ndarray(data, [...shape]);
  const transform = new ResizeShortestEdge({ shortEdgeLength, maxSize }).getTransform(image);
  return { image, transform };
}

/** Shape and data alone, of an ndarray or of a recorded tensor. */
function contents({ shape, data }: { shape: readonly number[]; data: ArrayBufferView }) {
  return { shape, data };
}

describe.each(cases)("recorded case $i, short edge $short_edge to $new_hw", (recordedCase) => {
  const { i, new_hw: newSize, coords_in: coordsIn, coords_out: coordsOut } = recordedCase;
  const { image, transform } = recorded(recordedCase);

  it("picks the recorded size", () => {
    expect(transform).toMatchObject({ newHeight: newSize[0], newWidth: newSize[1] });
  });

  it("resizes bytes exactly as Pillow", () => {
    expect(contents(transform.applyImage(image))).toEqual(contents(golden.uint8(`${i}.output`)));
  });

  it("resizes labels exactly as Pillow", () => {
    const { data, shape } = golden.uint8(`${i}.segmentation_input`);
    const labels = ndarray(data, [...shape]);
    const expected = golden.uint8(`${i}.segmentation_output`);
    expect(contents(transform.applySegmentation(labels))).toEqual(contents(expected));
    const wide = ndarray(Int32Array.from(data), [...shape]);
    expect(Uint8Array.from(transform.applySegmentation(wide).data)).toEqual(expected.data);
  });

  it("moves coordinates and boxes to the recorded places", () => {
    const coords = ndarray(Float64Array.from(coordsIn.flat()), [coordsIn.length, 2]);
    expect(transform.applyCoords(coords)).toBeAllclose(coordsOut, { atol: 0, rtol: 1e-15 });
    const boxes = ndarray(Float64Array.from(boxesIn.flat()), [boxesIn.length, 4]);
    expect(transform.applyBox(boxes)).toBeAllclose(recordedCase.boxes_out, {
      atol: 0,
      rtol: 1e-15,
    });
  });
});

const floatCases = cases.filter(({ i }) => golden.tensors.has(`${i}.float_output`));
it.each(floatCases)("case $i: floats resize as PyTorch does", (recordedCase) => {
  const { image, transform } = recorded(recordedCase);
  const [height, width] = image.shape;
  // As recorded: float32(first channel) * 0.37 - 20, each step in float32.
  const channel = Float32Array.from({ length: height * width }, (_, pixel) => {
    const value = image.data[pixel * 3];
    return Math.fround(Math.fround(value * Math.fround(0.37)) - 20);
  });
  const resized = transform.applyImage(ndarray(channel, [height, width, 1]));
  expect(resized).toBeAllclose(golden.float32(`${recordedCase.i}.float_output`), {
    atol: 1e-5,
    rtol: 1e-6,
  });
});

describe("resizeBilinear", () => {
  const { image } = recorded(cases[0]);

  it("reads views: a reversed channel order resizes as its packed copy", () => {
    const reversed = image.step(1, 1, -1);
    const expected = resizeBilinear(image, [50, 60]).step(1, 1, -1);
    const actual = resizeBilinear(reversed, [50, 60]);
    expect(actual.stride).toEqual([180, 3, 1]);
    expect(actual).toBeAllclose(expected, { atol: 0, rtol: 0 });
  });

  it("reads crops, whose rows are not adjacent", () => {
    const crop = image.lo(10, 20).hi(30, 40);
    const copy = ndarray(new Uint8Array(30 * 40 * 3), [30, 40, 3]);
    for (let y = 0; y < 30; y++) {
      for (let x = 0; x < 40; x++) {
        for (let c = 0; c < 3; c++) copy.set(y, x, c, image.get(y + 10, x + 20, c));
      }
    }
    expect(resizeBilinear(crop, [17, 53]).data).toEqual(resizeBilinear(copy, [17, 53]).data);
  });

  it("treats an H×W image as one channel", () => {
    const gray = ndarray(Uint8Array.of(0, 100, 200, 50), [2, 2]);
    const resized = resizeBilinear(gray, [2, 4]);
    expect(resized.shape).toEqual([2, 4]);
    expect(resized.data).toEqual(Uint8Array.of(0, 25, 75, 100, 200, 163, 88, 50));
  });

  it("resizes every channel alike, however many there are", () => {
    const [height, width] = image.shape;
    const quad = ndarray(new Uint8Array(height * width * 4), [height, width, 4]);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < 4; c++) quad.set(y, x, c, image.get(y, x, c % 3));
      }
    }
    const colors = resizeBilinear(image, [40, 50]);
    const resized = resizeBilinear(quad, [40, 50]);
    expect(resized.hi(40, 50, 3)).toBeAllclose(colors, { atol: 0, rtol: 0 });
    expect(resized.pick(null, null, 3)).toBeAllclose(colors.pick(null, null, 0), {
      atol: 0,
      rtol: 0,
    });
  });

  it("returns an equal array of the caller's own when the size stays", () => {
    const same = resizeBilinear(image, [image.shape[0], image.shape[1]]);
    expect(same.data).toEqual(image.data);
    expect(same.data.buffer).not.toBe(image.data.buffer);
  });

  it("keeps float64 precision for float64 images", () => {
    const ramp = ndarray(Float64Array.of(0, 1 / 3), [1, 2]);
    expect(resizeBilinear(ramp, [1, 4]).data).toEqual(Float64Array.of(0, 1 / 12, 0.25, 1 / 3));
  });

  it("rejects empty images, other ranks and sizes without pixels", () => {
    const empty = ndarray(new Uint8Array(0), [0, 4, 3]);
    expect(() => resizeBilinear(empty, [2, 2])).toThrow(ImageShapeError);
    expect(() => resizeBilinear(ndarray(new Uint8Array(3), [3]), [2, 2])).toThrow("[3]");
    expect(() => resizeNearest(image, [2, 0])).toThrow(TransformOptionError);
    expect(() => resizeNearest(image, [2, 1.5])).toThrow("Got [2,1.5] for size");
  });
});

describe("ResizeTransform", () => {
  const transform = new ResizeTransform({ height: 72, width: 96, newHeight: 37, newWidth: 49 });

  it("refuses an image of another size than it was made for", () => {
    const image = ndarray(new Uint8Array(12), [2, 2, 3]);
    expect(() => transform.applyImage(image)).toThrow("wanted an image of height 72 and width 96");
  });

  it("is undone by its inverse", () => {
    const points = ndarray(Float64Array.of(10, 20, 96, 72), [2, 2]);
    const back = transform.inverse().applyCoords(transform.applyCoords(points));
    expect(back).toBeAllclose(points, { atol: 1e-12 });
    const labels = ndarray(new Uint8Array(72 * 96).fill(7), [72, 96]);
    const restored = transform.inverse().applySegmentation(transform.applySegmentation(labels));
    expect(restored.data).toEqual(labels.data);
  });

  it("takes no points and no boxes", () => {
    expect(transform.applyCoords(ndarray(new Float32Array(0), [0, 2])).shape).toEqual([0, 2]);
    expect(transform.applyBox(ndarray(new Float32Array(0), [0, 4])).shape).toEqual([0, 4]);
  });

  it("rejects coordinates of another width", () => {
    const triples = ndarray(new Float32Array(3), [1, 3]);
    expect(() => transform.applyCoords(triples)).toThrow("points of shape N×2");
    expect(() => transform.applyBox(triples)).toThrow("boxes of shape N×4");
  });
});
