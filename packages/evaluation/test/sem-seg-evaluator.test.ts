import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { writeImage } from "@detectron-ts/image";
import { loadGolden } from "@detectron-ts/testing";
import ndarray, { type NdArray } from "ndarray";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import {
  ClassIndexError,
  LabelError,
  MaskSizeError,
  MissingGroundTruthError,
  SemSegEvaluator,
  type SemSegEvaluatorOptions,
} from "../src/index.ts";

interface SemSegJson {
  readonly num_classes: number;
  readonly ignore_label: number;
  /** null is NaN. */
  readonly results: Readonly<Record<string, number | null>>;
  readonly encoded_predictions_image0: readonly object[];
}

const golden = loadGolden<SemSegJson>(new URL("golden/sem_seg", import.meta.url));
const { results, num_classes, ignore_label, encoded_predictions_image0 } = golden.json;
const images = Array.from({ length: golden.tensors.size / 2 }, (_, i) => `${i}.jpg`);

function map(name: string): NdArray<Uint8Array> {
  const { data, shape } = golden.uint8(name);
  return ndarray(data, [...shape]);
}

function prediction({ data, shape }: NdArray<Uint8Array>) {
  return { semSeg: { argmax: async () => ndarray(Int32Array.from(data), shape) } };
}

function evaluator(options: Partial<SemSegEvaluatorOptions> = {}): SemSegEvaluator {
  return new SemSegEvaluator({
    groundTruth: images.map((fileName) => ({ fileName, semSegFileName: `${fileName}.labels` })),
    classNames: Array.from({ length: num_classes }, (_, label) => `c${label}`),
    ignoreLabel: ignore_label,
    readLabels: async (file) => map(`${file.split(".")[0]}.gt`),
    ...options,
  });
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sem-seg-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("SemSegEvaluator", () => {
  it("gives detectron2's numbers, those of boundaries included", async () => {
    const own = evaluator();
    for (const [i, fileName] of images.entries()) {
      await own.process([{ fileName }], [prediction(map(`${i}.pred`))]);
    }
    const { sem_seg } = await own.evaluate();
    const recorded = Object.entries(results).map(([name, value]) => [
      name,
      value === null ? NaN : expect.closeTo(value, 10),
    ]);
    expect(Object.entries(sem_seg)).toEqual(recorded);
  });

  it("saves predictions as COCO's stuff results, with the dataset's own ids", async () => {
    const stuffDatasetIdToContiguousId = new Map(
      Array.from({ length: num_classes }, (_, label) => [100 + label, label] as const),
    );
    const saved = async (options: Partial<SemSegEvaluatorOptions>): Promise<object[]> => {
      const own = evaluator({ outputDir: folder, ...options });
      await own.process([{ fileName: images[0] }], [prediction(map("0.pred"))]);
      await own.evaluate();
      return JSON.parse(readFileSync(join(folder, "sem_seg_predictions.json"), "utf8"));
    };
    const plain = await saved({});
    expect(plain).toHaveLength(num_classes);
    // Those of some classes are recorded.
    expect(plain).toEqual(expect.arrayContaining([...encoded_predictions_image0]));
    expect(await saved({ stuffDatasetIdToContiguousId })).toMatchObject(
      plain.map((_, label) => ({ category_id: 100 + label })),
    );
  });

  it("reads labels from gray pictures, and forgets all when reset", async () => {
    const file = join(folder, "labels.png");
    await writeImage(file, ndarray(Uint8Array.of(0, 1, 1, 255), [2, 2]), { format: "L" });
    const lines: string[] = [];
    const own = new SemSegEvaluator({
      groundTruth: [{ fileName: "a.jpg", semSegFileName: file }],
      classNames: ["sky", "sea"],
      ignoreLabel: 255,
      log: (line) => lines.push(line),
    });
    const half = prediction(ndarray(Uint8Array.of(0, 1, 0, 0), [2, 2]));
    await own.process([{ fileName: "a.jpg" }], [half]);
    own.reset();
    await own.process([{ fileName: "a.jpg" }], [half]);
    const { sem_seg } = await own.evaluate();
    expect(sem_seg).toMatchObject({ mIoU: 50, "IoU-sky": 50, "IoU-sea": 50, "ACC-sea": 50 });
    expect(sem_seg.pACC).toBeCloseTo(200 / 3, 10);
    expect(lines[0]).toContain("mIoU");
    expect(lines[1]).toMatch(/sky +\| 50\.000 .*sea +\| 50\.000/);
  });

  it("has NaN where nothing has been processed", async () => {
    const { sem_seg } = await evaluator().evaluate();
    expect(sem_seg.mIoU).toBeNaN();
    expect(sem_seg.pACC).toBeNaN();
  });

  it("refuses what doesn't fit, and says what", async () => {
    const input = [{ fileName: images[0] }];
    const refused = (
      fileName: string,
      pixels: NdArray<Uint8Array>,
      options: Partial<SemSegEvaluatorOptions> = {},
    ): Promise<void> => evaluator(options).process([{ fileName }], [prediction(pixels)]);
    await expect(refused("other.jpg", map("0.pred"))).rejects.toThrow(MissingGroundTruthError);
    const small = ndarray(new Uint8Array(4), [2, 2]);
    await expect(refused(input[0].fileName, small)).rejects.toThrow(MaskSizeError);
    const classNames = ["c0", "c1"];
    await expect(refused(input[0].fileName, map("0.pred"), { classNames })).rejects.toThrow(
      LabelError,
    );
    const wrong = map("0.pred");
    wrong.data[0] = num_classes;
    await expect(refused(input[0].fileName, wrong)).rejects.toThrow(ClassIndexError);
  });
});
