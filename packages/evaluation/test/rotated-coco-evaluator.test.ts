import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { CocoDataset, CocoDetection } from "@detectron-ts/coco";
import { Boxes, Instances, RotatedBoxes } from "@detectron-ts/structures";
import { describe, expect, it } from "vitest";

import {
  COCOEvaluator,
  RotatedCOCOEvaluator,
  rotatedBoxIou,
  RotatedCrowdError,
  type DetectionOutput,
} from "../src/index.ts";
import recorded from "./golden/rotated_coco.json" with { type: "json" };

const groundTruth = recorded.ground_truth as unknown as CocoDataset;
const results: Readonly<Record<string, number>> = recorded.results.bbox;
const contiguousIds = new Map(
  Object.entries(recorded.thing_dataset_id_to_contiguous_id).map(([id, index]) => [
    Number(id),
    index,
  ]),
);
const inputs = recorded.predictions.map(({ image_id }) => ({ imageId: image_id }));
const outputs = recorded.predictions.map(({ boxes, scores, classes }): DetectionOutput => {
  const predBoxes = new RotatedBoxes(boxes);
  return {
    instances: new Instances([160, 200], {
      predBoxes,
      scores: Float32Array.from(scores),
      predClasses: Int32Array.from(classes),
    }),
  };
});

describe("RotatedCOCOEvaluator", () => {
  it("has detectron2's results, upright ground truth among rotated included", async () => {
    const outputDir = await mkdtemp(join(tmpdir(), "rotated-"));
    const evaluator = new RotatedCOCOEvaluator({
      groundTruth,
      thingClasses: ["ship", "plane", "tank"],
      thingDatasetIdToContiguousId: contiguousIds,
      outputDir,
    });
    evaluator.process(inputs, outputs);
    const { bbox, ...others } = await evaluator.evaluate();
    expect(others).toEqual({});
    expect(Object.keys(bbox)).toEqual(Object.keys(results));
    expect(Object.values(bbox)).toBeAllclose(Object.values(results), { atol: 1e-9 });
    const file = join(outputDir, "coco_instances_results.json");
    const saved: CocoDetection[] = JSON.parse(await readFile(file, "utf8"));
    expect(saved).toHaveLength(outputs.reduce((sum, { instances }) => sum + instances.length, 0));
    expect(saved.slice(0, 3)).toEqual(recorded.saved_results);
  });

  it("has no numbers without a detection", async () => {
    const evaluator = new RotatedCOCOEvaluator({ groundTruth });
    const nothing = outputs.map(({ instances }) => ({ instances: instances.select([]) }));
    evaluator.process(inputs, nothing);
    const { bbox } = await evaluator.evaluate();
    expect(Object.values(bbox)).toEqual(new Array(6).fill(NaN));
  });

  it("is COCOEvaluator where all boxes are upright, crowds included", async () => {
    const crowded: CocoDataset = {
      images: [{ id: 1, height: 50, width: 50 }],
      categories: [{ id: 1, name: "thing" }],
      annotations: [
        { id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 10, 20], area: 200 },
        { id: 2, image_id: 1, category_id: 1, bbox: [20, 0, 30, 50], area: 1500, iscrowd: 1 },
      ],
    };
    const instances = new Instances([50, 50], {
      predBoxes: new Boxes([
        [1, 0, 10, 20],
        [22, 3, 31, 19],
        [0, 25, 9, 40],
      ]),
      scores: Float32Array.of(0.9, 0.8, 0.7),
      predClasses: new Int32Array(3),
    });
    const evaluate = async (evaluator: COCOEvaluator) => {
      evaluator.process([{ imageId: 1 }], [{ instances }]);
      return evaluator.evaluate();
    };
    expect(await evaluate(new RotatedCOCOEvaluator({ groundTruth: crowded }))).toEqual(
      await evaluate(new COCOEvaluator({ groundTruth: crowded })),
    );
    const rotated = {
      instances: instances.set("predBoxes", new RotatedBoxes(new Float32Array(15))),
    };
    const evaluator = new RotatedCOCOEvaluator({ groundTruth: crowded });
    evaluator.process([{ imageId: 1 }], [rotated]);
    await expect(evaluator.evaluate()).rejects.toThrow(RotatedCrowdError);
  });

  it("is what rotated results need: COCOEvaluator refuses them", async () => {
    const evaluator = new COCOEvaluator({
      groundTruth,
      thingDatasetIdToContiguousId: contiguousIds,
    });
    evaluator.process(inputs, outputs);
    await expect(evaluator.evaluate()).rejects.toThrow("it has no bbox");
  });
});

describe("rotatedBoxIou", () => {
  it("takes upright boxes as boxes around their centres", () => {
    const overlaps = rotatedBoxIou(
      [[5, 5, 10, 6, 0], [5, 5, 10, 6, 90]], // prettier-ignore
      [[0, 2, 10, 6]],
      Uint8Array.of(0),
    );
    expect(overlaps).toBeAllclose([1, 36 / 84]);
  });

  it("has nothing to compare without boxes", () => {
    expect(rotatedBoxIou([], [[0, 0, 1, 1, 5]], Uint8Array.of(0))).toHaveLength(0);
    expect(rotatedBoxIou([[0, 0, 1, 1, 5]], [], new Uint8Array(0))).toHaveLength(0);
  });
});
