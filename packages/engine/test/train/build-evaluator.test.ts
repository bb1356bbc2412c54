import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { deflateSync, crc32 } from "node:zlib";
import { getCfg } from "@detectron-ts/config";
import { DatasetCatalog, MetadataCatalog } from "@detectron-ts/data";
import {
  COCOEvaluator,
  type DetectionOutput,
  LVISEvaluator,
  type SemSegOutput,
} from "@detectron-ts/evaluation";
import { writeImage } from "@detectron-ts/image";
import { Boxes, Instances } from "@detectron-ts/structures";
import ndarray from "ndarray";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import {
  buildEvaluator,
  MissingOutputError,
  type ModelOutputs,
  UnknownEvaluatorError,
} from "../../src/index.ts";

const cfg = getCfg();
const [height, width] = [24, 32];
let root: string;

async function write(path: string, content: Uint8Array | object): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content instanceof Uint8Array ? content : JSON.stringify(content));
}

/** A picture whose left half has one value and whose right half has another. */
async function writeHalves(path: string, left: number[], right: number[], format: "RGB" | "L") {
  await mkdir(dirname(join(root, path)), { recursive: true });
  const channels = left.length;
  const pixels = Uint8Array.from(
    { length: height * width * channels },
    (_, i) => (Math.trunc(i / channels) % width < width / 2 ? left : right)[i % channels],
  );
  await writeImage(join(root, path), ndarray(pixels, [height, width, channels]), { format });
}

/** A PNG of 16-bit gray values, the left half of one, the right of another. */
function gray16(left: number, right: number): Buffer {
  const rows = Buffer.alloc(height * (1 + 2 * width));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      rows.writeUInt16BE(x < width / 2 ? left : right, y * (1 + 2 * width) + 1 + 2 * x);
    }
  }
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const ends = [Buffer.alloc(4), Buffer.alloc(4)];
    ends[0].writeUInt32BE(data.length);
    ends[1].writeUInt32BE(crc32(body));
    return Buffer.concat([ends[0], body, ends[1]]);
  };
  const header = Buffer.from([0, 0, 0, width, 0, 0, 0, height, 16, 0, 0, 0, 0]);
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

const half = { bbox: [0, 0, width / 2, height], area: (width / 2) * height };
const polygon = [0, 0, width / 2, 0, width / 2, height, 0, height];
const images = [
  { id: 7, height, width, file_name: "000007.jpg", coco_url: "x/val2017/000007.jpg" },
];
const frame = "bochum_000000_000313";

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "detectron-evaluators-"));
  const { thingDatasetIdToContiguousId: ids, thingClasses = [] } =
    MetadataCatalog.get("coco_2017_val").asDict();
  const categories = Array.from(ids ?? [], ([id, index]) => ({ id, name: thingClasses[index] }));
  const object = {
    id: 1,
    image_id: 7,
    category_id: 1,
    ...half,
    iscrowd: 0,
    segmentation: [polygon],
  };
  await writeHalves("coco/val2017/000007.jpg", [9, 9, 9], [9, 9, 9], "RGB");
  await write("coco/annotations/instances_val2017.json", {
    images,
    categories,
    annotations: [object],
  });
  // Left a person, right "sky-other-merged", the 34th of stuff.
  await writeHalves("coco/panoptic_stuff_val2017/000007.png", [0], [40], "L");
  await writeHalves("coco/panoptic_val2017/000007.png", [1, 0, 0], [2, 0, 0], "RGB");
  await write("coco/annotations/panoptic_val2017.json", {
    images,
    categories: [
      { id: 1, name: "person", isthing: 1 },
      { id: 187, name: "sky-other-merged", isthing: 0 },
    ],
    annotations: [
      {
        image_id: 7,
        file_name: "000007.png",
        segments_info: [
          { id: 1, category_id: 1, iscrowd: 0, ...half },
          { id: 2, category_id: 187, iscrowd: 0, ...half },
        ],
      },
    ],
  });
  await write("lvis/lvis_v1_val.json", {
    images,
    categories: [{ id: 1, name: "aerosol_can", frequency: "c" }],
    annotations: [object],
  });
  const city = (kind: string, name: string) => `cityscapes/${kind}/val/bochum/${frame}_${name}`;
  await writeHalves(city("leftImg8bit", "leftImg8bit.png"), [9, 9, 9], [9, 9, 9], "RGB");
  await write(city("gtFine", "gtFine_instanceIds.png"), gray16(24_000, 23));
});
afterAll(() => rm(root, { recursive: true, force: true }));
beforeEach(() => vi.stubEnv("DETECTRON2_DATASETS", root));
afterEach(() => vi.unstubAllEnvs());

/** A perfect mask of the left half, of the first class. */
const found: DetectionOutput = {
  instances: new Instances([height, width], {
    predBoxes: new Boxes([[0, 0, width / 2, height]]),
    scores: Float32Array.of(0.9),
    predClasses: Int32Array.of(0),
    predMasks: ndarray(
      Uint8Array.from({ length: height * width }, (_, i) => (i % width < width / 2 ? 1 : 0)),
      [1, height, width],
    ),
  }),
};

/** Labels of the two halves. */
const halves = (left: number, right: number) =>
  ndarray(
    Int32Array.from({ length: height * width }, (_, i) => (i % width < width / 2 ? left : right)),
    [height, width],
  );
const segmented = (left: number, right: number): SemSegOutput => ({
  semSeg: { argmax: () => Promise.resolve(halves(left, right)) },
});

/** What the evaluator of a dataset says of an answer to its only image. */
async function evaluate(dataset: string, output: Partial<ModelOutputs>) {
  const [{ fileName, imageId }] = await DatasetCatalog.get(dataset);
  const evaluator = await buildEvaluator(cfg, dataset);
  evaluator.reset();
  await evaluator.process([{ fileName, imageId }], [output]);
  return evaluator.evaluate();
}

describe("buildEvaluator", () => {
  it("measures objects by the rules of COCO and LVIS", async () => {
    expect((await evaluate("coco_2017_val", found))?.segm.AP).toBeCloseTo(100, 9);
    expect((await evaluate("lvis_v1_val", found))?.segm.APc).toBeCloseTo(100, 9);
    expect(await buildEvaluator(cfg, "coco_2017_val")).toBeInstanceOf(COCOEvaluator);
    expect(await buildEvaluator(cfg, "lvis_v1_val")).toBeInstanceOf(LVISEvaluator);
  });

  it("measures pixels of a semantic segmentation", async () => {
    const results = await evaluate("coco_2017_val_panoptic_stuffonly", segmented(0, 40));
    expect(results?.sem_seg.mIoU).toBeCloseTo(100, 9);
    const wrong = await evaluate("coco_2017_val_panoptic_stuffonly", segmented(0, 0));
    expect(wrong?.sem_seg.pACC).toBeCloseTo(50, 9);
  });

  it("measures a panoptic segmentation with all that it is made of", async () => {
    const { stuffDatasetIdToContiguousId } = MetadataCatalog.get(
      "coco_2017_val_panoptic_separated",
    ).asDict();
    const sky = stuffDatasetIdToContiguousId?.get(187) ?? NaN;
    const results = await evaluate("coco_2017_val_panoptic_separated", {
      ...found,
      ...segmented(0, 40),
      panopticSeg: {
        panopticSeg: halves(1, 2),
        segmentsInfo: [
          { id: 1, isThing: true, categoryId: 0, score: 0.9 },
          { id: 2, isThing: false, categoryId: sky },
        ],
      },
    });
    expect(Object.keys(results ?? {})).toEqual(["sem_seg", "bbox", "segm", "panoptic_seg"]);
    expect(results?.panoptic_seg.PQ).toBeCloseTo(100, 9);
    expect(results?.segm.AP).toBeCloseTo(100, 9);
  });

  it("measures one range of ids without label maps", async () => {
    const results = await evaluate("coco_2017_val_panoptic", {
      ...found,
      panopticSeg: { panopticSeg: halves(1, -1) },
    });
    expect(Object.keys(results ?? {})).toEqual(["bbox", "segm", "panoptic_seg"]);
  });

  it("measures by Cityscapes' rules, with ids of 16 bits", async () => {
    await write(`cityscapes/gtFine/val/bochum/${frame}_gtFine_polygons.json`, {
      imgHeight: height,
      imgWidth: width,
      objects: [],
    });
    await write(`cityscapes/gtFine/val/bochum/${frame}_gtFine_labelTrainIds.png`, {});
    expect((await evaluate("cityscapes_fine_instance_seg_val", found))?.segm.AP).toBeCloseTo(
      100,
      9,
    );
    const { sem_seg } = (await evaluate("cityscapes_fine_sem_seg_val", segmented(11, 10))) ?? {};
    expect(sem_seg).toEqual({ IoU: 100, iIoU: 100, IoU_sup: 100, iIoU_sup: 100 });
  });

  it("names what a model does not give", async () => {
    const error = await evaluate("coco_2017_val_panoptic_stuffonly", found).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(MissingOutputError);
    expect(error).toMatchObject({ output: "semSeg", got: ["instances"] });
    await expect(evaluate("cityscapes_fine_instance_seg_val", {})).rejects.toThrow(
      "the model gives nothing",
    );
  });

  it("names a type that there is no evaluator of", async () => {
    MetadataCatalog.get("unmeasurable").set({ evaluatorType: "magic" });
    await expect(buildEvaluator(cfg, "unmeasurable")).rejects.toThrow(UnknownEvaluatorError);
    await expect(buildEvaluator(cfg, "unmeasurable")).rejects.toThrow("cityscapes_sem_seg");
  });
});
