import { describe, expect, it } from "vitest";

import {
  accumulate,
  averageMetric,
  evaluate,
  EvaluationParamsError,
  formatFixed,
  fromPolygons,
  InvalidEntryError,
  objectKeypointSimilarity,
  Outcome,
  perCategoryAp,
  summarize,
  UnknownImageError,
  type Bbox,
  type CocoAnnotation,
  type CocoDataset,
  type CocoDetection,
} from "../src/index.ts";

/** A dataset of one image and one category. */
function dataset(...objects: readonly (Partial<CocoAnnotation> & { bbox: Bbox })[]): CocoDataset {
  return {
    images: [{ id: 1, height: 200, width: 200 }],
    categories: [{ id: 1, name: "thing" }],
    annotations: objects.map((object, i) => ({
      id: i + 1,
      image_id: 1,
      category_id: 1,
      area: object.bbox[2] * object.bbox[3],
      ...object,
    })),
  };
}

const found = (score: number, bbox: Bbox): CocoDetection => ({
  image_id: 1,
  category_id: 1,
  score,
  bbox,
});

/** What becomes of the detections, by decreasing score, at the threshold 0.5 and for objects of all sizes. */
function outcomes(truth: CocoDataset, ...detections: readonly CocoDetection[]): number[] {
  const { outcomes: all, scores } = evaluate(truth, detections, { iouThrs: [0.5] });
  return [...all.subarray(0, scores.length)];
}

const { FALSE_POSITIVE, TRUE_POSITIVE, IGNORED } = Outcome;
const BOX: Bbox = [10, 10, 100, 100];

describe("matching", () => {
  it("gives an object to the best detection and counts the second as false", () => {
    const truth = dataset({ bbox: BOX });
    expect(outcomes(truth, found(0.5, BOX), found(0.9, [10, 10, 100, 90]))).toEqual([
      TRUE_POSITIVE,
      FALSE_POSITIVE,
    ]);
  });

  it("lets any number of detections fall into a crowd, measured by their own area", () => {
    const truth = dataset({ bbox: [0, 0, 200, 200], iscrowd: 1 });
    const inside: Bbox = [20, 20, 30, 30];
    expect(outcomes(truth, found(0.9, inside), found(0.8, inside))).toEqual([IGNORED, IGNORED]);
  });

  it("counts no detection without a match where objects are not annotated", () => {
    const groundTruth = dataset({ bbox: BOX });
    const elsewhere: Bbox = [150, 150, 40, 40];
    const judge = (imageId: number | string, categoryId: number) =>
      evaluate(groundTruth, [found(0.9, elsewhere), found(0.8, BOX)], {
        iouThrs: [0.5],
        ignoreUnmatched: (image, category) => image === imageId && category === categoryId,
      }).outcomes.subarray(0, 2);
    expect([...judge(1, 1)]).toEqual([IGNORED, TRUE_POSITIVE]);
    expect([...judge(1, 2)]).toEqual([FALSE_POSITIVE, TRUE_POSITIVE]);
  });

  it("prefers an object that counts to a crowd with more overlap", () => {
    const truth = dataset({ bbox: [0, 0, 200, 200], iscrowd: 1 }, { bbox: [10, 10, 100, 80] });
    expect(outcomes(truth, found(0.9, BOX))).toEqual([TRUE_POSITIVE]);
  });

  it("gives the later of two equal objects first", () => {
    const truth = dataset({ bbox: BOX }, { bbox: BOX, id: 0 });
    // As in pycocotools an annotation with id 0 is taken by its match, which does not count.
    expect(outcomes(truth, found(0.9, BOX), found(0.8, BOX))).toEqual([
      FALSE_POSITIVE,
      TRUE_POSITIVE,
    ]);
  });

  it("counts a perfect detection at a threshold of 1", () => {
    const third: Bbox = [0.1, 0.2, 1 / 3, 0.7];
    const { outcomes: all } = evaluate(dataset({ bbox: third }), [found(1, third)], {
      iouThrs: [1],
    });
    expect(all[0]).toBe(TRUE_POSITIVE);
  });

  it("ignores unmatched detections out of the area range, and counts its ends in", () => {
    const truth = dataset({ bbox: [150, 150, 32, 32] });
    const { outcomes: all } = evaluate(truth, [found(1, [0, 0, 32, 32]), found(0.9, BOX)], {
      iouThrs: [0.5],
    });
    const perRange = Array.from({ length: 4 }, (_, a) => [...all.subarray(2 * a, 2 * a + 2)]);
    expect(perRange).toEqual([
      [FALSE_POSITIVE, FALSE_POSITIVE],
      [FALSE_POSITIVE, IGNORED],
      [FALSE_POSITIVE, IGNORED],
      [IGNORED, FALSE_POSITIVE],
    ]);
  });

  it("puts a score that is not a number last", () => {
    const truth = dataset({ bbox: BOX });
    expect(outcomes(truth, found(NaN, BOX), found(0.1, BOX))).toEqual([
      TRUE_POSITIVE,
      FALSE_POSITIVE,
    ]);
  });
});

describe("empty cases", () => {
  it("have no value without ground truth", () => {
    const curves = accumulate(evaluate(dataset(), [found(0.9, BOX)]));
    expect([...summarize(curves).stats]).toEqual(Array(12).fill(-1));
    expect([...perCategoryAp(curves)]).toEqual([NaN]);
  });

  it("find nothing without detections", () => {
    const { stats } = summarize(accumulate(evaluate(dataset({ bbox: BOX }), [])));
    expect([...stats]).toEqual([0, 0, 0, -1, -1, 0, 0, 0, 0, -1, -1, 0]);
  });

  it("have no value in a dataset without annotations, images or categories", () => {
    const nothing: CocoDataset = { images: [], categories: [] };
    for (const iouType of ["bbox", "segm", "keypoints"] as const) {
      const { stats } = summarize(accumulate(evaluate(nothing, [], { iouType })));
      expect(stats.every((value) => value === -1)).toBe(true);
    }
  });

  it("count only crowds as no ground truth", () => {
    const truth = dataset({ bbox: BOX, iscrowd: 1 });
    expect(summarize(accumulate(evaluate(truth, [found(1, BOX)]))).stats[0]).toBe(-1);
  });
});

describe("averages of some categories", () => {
  it("leave out the others, and those without ground truth", () => {
    const groundTruth: CocoDataset = {
      ...dataset({ bbox: BOX }, { bbox: BOX, category_id: 2 }),
      categories: [1, 2, 3].map((id) => ({ id, name: `class ${id}` })),
    };
    const curves = accumulate(evaluate(groundTruth, [found(0.9, BOX)]));
    expect(averageMetric(curves, "AP")).toBeCloseTo(0.5, 12);
    expect(averageMetric(curves, "AP", { catIds: [1, 3] })).toBeCloseTo(1, 12);
    expect(averageMetric(curves, "AP", { catIds: [2], iouThr: 0.5 })).toBe(0);
    expect(averageMetric(curves, "AP", { catIds: [3] })).toBe(-1);
    expect(averageMetric(curves, "AR", { catIds: [1], areaRng: "large", maxDets: 1 })).toBe(1);
    expect(averageMetric(curves, "AP", { areaRng: "huge" })).toBe(-1);
  });
});

describe("fixed-point numbers", () => {
  it("round ties to the even digit, as Python prints them", () => {
    const printed = [0.125, 0.375, -0.125, 0.135, 2, 0.0049].map((value) => formatFixed(value, 2));
    expect(printed).toEqual(["0.12", "0.38", "-0.12", "0.14", "2.00", "0.00"]);
    expect(formatFixed(0.0625, 3)).toBe("0.062");
    expect(formatFixed(-1, 3)).toBe("-1.000");
    expect(formatFixed(NaN, 3)).toBe("NaN");
  });
});

describe("boxes of results", () => {
  it("come from the masks, in results that have none", () => {
    const truth = dataset({ bbox: [2, 2, 4, 4] });
    const [segmentation] = fromPolygons([[2, 2, 6, 2, 6, 6, 2, 6]], [200, 200]);
    const detection = { image_id: 1, category_id: 1, score: 1, segmentation };
    expect(outcomes(truth, detection)).toEqual([TRUE_POSITIVE]);
  });
});

describe("similarity of keypoints", () => {
  const keypoints = [10, 10, 2, 20, 20, 1];
  const sigmas = [0.1, 0.1];

  it("is 1 for the very keypoints and falls with the distance", () => {
    const object = { bbox: [0, 0, 30, 30], area: 900, keypoints } as const;
    expect(objectKeypointSimilarity(keypoints, object, sigmas)).toBe(1);
    const moved = [13, 14, 1, 20, 20, 1];
    const expected = (Math.exp(-25 / (2 * 900 * 0.2 ** 2)) + 1) / 2;
    expect(objectKeypointSimilarity(moved, object, sigmas)).toBeCloseTo(expected, 12);
  });

  it("without labelled keypoints is the distance to the box, doubled in size", () => {
    const object = { bbox: [40, 40, 10, 10], area: 100, keypoints: [0, 0, 0, 0, 0, 0] } as const;
    expect(objectKeypointSimilarity([30, 60, 1, 45, 45, 1], object, sigmas)).toBe(1);
    expect(objectKeypointSimilarity([27, 45, 1, 45, 45, 1], object, sigmas)).toBeLessThan(1);
  });

  it("ignores objects without labelled keypoints in the average", () => {
    const truth = dataset({ bbox: BOX, keypoints: [0, 0, 0, 0, 0, 0], num_keypoints: 0 });
    const detection = { ...found(1, BOX), keypoints };
    const evaluation = evaluate(truth, [detection], { iouType: "keypoints", kptOksSigmas: sigmas });
    expect([...evaluation.numGroundTruth]).toEqual([0, 0, 0]);
  });
});

describe("input that cannot be evaluated", () => {
  const truth = dataset({ bbox: BOX });

  it("names a detection in an image that the dataset does not have", () => {
    const stray = { ...found(1, BOX), image_id: 7 };
    expect(() => evaluate(truth, [found(1, BOX), stray])).toThrow(UnknownImageError);
    expect(() => evaluate(truth, [stray])).toThrow("Detection 0 is in image 7");
  });

  it.each([
    ["a detection without a mask", dataset({ bbox: BOX, segmentation: [[1, 1, 9, 1, 9, 9]] })],
    ["an annotation without a mask", truth],
  ])("names %s", (_, groundTruth) => {
    expect(() => evaluate(groundTruth, [found(1, BOX)], { iouType: "segm" })).toThrow(
      InvalidEntryError,
    );
  });

  it("names an annotation whose polygon is none", () => {
    const broken = dataset({ bbox: BOX, segmentation: [[1, 1, 2, 2]] });
    expect(() => evaluate(broken, [], { iouType: "segm" })).toThrow(
      "Cannot evaluate annotation 1 of image 1: Invalid polygon",
    );
  });

  it("names an annotation without an area", () => {
    const incomplete = JSON.parse(
      JSON.stringify({
        ...truth,
        annotations: [{ id: 5, image_id: 1, category_id: 1, bbox: BOX }],
      }),
    );
    expect(() => evaluate(incomplete, [])).toThrow("annotation 5 of image 1: it has no area");
  });

  it("names keypoints of another number", () => {
    const person = dataset({ bbox: BOX, keypoints: [1, 1, 2] });
    expect(() => evaluate(person, [], { iouType: "keypoints" })).toThrow(
      "it has 1 keypoints, not 17",
    );
  });

  it.each([
    ["iouThrs", { iouThrs: [1.5] }],
    ["recThrs", { recThrs: [] }],
    ["maxDets", { maxDets: [0] }],
    ["areaRngs", { areaRngs: [] }],
  ])("names %s out of their range", (parameter, options) => {
    expect(() => evaluate(truth, [], options)).toThrow(EvaluationParamsError);
    expect(() => evaluate(truth, [], options)).toThrow(parameter);
  });
});
