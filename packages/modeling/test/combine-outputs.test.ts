import { type CombineOptions, combineSemanticAndInstanceOutputs } from "@detectron-ts/modeling";
import { Instances, UnknownFieldError } from "@detectron-ts/structures";
import ndarray, { type NdArray } from "ndarray";
import { describe, expect, it } from "vitest";

const OPTIONS: CombineOptions = {
  overlapThreshold: 0.5,
  stuffAreaThreshold: 1,
  instancesScoreThreshold: 0.5,
};

/** Instances of an image of one row; masks are strings of `#` and anything else. */
function instances(...found: readonly (readonly [mask: string, score: number])[]) {
  const width = found[0]?.[0].length ?? 0;
  const masks = found.flatMap(([mask]) => [...mask].map((pixel) => Number(pixel === "#")));
  return new Instances([1, width], {
    scores: ndarray(Float32Array.from(found, ([, score]) => score)),
    predClasses: ndarray(Int32Array.from(found, (_, row) => 10 + row)),
    predMasks: ndarray(Uint8Array.from(masks), [found.length, 1, width]),
  });
}

/** One digit for each pixel. */
function labels(digits: string): NdArray<Int32Array> {
  return ndarray(Int32Array.from(digits, Number), [1, digits.length]);
}

function combine(
  found: ReturnType<typeof instances>,
  digits: string,
  options: Partial<CombineOptions> = {},
) {
  const combined = combineSemanticAndInstanceOutputs(found, labels(digits), {
    ...OPTIONS,
    ...options,
  });
  return { ...combined, ids: combined.panopticSeg.data.join("") };
}

describe("combineSemanticAndInstanceOutputs", () => {
  it("puts the surest instances on top, and stuff by its label below", () => {
    const found = instances(["###.....", 0.6], ["..####..", 0.9]);
    const { ids, segmentsInfo, panopticSeg } = combine(found, "77777733");
    expect(ids).toBe("22111133");
    expect(panopticSeg.shape).toEqual([1, 8]);
    expect(segmentsInfo).toEqual([
      { id: 1, isThing: true, categoryId: 11, score: Math.fround(0.9), instanceId: 1 },
      { id: 2, isThing: true, categoryId: 10, score: Math.fround(0.6), instanceId: 0 },
      { id: 3, isThing: false, categoryId: 3, area: 2 },
    ]);
  });

  it("takes instances from the threshold of scores on, and of equal ones the first first", () => {
    const found = instances(["##..", 0.5], [".##.", 0.5], ["...#", 0.4999]);
    expect(combine(found, "0000").ids).toBe("1120");
  });

  it("leaves out an instance of which better ones have more than the threshold, and one without pixels", () => {
    const half = instances(["##..", 0.9], [".##.", 0.8]);
    expect(combine(half, "0000").segmentsInfo).toHaveLength(2);
    const more = instances(["##..", 0.9], ["###.", 0.8], ["....", 0.7]);
    expect(combine(more, "0000").segmentsInfo).toHaveLength(1);
    expect(combine(more, "0000", { overlapThreshold: 0.67 }).ids).toBe("1120");
  });

  it("leaves out stuff that has fewer free pixels than the threshold, and label 0, which stands for things", () => {
    const found = instances(["##......", 0.9]);
    const { ids, segmentsInfo } = combine(found, "22200555", { stuffAreaThreshold: 3 });
    expect(ids).toBe("11000222");
    expect(segmentsInfo[1]).toEqual({ id: 2, isThing: false, categoryId: 5, area: 3 });
  });

  it("makes an empty segment of stuff that is covered when no area is too small, as detectron2 does", () => {
    const { segmentsInfo } = combine(instances(["##", 0.9]), "44", { stuffAreaThreshold: 0 });
    expect(segmentsInfo[1]).toEqual({ id: 2, isThing: false, categoryId: 4, area: 0 });
  });

  it("has stuff alone where nothing is found", () => {
    const none = new Instances([1, 3], {
      scores: ndarray(new Float32Array()),
      predClasses: ndarray(new Int32Array()),
      predMasks: ndarray(new Uint8Array(), [0, 1, 3]),
    });
    expect(combine(none, "122").ids).toBe("122");
  });

  it("needs masks", () => {
    const maskless = new Instances([1, 1], {
      scores: ndarray(Float32Array.of(1)),
      predClasses: ndarray(Int32Array.of(0)),
    });
    expect(() => combineSemanticAndInstanceOutputs(maskless, labels("1"), OPTIONS)).toThrow(
      UnknownFieldError,
    );
  });
});
