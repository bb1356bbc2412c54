import { loadGolden } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import {
  Matcher,
  MatcherOptionsError,
  MatchQualityError,
  MatchQualityShapeError,
  type MatchLabel,
} from "../src/index.ts";

interface MatcherJson {
  cases: {
    i: number;
    thresholds: number[];
    labels: MatchLabel[];
    allow_low_quality_matches: boolean;
  }[];
}

const golden = loadGolden<MatcherJson>(new URL("./golden/matcher", import.meta.url));
const quality = ndarray(golden.float32("quality").data, [6, 80]);
const exactly = { atol: 0, rtol: 0 };

const rpn = { thresholds: [0.3, 0.7], labels: [0, -1, 1] } as const;
const matrix = (rows: number[][]) =>
  ndarray(Float32Array.from(rows.flat()), [rows.length, rows[0].length]);

describe("Matcher", () => {
  it.each(golden.json.cases)(
    "matches as detectron2 does: thresholds $thresholds, low quality $allow_low_quality_matches",
    ({ i, thresholds, labels, allow_low_quality_matches: allowLowQualityMatches }) => {
      const matcher = new Matcher({ thresholds, labels, allowLowQualityMatches });
      const { matches, matchLabels } = matcher.match(quality);
      expect(matches).toBeAllclose(golden.int64(`${i}.matches`), exactly);
      expect(matchLabels).toBeAllclose(golden.int32(`${i}.labels`), exactly);
    },
  );

  it("labels everything with the lowest label when there is no ground truth", () => {
    const matcher = new Matcher({ thresholds: [0.5], labels: [0, 1] });
    const { matches, matchLabels } = matcher.match(ndarray(new Float32Array(0), [0, 5]));
    expect(matches).toBeAllclose(golden.int64("empty.matches"), exactly);
    expect(matchLabels).toBeAllclose(golden.int32("empty.labels"), exactly);
  });

  it("takes zero predictions", () => {
    const matcher = new Matcher({ ...rpn, allowLowQualityMatches: true });
    expect(matcher.match(ndarray(new Float32Array(0), [3, 0])).matches).toHaveLength(0);
  });

  it("keeps the first of equally good ground truths", () => {
    const { matches } = new Matcher(rpn).match(matrix([[0.2, 0.9], [0.8, 0.9]])); // prettier-ignore
    expect([...matches]).toEqual([1, 0]);
  });

  it("counts a quality equal to a threshold in float32 as having reached it", () => {
    const { matchLabels } = new Matcher(rpn).match(matrix([[0.7, 0.3, 0.29]]));
    expect([...matchLabels]).toEqual([1, -1, 0]);
  });

  it("labels all ties of a ground truth's best, which keep their own match", () => {
    const matcher = new Matcher({ ...rpn, allowLowQualityMatches: true });
    const { matches, matchLabels } = matcher.match(
      matrix([
        [0.2, 0.2, 0.1, 0.1],
        [0.0, 0.6, 0.9, 0.1],
      ]),
    );
    expect([...matchLabels]).toEqual([1, 1, 1, 0]);
    expect([...matches]).toEqual([0, 1, 1, 0]);
  });

  it("turns predictions without overlap positive for a ground truth that overlaps nothing", () => {
    const matcher = new Matcher({ ...rpn, allowLowQualityMatches: true });
    const { matchLabels } = matcher.match(matrix([[0, 0, 0], [0, 0.4, 0.8]])); // prettier-ignore
    expect([...matchLabels]).toEqual([1, 1, 1]);
  });

  it("reads arrays of any layout", () => {
    const matcher = new Matcher({ ...rpn, allowLowQualityMatches: true });
    const columnMajor = ndarray(new Float32Array(6 * 80), [6, 80], [1, 6]);
    for (let i = 0; i < 6; i++) {
      for (let j = 0; j < 80; j++) columnMajor.set(i, j, quality.get(i, j));
    }
    expect(matcher.match(columnMajor)).toEqual(matcher.match(quality));
  });

  it.each([
    ["too few labels", [0.5], [1]],
    ["thresholds that descend", [0.7, 0.3], [0, -1, 1]],
    ["a threshold of 0", [0], [0, 1]],
    ["a threshold that is no number", [NaN], [0, 1]],
  ] satisfies [string, number[], MatchLabel[]][])("refuses %s", (_, thresholds, labels) => {
    expect(() => new Matcher({ thresholds, labels })).toThrow(MatcherOptionsError);
  });

  it("refuses negative and undefined qualities and other than two axes", () => {
    const matcher = new Matcher(rpn);
    expect(() => matcher.match(matrix([[0.1, -0.1]]))).toThrow(MatchQualityError);
    expect(() => matcher.match(matrix([[NaN]]))).toThrow(MatchQualityError);
    expect(() => matcher.match(ndarray(new Float32Array(2), [2]))).toThrow(MatchQualityShapeError);
  });
});
