import "@detectron-ts/runtime";
import { BoxKindError, StructureShapeError } from "@detectron-ts/structures";
import { tensor } from "@detectron-ts/tensor";
import { loadGolden } from "@detectron-ts/testing";
import ndarray, { type NdArray } from "ndarray";
import { describe, expect, it } from "vitest";

import {
  Box2BoxTransformRotated,
  DegenerateBoxError,
  denseBoxRegressionLoss,
  type RotatedBoxWeights,
} from "../src/index.ts";

interface Box2BoxJson {
  cases: { i: number; weights?: number[]; kind: string }[];
}

const golden = loadGolden<Box2BoxJson>(new URL("./golden/box2box", import.meta.url));
const cases = golden.json.cases.filter(({ kind }) => kind.startsWith("Box2BoxTransformRotated"));

/** A few units in the last place: exp and log of different libraries may round differently. */
const closely = { rtol: 5e-7, atol: 5e-7 };

const array = (name: string) => {
  const { data, shape } = golden.float32(name);
  return ndarray(data, [...shape]);
};
const lazy = ({ data, shape }: NdArray<Float32Array>) => tensor(data, { shape });
const boxes = (...rows: number[][]) => ndarray(Float32Array.from(rows.flat()), [rows.length, 5]);
const transform = new Box2BoxTransformRotated({ weights: [10, 10, 5, 5, 1] });

describe("Box2BoxTransformRotated", () => {
  it.each(cases)("encodes and decodes as detectron2 does, weights $weights", ({ i, weights }) => {
    const recorded = new Box2BoxTransformRotated({
      weights: weights as unknown as RotatedBoxWeights,
    });
    const deltas = recorded.getDeltas(array(`rot.${i}.src`), array(`rot.${i}.target`));
    expect(deltas).toBeAllclose(golden.float32(`rot.${i}.get_deltas`), closely);
    const decoded = recorded.applyDeltas(array(`rot.${i}.deltas`), array(`rot.${i}.src`));
    const expected = golden.float32(`rot.${i}.apply_deltas`);
    expect(decoded).toBeAllclose(expected, { rtol: 5e-7, atol: 4e-5 });
  });

  it.each(cases)("does the same on lazy tensors, weights $weights", async ({ i, weights }) => {
    const recorded = new Box2BoxTransformRotated({
      weights: weights as unknown as RotatedBoxWeights,
    });
    const deltas = recorded.getDeltas(lazy(array(`rot.${i}.src`)), lazy(array(`rot.${i}.target`)));
    expect(await deltas.toNdarray()).toBeAllclose(golden.float32(`rot.${i}.get_deltas`), {
      atol: 2e-6,
    });
    const decoded = recorded.applyDeltas(
      lazy(array(`rot.${i}.deltas`)),
      lazy(array(`rot.${i}.src`)),
    );
    expect(await decoded.toNdarray()).toBeAllclose(golden.float32(`rot.${i}.apply_deltas`), {
      atol: 1e-4,
    });
  });

  it("decodes what it encoded", () => {
    const [source, target] = [array("rot.1.src"), array("rot.1.target")];
    const decoded = transform.applyDeltas(transform.getDeltas(source, target), source);
    for (let row = 0; row < decoded.shape[0]; row++) {
      for (let i = 0; i < 4; i++) expect(decoded.get(row, i)).toBeCloseTo(target.get(row, i), 3);
      const circles = (decoded.get(row, 4) - target.get(row, 4)) / 360;
      expect(circles).toBeCloseTo(Math.round(circles), 5);
    }
  });

  it("turns the short way around, and keeps angles within half a circle either way", () => {
    const plain = new Box2BoxTransformRotated({ weights: [1, 1, 1, 1, 1] });
    const source = boxes([0, 0, 2, 2, 170], [0, 0, 2, 2, -170], [0, 0, 2, 2, 0]);
    const target = boxes([0, 0, 2, 2, -170], [0, 0, 2, 2, 170], [0, 0, 2, 2, 540]);
    const deltas = plain.getDeltas(source, target);
    const turns = [0, 1, 2].map((row) => (deltas.get(row, 4) * 180) / Math.PI);
    expect(turns).toBeAllclose([20, -20, -180], { atol: 1e-4 });
    const decoded = plain.applyDeltas(deltas, source);
    const angles = [0, 1, 2].map((row) => decoded.get(row, 4));
    expect(angles).toBeAllclose([-170, 170, -180], { atol: 1e-4 });
  });

  it("limits growth to the clamp", () => {
    const tight = new Box2BoxTransformRotated({
      weights: [1, 1, 1, 1, 1],
      scaleClamp: Math.log(2),
    });
    const grown = tight.applyDeltas(boxes([0, 0, 99, -1, 0]), boxes([8, 8, 16, 16, 30]));
    expect(grown).toBeAllclose(boxes([8, 8, 32, 16 / Math.E, 30]), { atol: 1e-5 });
  });

  it("takes zero boxes, refuses boxes without width and arrays of other shapes", () => {
    const none = boxes();
    expect(transform.getDeltas(none, none).shape).toEqual([0, 5]);
    const classes = ndarray(new Float32Array(0), [0, 35]);
    expect(transform.applyDeltas(classes, none).shape).toEqual([0, 35]);
    const box = boxes([1, 1, 2, 2, 0]);
    const flat = boxes([1, 1, 2, 2, 0], [1, 1, 0, 2, 0]);
    expect(() => transform.getDeltas(flat, flat)).toThrow(
      expect.objectContaining({ name: "DegenerateBoxError", row: 1, width: 0 }),
    );
    expect(() => transform.getDeltas(boxes([1, 1, -2, 2, 0]), box)).toThrow(DegenerateBoxError);
    const four = ndarray(new Float32Array(4), [1, 4]);
    expect(() => transform.getDeltas(four, four)).toThrow(StructureShapeError);
    expect(() => transform.applyDeltas(four, box)).toThrow(StructureShapeError);
  });
});

describe("denseBoxRegressionLoss of rotated boxes", () => {
  const anchors = boxes([10, 10, 20, 8, 30], [40, 10, 20, 8, -30], [10, 40, 8, 20, 0]);
  const gtBoxes = [boxes([12, 9, 18, 9, 50], [NaN, 0, 0, 0, 0], [9, 41, 10, 18, -10])];
  const fgMask = ndarray(Uint8Array.of(1, 0, 1), [1, 3]);
  const predicted = tensor(
    Float32Array.from({ length: 15 }, (_, i) => Math.sin(i)),
    {
      shape: [1, 3, 5],
    },
  );

  it("sums smooth L1 of positive anchors' five deltas", async () => {
    const loss = denseBoxRegressionLoss({
      anchors,
      box2boxTransform: transform,
      predAnchorDeltas: [predicted],
      gtBoxes,
      fgMask,
    });
    let expected = 0;
    for (const row of [0, 2]) {
      const one = (rows: NdArray<Float32Array>) =>
        boxes(Array.from({ length: 5 }, (_, i) => rows.get(row, i)));
      const { data } = transform.getDeltas(one(anchors), one(gtBoxes[0]));
      data.forEach((value, i) => (expected += Math.abs(Math.sin(5 * row + i) - value)));
    }
    expect(await loss.item()).toBeAllclose(expected, { rtol: 1e-5 });
  });

  it("is not that of overlaps, which only upright boxes have", () => {
    expect(() =>
      denseBoxRegressionLoss({
        anchors,
        box2boxTransform: transform,
        predAnchorDeltas: [predicted],
        gtBoxes,
        fgMask,
        boxRegLossType: "giou",
      }),
    ).toThrow(BoxKindError);
  });
});
