import ndarray from "ndarray";
import { describe, expect, expectTypeOf, it } from "vitest";

import {
  BitMasks,
  Boxes,
  ImageSizeMismatchError,
  Instances,
  Keypoints,
  LengthMismatchError,
  NoFieldsError,
  PolygonMasks,
  ReservedFieldError,
  RowIndexError,
  UnknownFieldError,
} from "../src/index.ts";

const imageSize = [480, 640] as const;

function example(count: number) {
  return new Instances(imageSize, {
    predBoxes: new Boxes(Array.from({ length: count }, (_, i) => [i, i, i + 10, i + 20])),
    scores: Float32Array.from({ length: count }, (_, i) => 1 - i / 10),
    embeddings: ndarray(
      Float32Array.from({ length: 2 * count }, (_, i) => i),
      [count, 2],
    ),
    names: Array.from({ length: count }, (_, i) => `object ${i}`),
  });
}

describe("fields of instances", () => {
  it("are properties, known to the compiler", () => {
    const instances = example(3);
    expectTypeOf(instances.predBoxes).toEqualTypeOf<Boxes>();
    expectTypeOf(instances.get("names")).toEqualTypeOf<string[]>();
    // @ts-expect-error -- there is no such field
    expect(instances.predMasks).toBeUndefined();
    expect(instances.predBoxes).toBe(instances.get("predBoxes"));
    expect(instances).toHaveLength(3);
    expect(Object.keys(instances.fields())).toEqual(["predBoxes", "scores", "embeddings", "names"]);
  });

  it("can be added, replaced and taken away, in the type too", () => {
    const plain = new Instances(imageSize);
    const scored = plain.set("scores", Float32Array.of(1, 2));
    expect(scored).toBe(plain);
    expectTypeOf(scored.scores).toEqualTypeOf<Float32Array<ArrayBuffer>>();
    const relabelled = scored.set("scores", ["high", "low"]);
    expectTypeOf(relabelled.scores).toEqualTypeOf<string[]>();
    expect(relabelled.scores).toEqual(["high", "low"]);
    expect(relabelled.has("scores")).toBe(true);
    const bare = relabelled.remove("scores");
    // @ts-expect-error -- the field is gone
    expect(bare.scores).toBeUndefined();
    expect(bare.has("scores")).toBe(false);
  });

  it("can be assigned, with the same check of lengths", () => {
    const instances = example(2);
    instances.scores = Float32Array.of(5, 6);
    expect([...instances.get("scores")]).toEqual([5, 6]);
    expect(() => (instances.scores = new Float32Array(3))).toThrow(LengthMismatchError);
  });

  it("must all have as many entries as the first", () => {
    const instances = example(2);
    expect(() => instances.set("predClasses", Int32Array.of(1))).toThrow(LengthMismatchError);
    expect(() => new Instances(imageSize, { a: [1], b: [1, 2] })).toThrow(
      expect.objectContaining({ what: "Field b", got: 2, wanted: 1 }),
    );
  });

  it("cannot hide a member, and must exist to be read", () => {
    const instances: Instances<{ scores?: number[] }> = new Instances(imageSize);
    expect(() => instances.set("length", [1])).toThrow(ReservedFieldError);
    expect(() => instances.set("imageSize", [1])).toThrow(ReservedFieldError);
    expect(() => instances.get("scores")).toThrow(UnknownFieldError);
    expect(() => instances.remove("scores")).toThrow(UnknownFieldError);
  });

  it("decide the number of instances, which without any is not known", () => {
    expect(() => new Instances(imageSize).length).toThrow(NoFieldsError);
    expect(new Instances(imageSize, { scores: [] })).toHaveLength(0);
  });

  it("show up when printed", () => {
    expect(String(example(1))).toBe(
      "Instances(480×640: 1 of predBoxes, scores, embeddings, names)",
    );
    expect(String(new Instances(imageSize))).toBe("Instances(480×640: no fields)");
  });
});

describe("choosing instances", () => {
  it("keeps the kind and the order of every field", () => {
    const chosen = example(4).select([2, 0]);
    expectTypeOf(chosen).toEqualTypeOf(example(1));
    expect(chosen.imageSize).toEqual(imageSize);
    expect([...chosen.predBoxes.data]).toEqual([2, 2, 12, 22, 0, 0, 10, 20]);
    expect(chosen.scores).toEqual(Float32Array.of(0.8, 1));
    expect(chosen.embeddings.shape).toEqual([2, 2]);
    expect([...chosen.embeddings.data]).toEqual([4, 5, 0, 1]);
    expect(chosen.names).toEqual(["object 2", "object 0"]);
  });

  it("takes a number, from the back too, a range or flags", () => {
    expect(example(4).select(1).names).toEqual(["object 1"]);
    expect(example(4).select(-1).names).toEqual(["object 3"]);
    expect(example(4).select({ start: 1, step: 2 }).names).toEqual(["object 1", "object 3"]);
    const keep = example(4).predBoxes.nonempty(15);
    expect(example(4).select(keep)).toHaveLength(0);
    expect(() => example(4).select(4)).toThrow(RowIndexError);
    expect(() => example(4).select([true])).toThrow(LengthMismatchError);
  });

  it("works on every structure with rows", () => {
    const instances = new Instances(imageSize, {
      gtMasks: new BitMasks(ndarray(Uint8Array.of(0, 1), [2, 1, 1])),
      gtPolygons: new PolygonMasks([[[0, 0, 1, 1, 2, 0]], []]),
      gtKeypoints: new Keypoints(ndarray(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 1, 3])),
    });
    const last = instances.select(1);
    expect([...last.gtMasks.tensor.data]).toEqual([1]);
    expect([...last.gtPolygons.nonempty()]).toEqual([0]);
    expect([...last.gtKeypoints.tensor.data]).toEqual([4, 5, 6]);
    const both = Instances.cat([last, instances]);
    expect(both).toHaveLength(3);
    expect([...both.gtMasks.tensor.data]).toEqual([1, 0, 1]);
    expect([...both.gtPolygons.nonempty()]).toEqual([0, 1, 0]);
    expect([...both.gtKeypoints.tensor.data]).toEqual([4, 5, 6, 1, 2, 3, 4, 5, 6]);
  });
});

describe("joining instances", () => {
  it("puts every field's entries one after the other", () => {
    const joined = Instances.cat([example(2), example(0), example(1)]);
    expect(joined.predBoxes).toHaveLength(3);
    expect(joined.scores).toEqual(Float32Array.of(1, 0.9, 1));
    expect([...joined.embeddings.data]).toEqual([0, 1, 2, 3, 0, 1]);
    expect(joined.names).toEqual(["object 0", "object 1", "object 0"]);
  });

  it("gives back the element of a list of one", () => {
    const one = example(2);
    expect(Instances.cat([one])).toBe(one);
  });

  it("takes the fields of the first", () => {
    const first = new Instances(imageSize, { scores: [1] });
    const joined = Instances.cat<{ scores: number[] }>([
      first,
      new Instances(imageSize, { scores: [2], extra: ["x"] }),
    ]);
    expect(joined.fields()).toEqual({ scores: [1, 2] });
  });

  it("refuses nothing, other image sizes, missing fields and other kinds of values", () => {
    const instances = example(1);
    const elsewhere = new Instances([1, 1], instances.fields());
    expect(() => Instances.cat([])).toThrow(ImageSizeMismatchError);
    expect(() => Instances.cat([instances, elsewhere])).toThrow(ImageSizeMismatchError);
    const empty = new Instances<{ scores?: number[] }>(imageSize);
    const listed = new Instances(imageSize, { scores: [1] });
    expect(() => Instances.cat<{ scores?: number[] }>([listed, empty])).toThrow(UnknownFieldError);
    const typed = new Instances(imageSize, { scores: Float32Array.of(1) });
    expect(() => Instances.cat<{ scores: ArrayLike<number> }>([listed, typed])).toThrow(TypeError);
  });
});
