import { Boxes, Instances, LengthMismatchError, UnknownFieldError } from "@detectron-ts/structures";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import { addGroundTruthToProposals } from "../src/index.ts";

const proposals = new Instances([20, 30], {
  proposalBoxes: new Boxes([[0, 0, 5, 5]]),
  objectnessLogits: ndarray(Float32Array.of(1)),
});
const boxes = new Boxes([
  [1, 1, 9, 9],
  [2, 2, 8, 8],
]);

describe("addGroundTruthToProposals", () => {
  it("appends ground truth behind the proposals, with the logit of near certainty", () => {
    const [augmented] = addGroundTruthToProposals([boxes], [proposals]);
    expect([...augmented.proposalBoxes.data]).toEqual([0, 0, 5, 5, 1, 1, 9, 9, 2, 2, 8, 8]);
    expect(augmented.objectnessLogits).toBeAllclose([1, 23.02585, 23.02585], { atol: 1e-5 });
    expect(augmented.imageSize).toEqual([20, 30]);
    expect(proposals).toHaveLength(1);
  });

  it("takes instances, whose other fields it drops", () => {
    const gt = new Instances([20, 30], { gtBoxes: boxes, gtClasses: Int32Array.of(3, 4) });
    const [augmented] = addGroundTruthToProposals([gt], [proposals]);
    expect(Object.keys(augmented.fields())).toEqual(["proposalBoxes", "objectnessLogits"]);
    expect(augmented).toHaveLength(3);
  });

  it("keeps further fields of the proposals, and demands them of the ground truth", () => {
    const tagged = proposals.select([0]).set("tag", Int32Array.of(7));
    const gt = new Instances([20, 30], { gtBoxes: boxes, tag: Int32Array.of(8, 9) });
    const [augmented] = addGroundTruthToProposals([gt], [tagged]);
    expect(augmented.fields()).toMatchObject({ tag: Int32Array.of(7, 8, 9) });
    expect(() => addGroundTruthToProposals([boxes], [tagged])).toThrow(UnknownFieldError);
  });

  it("leaves proposals without ground truth as they are, and works without proposals", () => {
    const [same] = addGroundTruthToProposals([new Boxes([])], [proposals]);
    expect([...same.proposalBoxes.data]).toEqual([0, 0, 5, 5]);
    const [onlyTruth] = addGroundTruthToProposals([boxes], [proposals.select([])]);
    expect(onlyTruth).toHaveLength(2);
    expect(addGroundTruthToProposals([], [])).toEqual([]);
  });

  it("refuses ground truth of another number of images", () => {
    expect(() => addGroundTruthToProposals([], [proposals])).toThrow(LengthMismatchError);
  });
});
