import "@detectron-ts/runtime";
import { StructureShapeError } from "@detectron-ts/structures";
import { cat, tensor } from "@detectron-ts/tensor";
import { loadGolden } from "@detectron-ts/testing";
import ndarray, { type NdArray } from "ndarray";
import { describe, expect, it } from "vitest";

import { Box2BoxTransform, denseBoxRegressionLoss } from "../src/index.ts";

const golden = loadGolden(new URL("./golden/box2box", import.meta.url));

const array = (name: string) => {
  const { data, shape } = golden.float32(name);
  return ndarray(data, [...shape]);
};
const lazy = ({ data, shape }: NdArray<Float32Array>) => tensor(data, { shape });
const rows = (...values: number[][]) =>
  ndarray(Float32Array.from(values.flat()), [values.length, values[0]?.length ?? 4]);

const transform = new Box2BoxTransform({ weights: [10, 10, 5, 5] });

describe("Box2BoxTransform on lazy tensors", () => {
  it("encodes and decodes as detectron2 does", async () => {
    const deltas = transform.getDeltas(lazy(array("1.src")), lazy(array("1.target")));
    expect(await deltas.toNdarray()).toBeAllclose(golden.float32("1.get_deltas"));
    const boxes = transform.applyDeltas(lazy(array("1.deltas")), lazy(array("1.src")));
    expect(await boxes.toNdarray()).toBeAllclose(golden.float32("1.apply_deltas"), { rtol: 1e-5 });
  });

  it("takes zero boxes", async () => {
    const none = tensor(new Float32Array(0), { shape: [0, 4] });
    expect((await transform.getDeltas(none, none).toNdarray()).shape).toEqual([0, 4]);
    const classes = tensor(new Float32Array(0), { shape: [0, 12] });
    expect((await transform.applyDeltas(classes, none).toNdarray()).shape).toEqual([0, 12]);
  });

  it("refuses shapes that do not fit", () => {
    const box = lazy(rows([0, 0, 1, 1]));
    expect(() =>
      transform.applyDeltas(tensor(new Float32Array(5), { shape: [1, 5] }), box),
    ).toThrow(StructureShapeError);
  });
});

describe("denseBoxRegressionLoss", () => {
  // Three anchors, two on the first level and one on the second, for two images.
  const anchors = rows([0, 0, 10, 10], [10, 0, 30, 20], [0, 0, 64, 64]);
  const gtBoxes = [
    rows([1, 1, 12, 9], [NaN, NaN, NaN, NaN], [8, 0, 60, 50]),
    rows([NaN, NaN, NaN, NaN], [12, 2, 30, 26], [NaN, NaN, NaN, NaN]),
  ];
  const fgMask = ndarray(Uint8Array.of(1, 0, 1, 0, 1, 0), [2, 3]);
  const levels = [
    [0.1, 0.2, 0.3, 0.4, 9, 9, 9, 9, 9, 9, 9, 9, -0.1, 0.5, 0.2, -0.3],
    [0.3, -0.6, 0.1, 0.7, 9, 9, 9, 9],
  ];
  const predicted = () => [
    tensor(Float32Array.from(levels[0]), { shape: [2, 2, 4] }),
    tensor(Float32Array.from(levels[1]), { shape: [2, 1, 4] }),
  ];
  const loss = (options: { boxRegLossType?: "giou" | "diou" | "ciou"; smoothL1Beta?: number }) =>
    denseBoxRegressionLoss({
      anchors,
      box2boxTransform: transform,
      predAnchorDeltas: predicted(),
      gtBoxes,
      fgMask,
      ...options,
    });

  const positiveAnchors = rows([0, 0, 10, 10], [0, 0, 64, 64], [10, 0, 30, 20]);
  const positiveTargets = rows([1, 1, 12, 9], [8, 0, 60, 50], [12, 2, 30, 26]);
  const positiveDeltas = rows([0.1, 0.2, 0.3, 0.4], [0.3, -0.6, 0.1, 0.7], [-0.1, 0.5, 0.2, -0.3]);

  it.each([0, 0.5])("sums smooth L1 of positive anchors' deltas, beta %d", async (beta) => {
    const targets = transform.getDeltas(positiveAnchors, positiveTargets).data;
    let expected = 0;
    positiveDeltas.data.forEach((value, i) => {
      const distance = Math.abs(value - targets[i]);
      expected += distance < beta ? (0.5 * distance ** 2) / beta : distance - 0.5 * beta;
    });
    expect(await loss({ smoothL1Beta: beta }).item()).toBeAllclose(expected);
  });

  it("sums the GIoU loss of positive anchors' decoded boxes", async () => {
    const boxes = transform.applyDeltas(positiveDeltas, positiveAnchors).data;
    const targets = positiveTargets.data;
    let expected = 0;
    for (let i = 0; i < boxes.length; i += 4) {
      const [x0, y0, x1, y1] = boxes.subarray(i, i + 4);
      const [u0, v0, u1, v1] = targets.subarray(i, i + 4);
      const overlap =
        Math.max(Math.min(x1, u1) - Math.max(x0, u0), 0) *
        Math.max(Math.min(y1, v1) - Math.max(y0, v0), 0);
      const union = (x1 - x0) * (y1 - y0) + (u1 - u0) * (v1 - v0) - overlap;
      const hull = (Math.max(x1, u1) - Math.min(x0, u0)) * (Math.max(y1, v1) - Math.min(y0, v0));
      expected += 1 - overlap / union + (hull - union) / hull;
    }
    expect(await loss({ boxRegLossType: "giou" }).item()).toBeAllclose(expected);
  });

  it.each(["giou", "diou", "ciou"] as const)("is 0 by %s for boxes that fit", async (type) => {
    const deltas = transform.getDeltas(anchors, positiveTargets);
    const perfect = denseBoxRegressionLoss({
      anchors,
      box2boxTransform: transform,
      predAnchorDeltas: [tensor(deltas.data, { shape: [1, 3, 4] })],
      gtBoxes: [positiveTargets],
      fgMask: ndarray(Uint8Array.of(1, 1, 1), [1, 3]),
      boxRegLossType: type,
    });
    expect(await perfect.item()).toBeAllclose(0, { atol: 1e-5 });
  });

  it("does not read the deltas or targets of other anchors", async () => {
    const others = predicted().map((deltas) => deltas.mul(-1).add(3));
    const [first, second] = predicted();
    const moved = [cat([first.slice(1, 0, 1), others[0].slice(1, 1, 2)], 1), second];
    const onlyFirst = {
      anchors,
      box2boxTransform: transform,
      gtBoxes,
      fgMask: ndarray(Uint8Array.of(1, 0, 1, 0, 0, 0), [2, 3]),
    };
    const before = denseBoxRegressionLoss({ ...onlyFirst, predAnchorDeltas: [first, second] });
    const after = denseBoxRegressionLoss({ ...onlyFirst, predAnchorDeltas: moved });
    expect(await after.item()).toBe(await before.item());
  });

  it("is 0 without a positive anchor", async () => {
    const none = ndarray(new Uint8Array(6), [2, 3]);
    const options = { anchors, box2boxTransform: transform, gtBoxes, fgMask: none };
    for (const boxRegLossType of ["smooth_l1", "giou"] as const) {
      const empty = denseBoxRegressionLoss({
        ...options,
        predAnchorDeltas: predicted(),
        boxRegLossType,
      });
      expect(await empty.item()).toBe(0);
    }
  });

  it("refuses a mask of another shape", () => {
    const short = ndarray(Uint8Array.of(1), [1, 1]);
    expect(() =>
      denseBoxRegressionLoss({
        anchors,
        box2boxTransform: transform,
        predAnchorDeltas: predicted(),
        gtBoxes,
        fgMask: short,
      }),
    ).toThrow(StructureShapeError);
  });
});
