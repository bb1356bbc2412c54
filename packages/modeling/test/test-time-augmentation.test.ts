import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { decode } from "@detectron-ts/coco";
import { configure } from "@detectron-ts/config";
import {
  type AugmentedInput,
  buildModel,
  DatasetMapperTTA,
  type GeneralizedRCNN,
  GeneralizedRCNNWithTTA,
  ModelImageError,
  type ModelInput,
  ModelModeError,
  ModelOptionsError,
  type RetinaNet,
} from "@detectron-ts/modeling";
import type { ProposalGenerator } from "@detectron-ts/proposal-generator";
import type { ROIHeads } from "@detectron-ts/roi-heads";
import { rowMajorData } from "@detectron-ts/structures";
import { tensor } from "@detectron-ts/tensor";
import { goldenRoot } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { describe, expect, it, vi } from "vitest";

import { averageMasks } from "../src/test-time-augmentation/average-masks.ts";
import { GoldenCase } from "./golden-case.ts";
import { flattenHeads, noise, tinyConfig } from "./tiny-model.ts";

/** What detectron2 finds with test-time augmentation. */
interface RecordedAugmentation {
  readonly name: string;
  /** The recorded inference whose model and images are augmented. */
  readonly case: string;
  readonly overrides: readonly string[];
  readonly dtype: "uint8" | "float32";
  readonly output_sizes: readonly (readonly [height: number, width: number])[];
  readonly view_shapes: readonly (readonly number[][])[];
  readonly tolerance: {
    readonly boxes_px: number;
    readonly scores: number;
    readonly mask_pixels_flipped_total: number;
  };
  readonly images: readonly {
    readonly boxes: number[][];
    readonly scores: number[];
    readonly classes: number[];
    readonly masks?: readonly { size: [number, number]; counts: string }[];
  }[];
}

type AnyRCNN = GeneralizedRCNN<ROIHeads, ProposalGenerator | undefined>;

const recordedFile = new URL("golden/tta.json", import.meta.url);
const recordings: RecordedAugmentation[] = JSON.parse(readFileSync(recordedFile, "utf8")).cases;

/** One model is copied here; those of other cases lie with the recorded data. */
const COPIED = "infer_faster_rcnn_R_50_C4";
const folderOf = (name: string): string =>
  name === COPIED
    ? fileURLToPath(new URL(`golden/${name}`, import.meta.url))
    : join(goldenRoot()!, name);

const runnable = recordings.filter((each) => each.case === COPIED || goldenRoot() !== undefined);

describe.each(runnable)("test-time augmentation as detectron2 does it, $name", (recorded) => {
  const golden = new GoldenCase(folderOf(recorded.case));
  const cfg = golden.config();
  cfg.mergeFromList(recorded.overrides);
  const inputs = golden.run("batch").inputs.map((input, i): ModelInput => {
    const [height, width] = recorded.output_sizes[i];
    const image = input.image as ReturnType<typeof noise>;
    const pixels = recorded.dtype === "uint8" ? Uint8Array.from(image.data) : image.data;
    return { height, width, image: ndarray(pixels, image.shape) };
  });

  it("looks at the same views", async () => {
    const mapper = configure(DatasetMapperTTA, [cfg]);
    for (const [i, input] of inputs.entries()) {
      const views = await mapper.map(input);
      expect(views.map(({ image }) => image.shape)).toEqual(recorded.view_shapes[i]);
      expect(new Set(views.map(({ image }) => image.dtype))).toEqual(new Set([recorded.dtype]));
    }
  });

  it("finds the same objects in the same order, with the same masks", async () => {
    const model = await golden.loadModel<AnyRCNN>();
    const augmented = configure(GeneralizedRCNNWithTTA, [cfg, model]);
    const outputs = await augmented.inference(inputs);
    const { boxes_px, scores, mask_pixels_flipped_total } = recorded.tolerance;
    let flipped = 0;
    for (const [i, { instances }] of outputs.entries()) {
      const wanted = recorded.images[i];
      expect(instances.imageSize).toEqual(recorded.output_sizes[i]);
      expect([...instances.predClasses.data]).toEqual(wanted.classes);
      expect(instances.scores).toBeAllclose(wanted.scores, { atol: scores, rtol: 0 });
      const boxes = { atol: boxes_px, rtol: 0 };
      expect(instances.predBoxes.data).toBeAllclose(wanted.boxes.flat(), boxes);
      expect(instances.has("predMasks")).toBe(wanted.masks !== undefined);
      for (const [row, rle] of (wanted.masks ?? []).entries()) {
        const mask = rowMajorData(instances.predMasks!.pick(row));
        const pixels = decode(rle);
        for (let at = 0; at < pixels.length; at++) if (mask[at] !== pixels[at]) flipped++;
      }
    }
    expect(flipped).toBeLessThanOrEqual(mask_pixels_flipped_total);
  });
});

const MASK_RCNN = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x.yaml";
const TINY = {
  "TEST.AUG.MIN_SIZES": "(32, 48)",
  "TEST.AUG.MAX_SIZE": 64,
  "MODEL.ROI_HEADS.SCORE_THRESH_TEST": 0,
};

/** A tiny Mask R-CNN whose proposals come out as detections. */
function tinyAugmented(overrides: Record<string, unknown> = {}) {
  const cfg = tinyConfig(MASK_RCNN, { ...TINY, ...overrides });
  const model = flattenHeads(buildModel(cfg)).eval();
  return configure(GeneralizedRCNNWithTTA, [cfg, model]);
}

describe("test-time augmentation", () => {
  it("finds instances with masks of the wanted size, and nothing where no score passes", async () => {
    const input = { image: noise(40, 56), height: 80, width: 112 };
    const [{ instances }] = await tinyAugmented()([input]);
    expect(instances.length).toBeGreaterThan(0);
    expect(instances.predMasks!.shape).toEqual([instances.length, 80, 112]);
    const strict = tinyAugmented({ "MODEL.ROI_HEADS.SCORE_THRESH_TEST": 0.99 });
    const [{ instances: none }] = await strict.inference([input]);
    expect(none.length).toBe(0);
    expect(none.predMasks!.shape).toEqual([0, 80, 112]);
  });

  it("gives the model as many views at once as asked for, and leaves out masks where they come later", async () => {
    const { model, ...options } = tinyAugmented();
    const inference = vi.spyOn(model, "inference");
    const augmented = new GeneralizedRCNNWithTTA({ ...options, model, batchSize: 3 });
    await augmented.inference([{ image: noise(40, 56) }]);
    // Four views twice: for boxes, then for masks.
    const calls = inference.mock.calls.map(([views, given]) => [views.length, given?.boxesOnly]);
    expect(calls).toEqual([
      [3, true],
      [1, true],
      [3, undefined],
      [1, undefined],
    ]);
    const [found] = await inference.mock.results[0].value;
    expect(found.has("predMasks")).toBe(false);
  });

  it("maps boxes of a view back to where they are in the image", async () => {
    const mapper = new DatasetMapperTTA({ minSizes: [20], maxSize: 100, flip: true });
    const image = tensor(
      Uint8Array.from({ length: 3 * 40 * 60 }, (_, i) => i & 255),
      {
        shape: [3, 40, 60],
      },
    );
    const views: AugmentedInput[] = await mapper.map({ image, height: 80, width: 120 });
    expect(views.map((view) => view.image.shape)).toEqual([
      [3, 20, 30],
      [3, 20, 30],
    ]);
    const box = ndarray(Float32Array.of(12, 8, 60, 40), [1, 4]);
    const [plain, flipped] = views.map(({ transforms }) => transforms.applyBox(box));
    expect([...plain.data]).toEqual([3, 2, 15, 10]);
    expect([...flipped.data]).toEqual([15, 2, 27, 10]);
    for (const [i, moved] of [plain, flipped].entries()) {
      expect([...views[i].transforms.inverse().applyBox(moved).data]).toEqual([...box.data]);
    }
    const [pixels, mirrored] = await Promise.all(views.map((view) => view.image.toNdarray()));
    expect([...rowMajorData(mirrored)]).toEqual([...rowMajorData(pixels.step(1, 1, -1))]);
  });

  it("takes the mean of masks, those of flipped views turned back", () => {
    const mask = (...values: number[]) => ndarray(Float32Array.from(values), [1, 1, 2, 2]);
    const views = [
      { predMasks: mask(0, 1, 0.5, 0), isFlipped: false },
      { predMasks: mask(1, 0.5, 1, 0), isFlipped: true },
    ];
    expect([...averageMasks(views).data]).toEqual([0.25, 1, 0.25, 0.5]);
    const none = { predMasks: ndarray(new Float32Array(0), [0, 1, 28, 28]), isFlipped: true };
    expect(averageMasks([none, none]).shape).toEqual([0, 1, 28, 28]);
  });

  it("is refused for models that it cannot join the results of, and for no view", () => {
    const build = (overrides: Record<string, unknown>) => () => tinyAugmented(overrides);
    const keypoints = tinyConfig(MASK_RCNN);
    keypoints.MODEL.KEYPOINT_ON = true;
    const model = buildModel(tinyConfig(MASK_RCNN));
    expect(() => GeneralizedRCNNWithTTA.fromConfig(keypoints, model)).toThrow(ModelOptionsError);
    const given = tinyConfig(MASK_RCNN, { "MODEL.LOAD_PROPOSALS": true });
    expect(() => GeneralizedRCNNWithTTA.fromConfig(given, model)).toThrow(ModelOptionsError);
    expect(build({ "TEST.AUG.MIN_SIZES": "()" })).toThrow(ModelOptionsError);

    const retinaNet = buildModel<RetinaNet>(
      tinyConfig("COCO-Detection/retinanet_R_50_FPN_1x.yaml"),
    );
    const { model: _model, ...options } = tinyAugmented();
    // @ts-expect-error: no GeneralizedRCNN
    expect(() => new GeneralizedRCNNWithTTA({ ...options, model: retinaNet })).toThrow(
      /model is "RetinaNet"; wanted a GeneralizedRCNN/,
    );
    expect(() => new GeneralizedRCNNWithTTA({ ...options, model, batchSize: 0 })).toThrow(
      ModelOptionsError,
    );
  });

  it("needs a model out of training, and images of bytes or floats", async () => {
    const augmented = tinyAugmented();
    const integers = tensor(new Int32Array(3 * 8 * 8), { shape: [3, 8, 8] });
    await expect(augmented.inference([{ image: integers }])).rejects.toThrow(ModelImageError);
    augmented.train();
    await expect(augmented.inference([{ image: noise(40, 56) }])).rejects.toThrow(ModelModeError);
  });
});
