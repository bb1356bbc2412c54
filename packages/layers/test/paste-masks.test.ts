import { loadGolden } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { describe, expect, test } from "vitest";
import { LayerShapeError, pasteMasksInImage } from "../src/index.ts";

interface PasteMasks {
  readonly image_shape: readonly [number, number];
  readonly threshold: number;
}

const golden = loadGolden<PasteMasks>(new URL("./golden/paste_masks", import.meta.url));
const goldenMasks = golden.float32("masks");
const goldenBoxes = golden.float32("boxes");
const masks = ndarray(goldenMasks.data, [...goldenMasks.shape]);
const boxes = ndarray(goldenBoxes.data, [...goldenBoxes.shape]);

function paste(mask: number[], box: number[], size: [number, number], threshold?: number) {
  const side = Math.sqrt(mask.length);
  const pasted = pasteMasksInImage(
    ndarray(Float32Array.from(mask), [1, side, side]),
    ndarray(Float32Array.from(box), [1, 4]),
    size,
    threshold,
  );
  return [...pasted.data];
}

describe("pasteMasksInImage", () => {
  test("pastes the very pixels that detectron2 pastes", () => {
    const { image_shape, threshold } = golden.json;
    const pasted = pasteMasksInImage(masks, boxes, image_shape, threshold);
    expect(pasted.shape).toEqual([12, ...image_shape]);
    expect(pasted.data).toEqual(golden.uint8("pasted").data);
  });

  test("a negative threshold gives detectron2's soft masks", () => {
    const pasted = pasteMasksInImage(masks, boxes, golden.json.image_shape, -1);
    expect(pasted.data).toEqual(golden.uint8("pasted_soft").data);
  });

  test("a full mask fills exactly its box of whole pixels", () => {
    // prettier-ignore
    expect(paste([1, 1, 1, 1], [1, 0, 3, 2], [3, 4])).toEqual([
      0, 1, 1, 0,
      0, 1, 1, 0,
      0, 0, 0, 0,
    ]);
  });

  test("a pixel at exactly the threshold is set", () => {
    // The centre of the pixel lies on the box's edge, halfway between the mask and the zeros around it.
    expect(paste([1], [0.5, 0, 1.5, 1], [1, 2])).toEqual([1, 1]);
    expect(paste([1], [0.5, 0, 1.5, 1], [1, 2], 0.51)).toEqual([0, 0]);
  });

  test("boxes beyond the image, without extent or not finite paste nothing", () => {
    expect(paste([1], [5, 5, 9, 9], [2, 2])).toEqual([0, 0, 0, 0]);
    expect(paste([1], [-9, -9, -5, -5], [2, 2])).toEqual([0, 0, 0, 0]);
    expect(paste([1], [1, 0, 1, 2], [2, 2])).toEqual([0, 0, 0, 0]);
    expect(paste([1], [0.5, 0, 0.5, 2], [2, 2])).toEqual([0, 0, 0, 0]);
    expect(paste([1], [NaN, 0, NaN, 2], [2, 2])).toEqual([0, 0, 0, 0]);
  });

  test("no masks give an empty stack of images", () => {
    const none = pasteMasksInImage(
      ndarray(new Float32Array(0), [0, 28, 28]),
      ndarray(new Float32Array(0), [0, 4]),
      [5, 6],
    );
    expect(none.shape).toEqual([0, 5, 6]);
  });

  test("masks that are not square, and boxes of another count, are refused", () => {
    const box = ndarray(new Float32Array(4), [1, 4]);
    const oblong = ndarray(new Float32Array(6), [1, 2, 3]);
    expect(() => pasteMasksInImage(oblong, box, [4, 4])).toThrow(LayerShapeError);
    const two = ndarray(new Float32Array(8), [2, 2, 2]);
    expect(() => pasteMasksInImage(two, box, [4, 4])).toThrow("wanted [2, 4]");
  });
});
