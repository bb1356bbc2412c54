import { COCO_AREA_RANGES, type CocoDataset, type CocoDetection } from "@detectron-ts/coco";
import { Boxes, Instances } from "@detectron-ts/structures";
import { goldenRoot, goldenTensors } from "@detectron-ts/testing";
import { describe, expect, it } from "vitest";

import {
  COCOEvaluator,
  evaluateBoxProposals,
  MissingGroundTruthError,
  type ImageProposals,
} from "../src/index.ts";

interface Results {
  box_proposals: {
    note: string;
    [rangeAtLimit: string]: unknown;
  };
}

const groundTruth: CocoDataset = {
  images: [
    { id: 1, height: 100, width: 100 },
    { id: 2, height: 100, width: 100 },
  ],
  categories: [{ id: 1, name: "thing" }],
  annotations: [
    { id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 10, 10], area: 100 },
    { id: 2, image_id: 1, category_id: 1, bbox: [5, 0, 10, 10], area: 100 },
    { id: 3, image_id: 1, category_id: 1, bbox: [0, 0, 100, 100], area: 10000, iscrowd: 1 },
    { id: 4, image_id: 2, category_id: 1, bbox: [0, 0, 100, 100], area: 10000 },
  ],
};

const propose = (imageId: number, ...boxes: number[][]): ImageProposals => ({
  imageId,
  proposals: new Instances([100, 100], {
    proposalBoxes: new Boxes(boxes),
    objectnessLogits: Float32Array.from(boxes, (_, i) => i),
  }),
});

describe("evaluateBoxProposals", () => {
  it("gives a proposal to one object only, the one it overlaps most", () => {
    const { recalls, numPos } = evaluateBoxProposals(groundTruth, [propose(1, [0, 0, 10, 10])]);
    expect(numPos).toBe(2);
    expect(recalls).toEqual(Array(10).fill(0.5));
  });

  it("lets an object whose proposal is taken look for the next best", () => {
    // Both objects overlap the first proposal most, by 0.67 and 0.54; the second covers half of the right one.
    const pair = propose(1, [2, 0, 12, 10], [10, 0, 15, 10]);
    const { recalls } = evaluateBoxProposals(groundTruth, [pair]);
    expect(recalls).toEqual([1, 0.5, 0.5, 0.5, 0, 0, 0, 0, 0, 0]);
  });

  it("leaves out images without proposals, with all their objects", () => {
    const predictions = [propose(1, [0, 0, 10, 10], [5, 0, 15, 10]), propose(2)];
    expect(evaluateBoxProposals(groundTruth, predictions)).toEqual({
      ar: 1,
      recalls: Array(10).fill(1),
      numPos: 2,
    });
  });

  it("considers the likeliest proposals up to the limit, and objects of a size", () => {
    const predictions = [propose(1, [0, 0, 10, 10]), propose(2, [0, 0, 100, 100], [0, 0, 9, 9])];
    const [, small, , large] = COCO_AREA_RANGES;
    const recall = (options: Parameters<typeof evaluateBoxProposals>[2]) =>
      evaluateBoxProposals(groundTruth, predictions, options);
    expect(recall({ areaRng: large })).toMatchObject({ ar: 1, numPos: 1 });
    expect(recall({ areaRng: large, limit: 1 })).toMatchObject({ ar: 0, numPos: 1 });
    expect(recall({ areaRng: small })).toMatchObject({ ar: 0.5, numPos: 2 });
  });

  it("has no value without objects, and names an image it does not know", () => {
    expect(evaluateBoxProposals(groundTruth, []).ar).toBeNaN();
    expect(() => evaluateBoxProposals(groundTruth, [propose(3, [0, 0, 1, 1])])).toThrow(
      MissingGroundTruthError,
    );
  });
});

describe("COCOEvaluator of proposals", () => {
  it("reports recall at 100 and 1000 proposals by size", async () => {
    const evaluator = new COCOEvaluator({ groundTruth });
    const { imageId, proposals } = propose(1, [0, 0, 10, 10]);
    evaluator.process([{ imageId }], [{ proposals }]);
    expect(await evaluator.evaluate()).toEqual({
      box_proposals: {
        "AR@100": 50,
        "ARs@100": 50,
        "ARm@100": NaN,
        "ARl@100": NaN,
        "AR@1000": 50,
        "ARs@1000": 50,
        "ARm@1000": NaN,
        "ARl@1000": NaN,
      },
    });
  });
});

describe.runIf(goldenRoot())("recorded recall of proposals", () => {
  it("is repeated, of every size and limit", () => {
    const { note: _note, ...recorded } =
      goldenTensors<Results>("eval/coco_results").json.box_proposals;
    const truth = goldenTensors<CocoDataset>("eval/coco_gt").json;
    const detections = goldenTensors<CocoDetection[]>("eval/coco_dets").json;
    const predictions = truth.images.map(({ id }): ImageProposals => {
      const found = detections.filter(({ image_id }) => image_id === id);
      return {
        imageId: id,
        proposals: new Instances([240, 320], {
          proposalBoxes: new Boxes(
            found.map(({ bbox: [x, y, w, h] = [0, 0, 0, 0] }) => [x, y, x + w, y + h]),
          ),
          objectnessLogits: Float32Array.from(found, ({ score }) => score),
        }),
      };
    });
    const evaluated = Object.keys(recorded).map((name) => {
      const [label, limit] = name.split("@");
      const areaRng = COCO_AREA_RANGES.find((range) => range.label === label);
      const recall = evaluateBoxProposals(truth, predictions, { areaRng, limit: Number(limit) });
      return [name, { ar: recall.ar, recalls: recall.recalls, num_pos: recall.numPos }];
    });
    expect(evaluated).toHaveLength(8);
    expect(Object.fromEntries(evaluated)).toEqual(recorded);
  });
});
