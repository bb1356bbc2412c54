import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BoxMode } from "@detectron-ts/structures";
import { describe, expect, it } from "vitest";

import {
  AnnotationError,
  DatasetCatalog,
  DatasetFileError,
  loadLvisJson,
  MetadataCatalog,
  readLvisFile,
  registerLvisInstances,
} from "../src/index.ts";
import { temporaryFolder, writeJson } from "./support.ts";

interface RecordedDict {
  readonly file_name: string;
  readonly image_id: number;
  readonly height: number;
  readonly width: number;
  readonly neg: number[];
  readonly not_exhaustive: number[];
  readonly annotations: { bbox: number[]; category_id: number; segmentation: number[][] }[];
}

const golden = (name: string) => fileURLToPath(new URL(`./golden/${name}`, import.meta.url));
const image = { id: 1, height: 9, width: 9, file_name: "a.jpg" };
const categories = [
  { id: 1, name: "ant" },
  { id: 2, name: "bee" },
];
const base = { id: 5, image_id: 1, category_id: 2, bbox: [0, 0, 4, 4], area: 8 };
const triangle = [0, 0, 4, 0, 4, 4];

async function write(annotations: object[] | undefined, images: object[] = [image]) {
  return writeJson(await temporaryFolder(), "lvis.json", { images, categories, annotations });
}

describe("loadLvisJson", () => {
  it("reads what detectron2 reads", async () => {
    const recorded: { dicts: RecordedDict[] } = JSON.parse(
      await readFile(golden("lvis_dicts.json"), "utf8"),
    );
    const dicts = await loadLvisJson(golden("lvis.json"), join("datasets", "coco"));
    expect(
      dicts.map((dict) => ({
        ...dict,
        annotations: dict.annotations?.map(({ bbox, bboxMode, categoryId, segmentation }) => ({
          bbox,
          bboxMode,
          categoryId,
          segmentation,
        })),
      })),
    ).toEqual(
      recorded.dicts.map((dict) => ({
        fileName: join(dict.file_name),
        imageId: dict.image_id,
        height: dict.height,
        width: dict.width,
        negCategoryIds: dict.neg,
        notExhaustiveCategoryIds: dict.not_exhaustive,
        annotations: dict.annotations.map(({ bbox, category_id, segmentation }) => ({
          bbox,
          bboxMode: BoxMode.XYWH_ABS,
          categoryId: category_id,
          segmentation,
        })),
      })),
    );
  });

  it("takes the classes of a version by the dataset's name, else those of the file", async () => {
    const file = await write([{ ...base, segmentation: [triangle] }]);
    registerLvisInstances("insects", {}, file, "");
    const [dict] = await DatasetCatalog.get("insects");
    expect(dict.annotations?.[0].categoryId).toBe(1);
    expect(MetadataCatalog.get("insects").get("thingClasses")).toEqual(["ant", "bee"]);
    expect(MetadataCatalog.get("insects").get("evaluatorType")).toBe("lvis");
    await loadLvisJson(file, "", { datasetName: "my_lvis_v1_part" });
    expect(MetadataCatalog.get("my_lvis_v1_part").get("classImageCount")).toHaveLength(1203);
  });

  it("maps COCO's ids where the classes are COCO's", async () => {
    const file = await writeJson(await temporaryFolder(), "cocofied.json", {
      images: [image],
      categories: [{ id: 90, name: "toothbrush" }],
      annotations: [{ ...base, category_id: 90, segmentation: [triangle] }],
    });
    const [dict] = await loadLvisJson(file, "", { datasetName: "lvis_v0.5_some_cocofied" });
    expect(dict.annotations?.[0].categoryId).toBe(79);
  });

  it("reads test sets, which have no annotations", async () => {
    const file = await write(undefined);
    expect(await loadLvisJson(file, "pictures")).toMatchObject([
      { fileName: join("pictures", "a.jpg"), annotations: [], negCategoryIds: [] },
    ]);
    expect((await readLvisFile(file)).annotations).toBeUndefined();
  });

  it.each([
    ["without a box", { bbox: undefined, segmentation: [triangle] }, "has no bbox"],
    ["without polygons", { segmentation: [] }, "has no polygons"],
    [
      "with a polygon of two corners",
      { segmentation: [triangle, [1, 1, 2, 2]] },
      "fewer than three",
    ],
    ["of an unknown category", { category_id: 3, segmentation: [triangle] }, "has category 3"],
    ["of an unknown image", { image_id: 2, segmentation: [triangle] }, "is of image 2"],
  ])("refuses an annotation %s", async (_, change, message) => {
    const error = await loadLvisJson(await write([{ ...base, ...change }]), "").catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(AnnotationError);
    expect(error).toMatchObject({ annotationId: 5 });
    expect(String(error)).toContain(message);
  });

  it.each([
    ["without a size", { id: 1, file_name: "a.jpg" }, "has height undefined"],
    ["without a name", { id: 1, height: 9, width: 9 }, "neither coco_url nor file_name"],
    ["with strange lists", { ...image, neg_category_ids: 3 }, "neg_category_ids"],
  ])("refuses an image %s", async (_, strange, message) => {
    const error = await loadLvisJson(await write([], [strange]), "").catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(DatasetFileError);
    expect(String(error)).toContain(message);
  });

  it("refuses a category of unknown frequency", async () => {
    const content = { images: [], categories: [{ id: 1, name: "a", frequency: "x" }] };
    const file = await writeJson(await temporaryFolder(), "frequency.json", content);
    await expect(readLvisFile(file)).rejects.toThrow('has frequency "x"');
  });
});
