import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { decode } from "@detectron-ts/coco";
import { Boxes, isNdArray, rowMajorData } from "@detectron-ts/structures";
import { goldenRoot } from "@detectron-ts/testing";
import { beforeAll, describe, expect, it } from "vitest";

import { GoldenCase, type GoldenRun, RUNS, type Tolerances } from "./golden-case.ts";
import { type PartResults, runParts, type TwoStageModel } from "./run-parts.ts";

/** The case that is copied here. The others need the recorded data beside the repository. */
const COPIED = "infer_faster_rcnn_R_50_C4";

const RECORDED = [
  "infer_faster_rcnn_R_50_C4",
  "infer_faster_rcnn_R_50_DC5",
  "infer_rpn_R_50_FPN",
  "infer_fast_rcnn_R_50_FPN",
  "infer_mask_rcnn_R_50_FPN",
  "infer_mask_rcnn_R_50_FPN_cls_agnostic",
  "infer_mask_rcnn_R_50_FPN_dconv",
  "infer_mask_rcnn_R_50_FPN_mdconv",
  "infer_scratch_mask_rcnn_R_50_FPN_gn",
];

/** Our names of the recorded fields, and which of the case's tolerances they have. */
const FIELDS: Readonly<Record<string, { field: string; tolerance: keyof Tolerances | "exact" }>> = {
  proposal_boxes: { field: "proposalBoxes", tolerance: "boxes_px" },
  objectness_logits: { field: "objectnessLogits", tolerance: "objectness_logits" },
  pred_boxes: { field: "predBoxes", tolerance: "boxes_px" },
  scores: { field: "scores", tolerance: "scores" },
  pred_classes: { field: "predClasses", tolerance: "exact" },
  // Probabilities, like scores.
  pred_masks: { field: "predMasks", tolerance: "scores" },
};

const root = goldenRoot();
if (root === undefined) {
  describeCase(COPIED, fileURLToPath(new URL(`golden/${COPIED}`, import.meta.url)));
} else {
  for (const name of RECORDED) describeCase(name, join(root, name));
}

/** Compares what each part of a recorded model gives, and the model as a whole, with what detectron2 computed. */
function describeCase(name: string, folder: string): void {
  describe(name, () => {
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
          const sample = Array.from(await feature.data(), Number).filter(
            (_, i) => i % stride === 0,
          );
          const recorded =
            run.recorded.tensors.get(`features.${level}`) ??
            run.recorded.tensor(`features_sample.${level}`);
          const atol = golden.tolerances.features;
          expect(sample, level).toBeAllclose(recorded.data, { atol, rtol: 0 });
        }
      });

      it("gives the same proposals and instances in the same order", () => {
        const compared = run.inputs.flatMap((_, i) => {
          const { proposals, rawInstances, outputs } = results;
          const output = outputs[i];
          const isDetection = "instances" in output;
          return [
            ...compareFields(`${i}.proposals`, proposals[i].fields()),
            ...compareFields(`${i}.raw_instances`, rawInstances[i]?.fields() ?? {}),
            ...compareFields(`${i}.instances`, isDetection ? output.instances.fields() : {}),
            ...compareFields(`${i}.final_proposals`, isDetection ? {} : output.proposals.fields()),
          ];
        });
        expect(compared.toSorted()).toEqual(recordedFields("").toSorted());
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
       * Compares the fields of one image with all that was recorded of them, under the case's tolerances.
       *
       * @returns the names of the recorded tensors, so that none is forgotten.
       */
      function compareFields(prefix: string, fields: object): string[] {
        const names = recordedFields(`${prefix}.`);
        for (const name of names) {
          const recorded = run.recorded.tensor(name);
          const { field, tolerance } = FIELDS[name.slice(prefix.length + 1)];
          expect(fields, name).toHaveProperty(field);
          const value: unknown = Reflect.get(fields, field);
          // Of a batch, only the masks of the first instances are recorded.
          const array = isNdArray(value) ? value.hi(recorded.shape[0]) : value;
          expect(value instanceof Boxes ? value.tensor : array, name).toBeAllclose(recorded, {
            atol: tolerance === "exact" ? 0 : golden.tolerances[tolerance],
            rtol: 0,
          });
        }
        return names;
      }

      /** Names of the recorded tensors of single images that begin so, bitmaps aside, which are recorded as RLE. */
      function recordedFields(prefix: string): string[] {
        const names = [...run.recorded.tensors.keys()];
        return names.filter(
          (name) => /^\d/.test(name) && name.startsWith(prefix) && !name.endsWith("_first2"),
        );
      }
    });
  });
}
