import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { id2rgb, PanopticSegmentError, rgb2id } from "@detectron-ts/coco";
import { readImage, writeImage } from "@detectron-ts/image";
import { loadGolden } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import {
  ClassIndexError,
  COCOPanopticEvaluator,
  type COCOPanopticEvaluatorOptions,
  type CocoPanopticDataset,
  MaskSizeError,
  MissingGroundTruthError,
  MissingPredictionError,
  type PanopticInput,
  type PanopticOutput,
  RepeatedImageError,
} from "../src/index.ts";

interface PanopticJson {
  readonly ground_truth: CocoPanopticDataset & { readonly images: readonly object[] };
  readonly predictions: readonly {
    readonly image_id: number;
    readonly segments_info: readonly {
      readonly id: number;
      readonly isthing: boolean;
      readonly category_id: number;
      readonly score?: number;
      readonly instance_id?: number;
    }[];
  }[];
  readonly thing_dataset_id_to_contiguous_id: Readonly<Record<string, number>>;
  readonly stuff_dataset_id_to_contiguous_id: Readonly<Record<string, number>>;
  readonly results: Readonly<Record<string, number>>;
}

const golden = loadGolden<PanopticJson>(new URL("golden/panoptic", import.meta.url));
const { ground_truth: groundTruth, predictions, results } = golden.json;
const SIZE: [number, number] = [60, 80];

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "panoptic-"));
  mkdirSync(join(folder, "truth"));
  for (const [i, { file_name, segments_info }] of groundTruth.annotations.entries()) {
    // Ids take more than a byte; recorded are positions in the list of segments, counted from 1.
    const values = [0, ...segments_info.map(({ id }) => id)];
    const pixels = Int32Array.from(golden.uint8(`${i}.gt`).data, (position) => values[position]);
    const rgb = id2rgb(pixels);
    await writeImage(join(folder, "truth", file_name), ndarray(rgb, [...SIZE, 3]));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function evaluator(options: Partial<COCOPanopticEvaluatorOptions> = {}): COCOPanopticEvaluator {
  return new COCOPanopticEvaluator({
    groundTruth,
    panopticRoot: join(folder, "truth"),
    thingDatasetIdToContiguousId: ids(golden.json.thing_dataset_id_to_contiguous_id),
    stuffDatasetIdToContiguousId: ids(golden.json.stuff_dataset_id_to_contiguous_id),
    ...options,
  });
}

function ids(record: Readonly<Record<string, number>>): Map<number, number> {
  return new Map(Object.entries(record).map(([id, contiguousId]) => [Number(id), contiguousId]));
}

const inputs: PanopticInput[] = predictions.map(({ image_id }) => ({
  imageId: image_id,
  fileName: `/images/${image_id}.jpg`,
}));

function outputs(): PanopticOutput[] {
  return predictions.map(({ segments_info }, i) => ({
    panopticSeg: {
      panopticSeg: ndarray(Int32Array.from(golden.uint8(`${i}.pred`).data), SIZE),
      segmentsInfo: segments_info.map(({ isthing, category_id, instance_id, ...segment }) => ({
        ...segment,
        isThing: isthing,
        categoryId: category_id,
        ...(instance_id !== undefined && { instanceId: instance_id }),
      })),
    },
  }));
}

describe("COCOPanopticEvaluator", () => {
  it("gives detectron2's numbers", async () => {
    const own = evaluator();
    await own.process(inputs, outputs());
    const { panoptic_seg } = await own.evaluate();
    const recorded = Object.entries(results).map(([name, value]) => [
      name,
      expect.closeTo(value, 10),
    ]);
    expect(Object.entries(panoptic_seg)).toEqual(recorded);
  });

  it("saves segments and their pixels as COCO's panoptic results, from which the same numbers come", async () => {
    const own = evaluator({ outputDir: folder });
    await own.process(inputs, outputs());
    await own.evaluate();
    const saved: CocoPanopticDataset = JSON.parse(
      readFileSync(join(folder, "predictions.json"), "utf8"),
    );
    expect(saved).toMatchObject({
      images: groundTruth.images,
      categories: groundTruth.categories,
    });
    const [first] = saved.annotations;
    expect(first).toMatchObject({ image_id: 0, file_name: "0.png" });
    const [stuff, thing] = [0, 3].map((row) => first.segments_info[row]);
    expect(stuff).toEqual({ id: 1, category_id: 20 });
    expect(thing).toMatchObject({ id: 4, category_id: 5, instance_id: 4 });
    const png = await readImage(join(folder, "predictions", first.file_name));
    expect(rgb2id(png.data)).toEqual(Int32Array.from(golden.uint8("0.pred").data));

    // Category ids of the dataset are those of segments that don't say whether they are things.
    const again = evaluator();
    const read = saved.annotations.map(async ({ file_name, segments_info }) => {
      const { data, shape } = await readImage(join(folder, "predictions", file_name));
      return {
        panopticSeg: {
          panopticSeg: ndarray(rgb2id(data), [shape[0], shape[1]]),
          segmentsInfo: segments_info.map(({ id, category_id }) => ({
            id,
            categoryId: category_id,
          })),
        },
      };
    });
    await again.process(inputs, await Promise.all(read));
    const { panoptic_seg } = await again.evaluate();
    expect(panoptic_seg.PQ).toBeCloseTo(results.PQ, 10);
  });

  it("takes ids that say the category, of models that give no list of segments", async () => {
    const truth = groundTruth.annotations.slice(0, 1);
    const own = evaluator({
      groundTruth: { ...groundTruth, annotations: truth },
      labelDivisor: 10,
    });
    // Of things: category and instance; of stuff, behind them in one range, the category alone.
    const contiguous = (id: number): number =>
      golden.json.thing_dataset_id_to_contiguous_id[id] ?? 3 + [20, 22, 30].indexOf(id);
    const labels = truth[0].segments_info.map(
      ({ category_id }, i) => 10 * contiguous(category_id) + (category_id < 20 ? i : 0),
    );
    const pixels = golden.uint8("0.gt").data;
    const panopticSeg = ndarray(
      Int32Array.from(pixels, (position) => [-1, ...labels][position]),
      SIZE,
    );
    const stuffDatasetIdToContiguousId = new Map([
      [20, 3],
      [22, 4],
      [30, 5],
    ]);
    const perfect = new COCOPanopticEvaluator({
      groundTruth: { ...groundTruth, annotations: truth },
      panopticRoot: join(folder, "truth"),
      thingDatasetIdToContiguousId: ids(golden.json.thing_dataset_id_to_contiguous_id),
      stuffDatasetIdToContiguousId,
      labelDivisor: 10,
    });
    await perfect.process([inputs[0]], [{ panopticSeg: { panopticSeg } }]);
    expect((await perfect.evaluate()).panoptic_seg.PQ).toBe(100);
    await expect(own.process([inputs[0]], [{ panopticSeg: { panopticSeg } }])).rejects.toThrow(
      ClassIndexError,
    );
  });

  it("prints detectron2's table", async () => {
    const lines: string[] = [];
    const own = evaluator({ log: (line) => lines.push(line) });
    await own.process(inputs, outputs());
    await own.evaluate();
    expect(lines).toEqual([
      [
        "Panoptic Evaluation Results:",
        "|        |   PQ   |   SQ   |   RQ   |  #categories  |",
        "|:------:|:------:|:------:|:------:|:-------------:|",
        "|  All   | 60.748 | 81.646 | 74.951 |       6       |",
        "| Things | 65.440 | 80.022 | 81.954 |       3       |",
        "| Stuff  | 56.057 | 83.270 | 67.949 |       3       |",
      ].join("\n"),
    ]);
  });

  it("refuses what doesn't fit, and says what", async () => {
    const [first] = outputs();
    const own = evaluator();
    const given = (input: PanopticInput, output: PanopticOutput): Promise<void> =>
      own.process([input], [output]);
    const unknown = { imageId: 99, fileName: "99.jpg" };
    await expect(given(unknown, first)).rejects.toThrow(MissingGroundTruthError);
    const panopticSeg = ndarray(new Int32Array(4), [2, 2]);
    const tiny = { panopticSeg: { panopticSeg, segmentsInfo: [] } };
    await expect(given(inputs[0], tiny)).rejects.toThrow(MaskSizeError);
    const undescribed = { panopticSeg: { ...first.panopticSeg, segmentsInfo: [] } };
    await expect(given(inputs[0], undescribed)).rejects.toThrow(PanopticSegmentError);
    await given(inputs[0], first);
    await expect(given(inputs[0], first)).rejects.toThrow(RepeatedImageError);
    await expect(own.evaluate()).rejects.toThrow(MissingPredictionError);
    own.reset();
    await given(inputs[0], first);
  });
});
