import { StructureShapeError } from "@detectron-ts/structures";
import { loadGolden } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import {
  Box2BoxTransform,
  DEFAULT_SCALE_CLAMP,
  DegenerateBoxError,
  type BoxWeights,
} from "../src/index.ts";

interface Box2BoxJson {
  cases: { i: number; weights?: number[]; kind: string }[];
}

const golden = loadGolden<Box2BoxJson>(new URL("./golden/box2box", import.meta.url));
const cases = golden.json.cases.filter(({ kind }) => kind.startsWith("Box2BoxTransform;"));

/** A few units in the last place: exp and log of different libraries may round differently. */
const closely = { rtol: 5e-7, atol: 5e-7 };

const array = (name: string) => {
  const { data, shape } = golden.float32(name);
  return ndarray(data, [...shape]);
};
const boxes = (...rows: number[][]) => ndarray(Float32Array.from(rows.flat()), [rows.length, 4]);

describe("Box2BoxTransform on arrays", () => {
  it.each(cases)("encodes and decodes as detectron2 does, weights $weights", ({ i, weights }) => {
    const transform = new Box2BoxTransform({ weights: weights as unknown as BoxWeights });
    const deltas = transform.getDeltas(array(`${i}.src`), array(`${i}.target`));
    expect(deltas).toBeAllclose(golden.float32(`${i}.get_deltas`), closely);
    const decoded = transform.applyDeltas(array(`${i}.deltas`), array(`${i}.src`));
    expect(decoded).toBeAllclose(golden.float32(`${i}.apply_deltas`), { rtol: 5e-7, atol: 1e-5 });
  });

  it("decodes what it encoded", () => {
    const transform = new Box2BoxTransform({ weights: [10, 10, 5, 5] });
    const deltas = transform.getDeltas(array("1.src"), array("1.target"));
    expect(transform.applyDeltas(deltas, array("1.src"))).toBeAllclose(array("1.target"), {
      rtol: 1e-5,
      atol: 1e-4,
    });
  });

  it("limits growth to the clamp, and shrinking not at all", () => {
    const transform = new Box2BoxTransform({ weights: [1, 1, 1, 1] });
    const grown = transform.applyDeltas(boxes([0, 0, 99, -99]), boxes([0, 0, 16, 16]));
    expect(grown).toBeAllclose(boxes([-492, 8, 508, 8]), { atol: 1e-3 });
    expect(DEFAULT_SCALE_CLAMP).toBe(4.135166556742356);
    const tighter = new Box2BoxTransform({ weights: [1, 1, 1, 1], scaleClamp: Math.log(2) });
    expect(tighter.applyDeltas(boxes([0, 0, 99, 0]), boxes([0, 0, 16, 16]))).toBeAllclose(
      boxes([-8, 0, 24, 16]),
    );
  });

  it("decodes one box in place of another, without a copy", () => {
    const transform = new Box2BoxTransform({ weights: [10, 10, 5, 5] });
    const out = array("1.deltas").data.slice();
    const source = array("1.src").data;
    for (let start = 0; start < out.length; start += 4) {
      transform.applyDeltasInto(out, start, source, 4 * Math.floor(start / 12), out, start);
    }
    expect(out).toEqual(transform.applyDeltas(array("1.deltas"), array("1.src")).data);
  });

  it("reads arrays of any layout", () => {
    const transform = new Box2BoxTransform({ weights: [1, 1, 1, 1] });
    const sideways = ndarray(Float32Array.of(0, 2, 0, 2, 4, 8, 4, 8), [2, 4], [1, 2]);
    expect(transform.getDeltas(sideways, sideways)).toBeAllclose([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("takes zero boxes", () => {
    const transform = new Box2BoxTransform({ weights: [1, 1, 1, 1] });
    const none = ndarray(new Float32Array(0), [0, 4]);
    expect(transform.getDeltas(none, none).shape).toEqual([0, 4]);
    const classes = ndarray(new Float32Array(0), [0, 320]);
    expect(transform.applyDeltas(classes, none).shape).toEqual([0, 320]);
  });

  it("refuses source boxes without width and arrays that do not fit", () => {
    const transform = new Box2BoxTransform({ weights: [1, 1, 1, 1] });
    const box = boxes([0, 0, 1, 1]);
    expect(() =>
      transform.getDeltas(boxes([0, 0, 1, 1], [2, 0, 2, 1]), boxes([0, 0, 1, 1], [0, 0, 1, 1])),
    ).toThrow(expect.objectContaining({ name: "DegenerateBoxError", row: 1, width: 0 }));
    expect(() => transform.getDeltas(boxes([3, 0, 2, 1]), box)).toThrow(DegenerateBoxError);
    expect(() => transform.getDeltas(box, boxes([0, 0, 1, 1], [0, 0, 1, 1]))).toThrow(
      StructureShapeError,
    );
    const five = ndarray(new Float32Array(5), [1, 5]);
    expect(() => transform.applyDeltas(five, box)).toThrow(StructureShapeError);
    expect(() => transform.applyDeltas(box, five)).toThrow(StructureShapeError);
  });
});
