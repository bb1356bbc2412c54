import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encode } from "@detectron-ts/coco";
import { getCfg } from "@detectron-ts/config";
import { BoxMode } from "@detectron-ts/structures";
import { beforeAll, describe, expect, it } from "vitest";

import {
  checkData,
  checkDataOptions,
  loadCocoJson,
  suggestBaseLr,
  type Annotation,
  type CheckDataOptions,
  type DatasetDict,
} from "../src/index.ts";
import { temporaryFolder, writeJson, writePicture } from "./support.ts";

let folder: string;
let fileName: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  fileName = await writePicture(folder, "a.png", 30, 40);
});

const good: Annotation = {
  bbox: [1, 1, 20, 20],
  bboxMode: BoxMode.XYXY_ABS,
  categoryId: 0,
  id: 8,
  segmentation: [[1, 1, 20, 1, 20, 20]],
};

/** The kinds of problems, as "severity kind count", of one image with one annotation changed. */
async function kinds(
  annotation: Partial<Annotation>,
  options: CheckDataOptions = {},
  dict: Partial<DatasetDict> = {},
): Promise<string[]> {
  const annotations = [{ ...good, ...annotation }];
  const whole = { fileName, imageId: 1, height: 30, width: 40, annotations, ...dict };
  const { problems } = await checkData([whole], options);
  return problems.map(({ severity, kind, count }) => `${severity} ${kind} ${count}`);
}

describe("checkData", () => {
  it("finds nothing wrong with good data, and counts it", async () => {
    const dict = { fileName, imageId: 1, height: 30, width: 40, annotations: [good, good] };
    const options = { numClasses: 1, thingClasses: ["cat"], maskFormat: "polygon" as const };
    expect(await checkData([dict, dict], options)).toEqual({
      problems: [],
      images: 2,
      annotations: 4,
      classCounts: new Map([[0, 4]]),
      imagesRead: 2,
    });
  });

  it("tells ids off by one from ids out of range", async () => {
    expect(await kinds({ categoryId: 1 }, { numClasses: 1 })).toEqual([
      "error category-off-by-one 1",
    ]);
    expect(await kinds({ categoryId: 7 }, { numClasses: 3 })).toEqual([
      "error category-out-of-range 1",
    ]);
  });

  it("finds a class count that is not the model's", async () => {
    const report = await checkData([], { numClasses: 80, thingClasses: ["a", "b"] });
    expect(report.problems[0].message).toContain("set MODEL.ROI_HEADS.NUM_CLASSES to 2");
  });

  it("finds boxes that are empty, tiny, outside, or not numbers", async () => {
    expect(await kinds({ bbox: [5, 5, 5, 9] })).toEqual(["warning box-empty 1"]);
    expect(await kinds({ bbox: [50, 5, 60, 9] })).toEqual(["warning box-empty 1"]);
    expect(await kinds({ bbox: [5, 5, 6, 9] })).toEqual(["warning box-tiny 1"]);
    expect(await kinds({ bbox: [5, 5, 45, 9] })).toEqual(["warning box-outside 1"]);
    expect(await kinds({ bbox: [-0.5, 5, 40.5, 9] })).toEqual([]);
    expect(await kinds({ bbox: [NaN, 5, 45, 9] })).toEqual(["error box-not-finite 1"]);
  });

  it("finds masks that the model cannot train on", async () => {
    const segmentation = encode(new Uint8Array(1200), [30, 40]);
    const polygon = { maskFormat: "polygon" } as const;
    expect(await kinds({ segmentation }, polygon)).toEqual(["error mask-format 1"]);
    expect(await kinds({ segmentation }, { maskFormat: "bitmask" })).toEqual([]);
    const small = encode(new Uint8Array(4), [2, 2]);
    expect(await kinds({ segmentation: small })).toEqual(["error mask-size 1"]);
    expect(await kinds({ segmentation: [[1, 2, 3, 4]] })).toEqual(["warning polygon 1"]);
    const { segmentation: _, ...bare } = good;
    const dict = { fileName, imageId: 1, annotations: [bare] };
    expect((await checkData([dict], polygon)).problems[0].kind).toBe("mask-missing");
  });

  it("finds files that are missing, broken or of another size", async () => {
    expect(await kinds({}, {}, { fileName: join(folder, "none.png") })).toEqual([
      "error missing-file 1",
    ]);
    const text = join(folder, "text.png");
    await writeFile(text, "not an image");
    expect(await kinds({}, {}, { fileName: text })).toEqual(["error unreadable-image 1"]);
    const { problems } = await checkData([
      { fileName, imageId: 1, height: 40, width: 30, annotations: [good] },
    ]);
    expect(problems[0]).toMatchObject({ kind: "size-mismatch", examples: [{ fileName }] });
    expect(problems[0].message).toContain("EXIF");
  });

  it("puts errors first, and names the first annotations of many", async () => {
    const annotations = Array.from({ length: 9 }, (_, id) => ({ ...good, id, bbox: [1, 1, 1, 1] }));
    const { problems } = await checkData([
      { fileName, imageId: 1, annotations },
      { fileName: "gone.png", imageId: 2, annotations: [] },
    ]);
    expect(problems.map(({ kind, count }) => [kind, count])).toEqual([
      ["missing-file", 1],
      ["box-empty", 9],
      ["no-annotations", 1],
    ]);
    expect(problems[1].examples.map(({ annotationId }) => annotationId)).toEqual([0, 1, 2, 3, 4]);
  });

  it("looks at label maps as well: they are of the size of their image", async () => {
    const dict = { fileName, imageId: 1, annotations: [good] };
    const labels = [fileName, join(folder, "none.png"), await writePicture(folder, "l.png", 5, 5)];
    const { problems } = await checkData(
      labels.map((semSegFileName) => ({ ...dict, semSegFileName })),
    );
    expect(problems).toMatchObject([
      { kind: "missing-file", count: 1, examples: [{ fileName: labels[1] }] },
      { kind: "size-mismatch", count: 1, examples: [{ fileName: labels[2] }] },
    ]);
  });

  it("reads no more images than it may", async () => {
    const dict = { fileName, imageId: 1, annotations: [good] };
    const { imagesRead } = await checkData(
      Array.from({ length: 10 }, () => dict),
      {
        maxImagesToRead: 3,
      },
    );
    expect(imagesRead).toBe(3);
  });

  it("sees the polygons that training leaves out, when the reader keeps them", async () => {
    const file = await writeJson(folder, "coco.json", {
      images: [{ id: 1, file_name: "a.png", height: 30, width: 40 }],
      categories: [{ id: 1, name: "cat" }],
      annotations: [
        { id: 3, image_id: 1, category_id: 1, bbox: [1, 1, 9, 9], segmentation: [[1, 2, 3, 4]] },
      ],
    });
    const dicts = await loadCocoJson(file, folder, {
      datasetName: "check-data",
      dropInvalidPolygons: false,
    });
    const { problems } = await checkData(dicts);
    expect(problems).toMatchObject([{ kind: "polygon", examples: [{ annotationId: 3 }] }]);
  });
});

describe("what a config says", () => {
  it("becomes options, and a learning rate in proportion to the batch", () => {
    const cfg = getCfg();
    expect(checkDataOptions(cfg)).toEqual({ numClasses: 80 });
    cfg.MODEL.MASK_ON = true;
    cfg.MODEL.ROI_HEADS.NUM_CLASSES = 3;
    cfg.SOLVER.IMS_PER_BATCH = 4;
    expect(checkDataOptions(cfg)).toEqual({ numClasses: 3, maskFormat: "polygon" });
    expect(suggestBaseLr(cfg)).toBe(0.005);
    cfg.MODEL.META_ARCHITECTURE = "RetinaNet";
    expect(suggestBaseLr(cfg)).toBe(0.0025);
    expect(checkDataOptions(cfg).numClasses).toBe(80);
  });
});
