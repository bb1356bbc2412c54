import "@detectron-ts/runtime";
import { StructureShapeError } from "@detectron-ts/structures";
import { tensor } from "@detectron-ts/tensor";
import { loadGolden } from "@detectron-ts/testing";
import ndarray, { type NdArray } from "ndarray";
import { describe, expect, it } from "vitest";

import { Box2BoxTransformLinear, denseBoxRegressionLoss } from "../src/index.ts";

interface Box2BoxJson {
  cases: { i: number; normalize_by_size?: boolean; kind: string }[];
}

const golden = loadGolden<Box2BoxJson>(new URL("./golden/box2box", import.meta.url));
const cases = golden.json.cases.filter(({ kind }) => kind === "Box2BoxTransformLinear");

const array = (name: string) => {
  const { data, shape } = golden.float32(name);
  return ndarray(data, [...shape]);
};
const lazy = ({ data, shape }: NdArray<Float32Array>) => tensor(data, { shape });
const boxes = (...rows: number[][]) => ndarray(Float32Array.from(rows.flat()), [rows.length, 4]);
const exactly = { rtol: 0, atol: 0 };

describe.each(cases)(
  "Box2BoxTransformLinear, normalised by size: $normalize_by_size",
  ({ i, normalize_by_size: normalizeBySize }) => {
    const transform = new Box2BoxTransformLinear({ normalizeBySize });
    const [sources, targets] = [array(`lin.${i}.src`), array(`lin.${i}.target`)];
    const predicted = array(`lin.${i}.deltas`);

    it("encodes and decodes arrays as detectron2 does, to the last bit", () => {
      const deltas = golden.float32(`lin.${i}.get_deltas`);
      expect(transform.getDeltas(sources, targets)).toBeAllclose(deltas, exactly);
      const decoded = golden.float32(`lin.${i}.apply_deltas`);
      expect(transform.applyDeltas(predicted, sources)).toBeAllclose(decoded, exactly);
    });

    it("encodes and decodes lazy tensors as detectron2 does", async () => {
      const deltas = transform.getDeltas(lazy(sources), lazy(targets));
      expect(await deltas.toNdarray()).toBeAllclose(golden.float32(`lin.${i}.get_deltas`));
      const decoded = transform.applyDeltas(lazy(predicted), lazy(sources));
      expect(await decoded.toNdarray()).toBeAllclose(golden.float32(`lin.${i}.apply_deltas`));
    });
  },
);

describe("Box2BoxTransformLinear", () => {
  const transform = new Box2BoxTransformLinear();

  it("takes negative distances for 0, in each group", async () => {
    const deltas = ndarray(Float32Array.of(-1, 1, 1, -1, 1, 1, 1, 1), [1, 8]);
    const source = boxes([10, 20, 14, 24]);
    const wanted = [12, 18, 16, 22, 8, 18, 16, 26];
    expect([...transform.applyDeltas(deltas, source).data]).toEqual(wanted);
    const decoded = transform.applyDeltas(lazy(deltas), lazy(source));
    expect([...(await decoded.data())]).toEqual(wanted);
  });

  it("takes zero boxes", async () => {
    const none = ndarray(new Float32Array(0), [0, 4]);
    expect(transform.getDeltas(none, none).shape).toEqual([0, 4]);
    expect(transform.applyDeltas(none, none).shape).toEqual([0, 4]);
    expect((await transform.getDeltas(lazy(none), lazy(none)).toNdarray()).shape).toEqual([0, 4]);
    expect((await transform.applyDeltas(lazy(none), lazy(none)).toNdarray()).shape).toEqual([0, 4]);
  });

  it("refuses shapes that do not fit, and an array with a tensor", () => {
    const box = boxes([0, 0, 1, 1]);
    expect(() => transform.getDeltas(box, boxes([0, 0, 1, 1], [0, 0, 2, 2]))).toThrow(
      StructureShapeError,
    );
    const five = ndarray(new Float32Array(5), [1, 5]);
    expect(() => transform.applyDeltas(five, box)).toThrow(StructureShapeError);
    // @ts-expect-error: one of each
    expect(() => transform.applyDeltas(box, lazy(box))).toThrow(TypeError);
  });

  it("gives the boxes of which the dense loss is 0", async () => {
    const anchors = boxes([0, 0, 8, 8], [8, 0, 16, 8]);
    const targets = boxes([-4, -6, 10, 12], [0, 0, 20, 30]);
    const loss = denseBoxRegressionLoss({
      anchors,
      box2boxTransform: transform,
      predAnchorDeltas: [lazy(transform.getDeltas(anchors, targets)).unsqueeze(0)],
      gtBoxes: [targets],
      fgMask: ndarray(Uint8Array.of(1, 1), [1, 2]),
      boxRegLossType: "giou",
    });
    expect(await loss.item()).toBeAllclose(0, { atol: 1e-6 });
  });
});
