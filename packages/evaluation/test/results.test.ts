import { describe, expect, it } from "vitest";

import {
  ExpectedResultError,
  flattenResultsDict,
  printCsvFormat,
  UnexpectedResultsError,
  verifyResults,
} from "../src/index.ts";

const results = {
  bbox: { AP: 56.115848842221816, AP50: 90.125, APs: NaN, "AP-cat": 1 },
  segm: { AP: 40 },
};

describe("printCsvFormat", () => {
  it("prints detectron2's lines, without single classes", () => {
    const lines: string[] = [];
    printCsvFormat({ ...results, seconds: 3 }, (line) => lines.push(line));
    expect(lines).toEqual([
      "copypaste: Task: bbox",
      "copypaste: AP,AP50,APs",
      "copypaste: 56.1158,90.1250,nan",
      "copypaste: Task: segm",
      "copypaste: AP",
      "copypaste: 40.0000",
      "copypaste: seconds=3",
    ]);
  });
});

describe("verifyResults", () => {
  it("is content when all are within their tolerance, ends included, or nothing is expected", () => {
    expect(() => verifyResults([], {})).not.toThrow();
    expect(() =>
      verifyResults(
        [
          ["bbox", "AP", 56, 0.2],
          ["segm", "AP", 38, 2],
        ],
        results,
      ),
    ).not.toThrow();
  });

  it("lists every metric that is off, missing or not a number", () => {
    const expected = [
      ["bbox", "AP", 50, 1],
      ["bbox", "APs", 50, 100],
      ["bbox", "APx", 50, 1],
      ["keypoints", "AP", 50, 1],
      ["segm", "AP", 40, 0],
    ];
    try {
      verifyResults(expected, results);
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof UnexpectedResultsError)) throw error;
      expect(error.failures.map(({ task, metric, got }) => [task, metric, got])).toEqual([
        ["bbox", "AP", results.bbox.AP],
        ["bbox", "APs", NaN],
        ["bbox", "APx", undefined],
        ["keypoints", "AP", undefined],
      ]);
      expect(error.message).toContain("keypoints/AP: got nothing, wanted 50 ± 1");
    }
  });

  it("refuses entries of another form", () => {
    expect(() => verifyResults([["bbox", "AP", 50]], results)).toThrow(ExpectedResultError);
  });
});

describe("flattenResultsDict", () => {
  it("joins the names of all levels by slashes", () => {
    expect(flattenResultsDict({ val: results, seconds: 3 })).toEqual({
      "val/bbox/AP": results.bbox.AP,
      "val/bbox/AP50": 90.125,
      "val/bbox/APs": NaN,
      "val/bbox/AP-cat": 1,
      "val/segm/AP": 40,
      seconds: 3,
    });
    expect(flattenResultsDict({})).toEqual({});
  });
});
