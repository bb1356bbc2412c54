import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { decode } from "@detectron-ts/coco";
import { Boxes, isNdArray, rowMajorData } from "@detectron-ts/structures";
import { compareAllclose, goldenRoot } from "@detectron-ts/testing";
import { beforeAll, describe, expect, it } from "vitest";

import { GoldenCase, type GoldenRun, RUNS, type Tolerances } from "./golden-case.ts";
import { type PartResults, runParts, type TwoStageModel } from "./run-parts.ts";

/** The cases that are copied here. The others need the recorded data beside the repository. */
const COPIED = ["infer_faster_rcnn_R_50_C4", "infer_panoptic_fpn_tiny"];

const RECORDED = [
  "infer_faster_rcnn_R_50_DC5",
  "infer_rpn_R_50_FPN",
  "infer_fast_rcnn_R_50_FPN",
  "infer_mask_rcnn_R_50_FPN",
  "infer_mask_rcnn_R_50_FPN_cls_agnostic",
  "infer_mask_rcnn_R_50_FPN_dconv",
  "infer_mask_rcnn_R_50_FPN_mdconv",
  "infer_scratch_mask_rcnn_R_50_FPN_gn",
  "infer_keypoint_rcnn_R_50_FPN",
  "infer_cascade_mask_rcnn_R_50_FPN",
  "infer_panoptic_fpn_R_50",
];

/** Our names of the recorded fields, and which of the case's tolerances they have. */
const FIELDS: Readonly<Record<string, { field: string; tolerance: keyof Tolerances | "exact" }>> = {
  proposal_boxes: { field: "proposalBoxes", tolerance: "boxes_px" },
  objectness_logits: { field: "objectnessLogits", tolerance: "objectness_logits" },
  pred_boxes: { field: "predBoxes", tolerance: "boxes_px" },
  scores: { field: "scores", tolerance: "scores" },
  pred_classes: { field: "predClasses", tolerance: "exact" },
  // No tolerance of their own is recorded: they move with the boxes they are pooled from. What counts are the pixels of
  // the pasted masks.
  pred_masks: { field: "predMasks", tolerance: "boxes_px" },
  pred_keypoints: { field: "predKeypoints", tolerance: "keypoints_px" },
  // As with masks; what counts are the keypoints.
  pred_keypoint_heatmaps: { field: "predKeypointHeatmaps", tolerance: "keypoints_px" },
};

/** Fields that are recorded of the first instances alone, in batches or always. */
const FIRST_ROWS = new Set(["predMasks", "predKeypointHeatmaps"]);

const root = goldenRoot();
const cases = [
  ...COPIED.map((name) => [name, fileURLToPath(new URL(`golden/${name}`, import.meta.url))]),
  ...(root === undefined ? [] : RECORDED.map((name) => [name, join(root, name)])),
];

describe.each(cases)("each part of %s, and the model as a whole", (_name, folder) => {
  const golden = new GoldenCase(folder);
  let model: TwoStageModel;
  beforeAll(async () => {
    model = await golden.loadModel<TwoStageModel>();
  });

  describe.each(RUNS)("%s", (runName) => {
    let run: GoldenRun;
    let results: PartResults;
    beforeAll(async () => {
      run = golden.run(runName);
      results = await runParts(model, run.inputs);
    });

    it("gives the same feature maps", async () => {
      const stats = Object.entries(run.results.feature_stats);
      expect(Object.keys(results.features)).toEqual(stats.map(([level]) => level));
      for (const [level, { shape, sample_stride: stride = 1 }] of stats) {
        const feature = results.features[level];
        expect(feature.shape).toEqual(shape);
        const sample = Array.from(await feature.data(), Number).filter((_, i) => i % stride === 0);
        const recorded =
          run.recorded.tensors.get(`features.${level}`) ??
          run.recorded.tensor(`features_sample.${level}`);
        const atol = golden.tolerances.features;
        expect(sample).toBeAllclose(recorded.data, { atol, rtol: 0 });
      }
    });

    it("gives the same proposals and instances in the same order", () => {
      const fields: Record<string, object> = {};
      for (const [i, output] of results.outputs.entries()) {
        const isDetection = "instances" in output;
        fields[`${i}.proposals`] = results.proposals[i].fields();
        fields[`${i}.raw_instances`] = results.rawInstances[i]?.fields();
        fields[isDetection ? `${i}.instances` : `${i}.final_proposals`] = isDetection
          ? output.instances.fields()
          : output.proposals.fields();
      }
      const differences = recordedFields().flatMap((name) => {
        const [image, stage, recordedName] = name.split(".");
        const { field, tolerance } = FIELDS[recordedName];
        const value: unknown = Reflect.get(fields[`${image}.${stage}`], field);
        const recorded = run.recorded.tensor(name);
        // Only those of the first instances are recorded.
        const firstRows =
          isNdArray(value) && FIRST_ROWS.has(field) ? value.hi(recorded.shape[0]) : value;
        const { pass, message } = compareAllclose(
          value instanceof Boxes ? value.tensor : firstRows,
          recorded,
          { atol: tolerance === "exact" ? 0 : golden.tolerances[tolerance], rtol: 0 },
        );
        return pass ? [] : [`${name}: ${message}`];
      });
      expect(differences).toEqual([]);
    });

    it("gives the same masks but for a few pixels on their borders", () => {
      let flipped = 0;
      for (const [i, { pred_masks_rle: recorded = [] }] of run.results.images.entries()) {
        const output = results.outputs[i];
        const masks = "instances" in output ? output.instances.predMasks : undefined;
        const [count = 0, ...size] = masks?.shape ?? [];
        expect(count).toBe(recorded.length);
        for (const [row, rle] of recorded.entries()) {
          expect(size).toEqual(rle.size);
          const mask = rowMajorData(masks!.pick(row));
          const wanted = decode(rle);
          for (let pixel = 0; pixel < mask.length; pixel++) {
            if (mask[pixel] !== wanted[pixel]) flipped++;
          }
        }
      }
      expect(flipped).toBeLessThanOrEqual(golden.tolerances.mask_pixels_flipped_total);
    });

    /**
     * Names of the recorded fields of proposals and instances, bitmaps aside: those are recorded as RLE, too. Segmentations
     * have a test of their own.
     */
    function recordedFields(): string[] {
      const names = [...run.recorded.tensors.keys()];
      return names.filter((name) => /^\d\..*(proposals|instances)\.(?!.*_first2)/.test(name));
    }
  });
});
