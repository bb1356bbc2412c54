import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

import { loadGolden } from "@detectron-ts/testing";
import { describe, expect, it } from "vitest";

import {
  accumulate,
  evaluate,
  perCategoryAp,
  summarize,
  type CocoDataset,
  type CocoDetection,
  type EvaluationOptions,
} from "../src/index.ts";

interface Recorded {
  readonly stats: number[];
  readonly summary: string[];
}

interface Results {
  bbox: Recorded;
  segm: Recorded;
  segm_with_bbox_in_results: Recorded;
  bbox_class_agnostic: Recorded;
  bbox_maxdets_1_5_20: Recorded;
  detectron2: Record<"bbox" | "segm", Record<string, number>>;
}

interface KeypointResults extends Recorded {
  custom_sigmas: Recorded & { sigmas: number[] };
  stats_when_detections_keep_bbox: number[];
}

const folder = new URL("./golden/eval/", import.meta.url);
const readJson = <T>(name: string): T =>
  JSON.parse(gunzipSync(readFileSync(new URL(`${name}.json.gz`, folder))).toString());

const groundTruth = readJson<CocoDataset>("coco_gt");
const detections = readJson<CocoDetection[]>("coco_dets");
const withoutBoxes = (list: readonly CocoDetection[]): CocoDetection[] =>
  list.map((detection) => ({ ...detection, bbox: undefined }));
const { json: results } = loadGolden<Results>(new URL("coco_results", folder));
const curves = loadGolden(new URL("coco_curves", folder));

const evaluated = (
  truth: CocoDataset,
  found: readonly CocoDetection[],
  options?: EvaluationOptions,
) => accumulate(evaluate(truth, found, options));

/** pycocotools computes in float64 too; only sums are taken in another order. */
function expectClose(got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance = 1e-12): void {
  expect(got).toHaveLength(wanted.length);
  for (let i = 0; i < wanted.length; i++) {
    expect(Math.abs(got[i] - wanted[i]), `element ${i}`).toBeLessThanOrEqual(tolerance);
  }
}

describe.each([
  ["bbox", detections],
  ["segm", withoutBoxes(detections)],
] as const)("COCO evaluation of %s", (iouType, found) => {
  const result = evaluated(groundTruth, found, { iouType });

  it("gives pycocotools' twelve numbers, with crowds, ties and more than 100 detections", () => {
    expectClose(summarize(result).stats, results[iouType].stats);
  });

  it("prints pycocotools' table", () => {
    expect(summarize(result).table.split("\n")).toEqual(results[iouType].summary.slice(2));
  });

  it("draws pycocotools' curves", () => {
    const [T, R, K, A, M] = result.counts;
    // The recording holds all sizes and 100 detections.
    const recorded = (values: Float64Array) =>
      Float64Array.from({ length: T * R * K }, (_, i) => values[i * A * M + M - 1]);
    const float32Rounding = 6e-8;
    const wanted = (name: string) => curves.float32(`${iouType}.${name}`).data;
    expectClose(result.recall, wanted("recall"), float32Rounding);
    expectClose(
      recorded(result.precision),
      wanted("precision_area_all_maxdet100"),
      float32Rounding,
    );
    expectClose(recorded(result.scores), wanted("scores_area_all_maxdet100"), float32Rounding);
  });

  it("gives detectron2's average precision of each category", () => {
    const wanted = groundTruth.categories.map(
      ({ name }) => results.detectron2[iouType][`AP-${name}`],
    );
    expectClose(
      perCategoryAp(result).map((ap) => ap * 100),
      wanted,
      1e-10,
    );
  });
});

describe("options of the evaluation", () => {
  it("measure detections by their boxes when results of masks keep them", () => {
    const { stats } = summarize(evaluated(groundTruth, detections, { iouType: "segm" }));
    expectClose(stats, results.segm_with_bbox_in_results.stats);
  });

  it("put all categories together", () => {
    const result = evaluated(groundTruth, detections, { useCats: false });
    expectClose(summarize(result).stats, results.bbox_class_agnostic.stats);
    expect(perCategoryAp(result)).toHaveLength(1);
  });

  it("limit detections freely, where pycocotools has no AP without a limit of 100", () => {
    const result = evaluated(groundTruth, detections, { maxDets: [20, 1, 5] });
    const { stats, rows } = summarize(result);
    expectClose(stats.subarray(1), results.bbox_maxdets_1_5_20.stats.slice(1));
    const perCategory = [...perCategoryAp(result)];
    const mean = perCategory.reduce((a, b) => a + b) / perCategory.length;
    expect(stats[0]).toBeCloseTo(mean, 12);
    expect(rows[0]).toMatchObject({ metric: "AP", areaRng: "all", maxDets: 20 });
  });

  it("evaluate a choice of images and categories as if the others were not there", () => {
    const imgIds = groundTruth.images.slice(0, 30).map(({ id }) => id);
    const catIds = [1, 7];
    const chosen = <Entry extends { image_id: number | string; category_id: number }>(
      list: readonly Entry[],
    ) =>
      list.filter((entry) => imgIds.includes(entry.image_id) && catIds.includes(entry.category_id));
    const smaller = {
      images: groundTruth.images.slice(0, 30),
      categories: groundTruth.categories.filter(({ id }) => catIds.includes(id)),
      annotations: chosen(groundTruth.annotations ?? []),
    };
    const byOptions = evaluated(groundTruth, detections, { imgIds, catIds });
    const byData = evaluated(smaller, chosen(detections));
    expect(byOptions.precision).toEqual(byData.precision);
    expect(byOptions.recall).toEqual(byData.recall);
  });

  it("evaluate one threshold and one size alone to the same numbers", () => {
    const alone = evaluated(groundTruth, detections, {
      iouThrs: [0.75],
      areaRngs: [{ label: "all", min: 0, max: 1e10 }],
      maxDets: [100],
    });
    const { stats, rows } = summarize(alone);
    expect(stats[2]).toBeCloseTo(results.bbox.stats[2], 12);
    expect(
      rows.filter(({ value }) => value === -1).map(({ areaRng, iouThr }) => iouThr ?? areaRng),
    ).toEqual([0.5, "small", "medium", "large", "small", "medium", "large"]);
  });
});

describe("COCO evaluation of keypoints", () => {
  const truth = readJson<CocoDataset>("coco_kp_gt");
  const found = readJson<CocoDetection[]>("coco_kp_dets");
  const { json: recorded } = loadGolden<KeypointResults>(new URL("coco_kp_results", folder));
  const summary = (list: readonly CocoDetection[], kptOksSigmas?: readonly number[]) =>
    summarize(evaluated(truth, list, { iouType: "keypoints", kptOksSigmas }));

  it("gives pycocotools' ten numbers and its table", () => {
    const { stats, table } = summary(withoutBoxes(found));
    expectClose(stats, recorded.stats);
    expect(table.split("\n")).toEqual(recorded.summary.slice(4));
  });

  it("measures detections by their boxes when results keep them", () => {
    expectClose(summary(found).stats, recorded.stats_when_detections_keep_bbox);
  });

  it("takes the spread of each keypoint", () => {
    const { stats, sigmas } = recorded.custom_sigmas;
    expectClose(summary(withoutBoxes(found), sigmas).stats, stats);
  });
});
