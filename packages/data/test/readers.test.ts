import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { area, decode } from "@detectron-ts/coco";
import { writeImage } from "@detectron-ts/image";
import { BoxMode } from "@detectron-ts/structures";
import { beforeAll, describe, expect, it, vi } from "vitest";

import {
  AnnotationError,
  CatalogError,
  convertToCocoDict,
  convertToCocoJson,
  DatasetCatalog,
  DatasetFileError,
  isRle,
  loadCocoJson,
  loadPennFudan,
  loadVocInstances,
  MetadataCatalog,
  MetadataError,
  registerCocoInstances,
  registerPascalVoc,
  registerPennFudan,
} from "../src/index.ts";
import { picture, temporaryFolder, writeJson } from "./support.ts";

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

const triangle = [10, 10, 50, 10, 50, 50];
const images = [
  { id: 7, file_name: "b.png", height: 60, width: 80 },
  { id: 2, file_name: "a.png", height: 60, width: 80 },
];
const categories = [
  { id: 9, name: "zebra" },
  { id: 3, name: "cat" },
];
const base = { image_id: 7, category_id: 9, bbox: [10, 10, 40, 40], iscrowd: 0 };

/** Loads a file with some annotations. */
async function load(name: string, annotations: object[], datasetName?: string) {
  const file = await writeJson(folder, `${name}.json`, { images, categories, annotations });
  const warn = vi.fn<(message: string) => void>();
  const dicts = await loadCocoJson(file, "/pictures", {
    warn,
    ...(datasetName && { datasetName }),
  });
  return { dicts, warn, file };
}

describe("loadCocoJson", () => {
  it("sorts images by id and gives those without annotations an empty list", async () => {
    const { dicts } = await load("order", [{ ...base, id: 1 }]);
    expect(dicts).toMatchObject([
      { fileName: "/pictures/a.png", imageId: 2, height: 60, width: 80, annotations: [] },
      { imageId: 7, annotations: [{ bbox: base.bbox, bboxMode: BoxMode.XYWH_ABS, id: 1 }] },
    ]);
  });

  it("takes absolute names of images as they are, and files with a byte-order mark", async () => {
    const file = join(folder, "absolute.json");
    const content = { images: [{ id: 1, file_name: "/other/a.png" }], categories: [] };
    await writeFile(file, `\uFEFF${JSON.stringify({ ...content, annotations: [] })}`);
    expect((await loadCocoJson(file, "/pictures"))[0].fileName).toBe("/other/a.png");
  });

  it("maps categories in the order of their ids, and tells the metadata", async () => {
    const { dicts } = await load("mapped", [{ ...base, id: 1 }], "readers-mapped");
    expect(dicts[1].annotations?.[0].categoryId).toBe(1);
    const metadata = MetadataCatalog.get("readers-mapped");
    expect(metadata.get("thingClasses")).toEqual(["cat", "zebra"]);
    expect([...metadata.get("thingDatasetIdToContiguousId")]).toEqual([
      [3, 0],
      [9, 1],
    ]);
    const unnamed = await load("unmapped", [{ ...base, id: 1 }]);
    expect(unnamed.dicts[1].annotations?.[0].categoryId).toBe(9);
  });

  it("drops polygons that are none, and an annotation that has no other", async () => {
    const { dicts, warn } = await load("polygons", [
      { ...base, id: 1, segmentation: [triangle, [1, 2, 3, 4], [1, 2, 3, 4, 5, 6, 7]] },
      { ...base, id: 2, segmentation: [[1, 2, 3, 4]] },
      { ...base, id: 3, segmentation: [] },
      { ...base, id: 4 },
    ]);
    expect(dicts[1].annotations?.map(({ id, segmentation }) => [id, segmentation])).toEqual([
      [1, [triangle]],
      [3, undefined],
      [4, undefined],
    ]);
    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.calls[0][0]).toContain("left out 1 annotations");
  });

  it("compresses lists of runs, keeps crowds, and moves keypoints by half a pixel", async () => {
    const { dicts } = await load("rle", [
      { ...base, id: 1, iscrowd: 1, segmentation: { size: [2, 2], counts: [1, 2, 1] } },
      { ...base, id: 2, keypoints: [1, 2, 2, 0, 0, 0] },
    ]);
    const [crowd, person] = dicts[1].annotations ?? [];
    expect(crowd.iscrowd).toBe(1);
    const { segmentation } = crowd;
    if (!segmentation || !isRle(segmentation)) throw new Error("wanted a run-length encoding");
    expect(typeof segmentation.counts).toBe("string");
    expect([...decode(segmentation)]).toEqual([0, 1, 1, 0]);
    expect(person.keypoints).toEqual([1.5, 2.5, 2, 0.5, 0.5, 0]);
  });

  it("tells the metadata the names of keypoints, and which are whose mirror images", async () => {
    const read = async (name: string, keypoints: unknown) => {
      const file = await writeJson(folder, `${name}.json`, {
        images,
        categories: [{ id: 1, name: "person", keypoints }],
        annotations: [],
      });
      await loadCocoJson(file, "", { datasetName: name });
      return MetadataCatalog.get(name).asDict();
    };
    const names = ["nose", "left_eye", "right_eye"];
    expect(await read("readers-keypoints", names)).toMatchObject({
      keypointNames: names,
      keypointFlipMap: [["left_eye", "right_eye"]],
    });
    const unpaired = await read("readers-unpaired", ["left_eye", "nose"]);
    expect(unpaired).toHaveProperty("keypointNames");
    expect(unpaired).not.toHaveProperty("keypointFlipMap");
    MetadataCatalog.get("readers-known").set({ keypointNames: ["a"], keypointFlipMap: [] });
    expect(await read("readers-known", names)).toMatchObject({ keypointNames: ["a"] });
    await expect(read("readers-nameless", [1, 2])).rejects.toThrow(
      "category 1 has keypoints that are not a list of names",
    );
  });

  it.each([
    ["an empty box", { bbox: [] }, "four finite numbers"],
    ["a box with a hole", { bbox: [1, null, 3, 4] }, "four finite numbers"],
    ["no box", { bbox: undefined }, "has no bbox"],
    ["an unknown image", { image_id: 5 }, "image 5"],
    ["an ignore flag", { ignore: 1 }, "ignore"],
    ["a segmentation of words", { segmentation: "mask" }, "neither polygons"],
    ["keypoints that are no triples", { keypoints: [1, 2] }, "triples"],
    ["an iscrowd that is none", { iscrowd: 2 }, "iscrowd 2"],
  ])("names the file and the annotation for %s", async (_, change, message) => {
    const loading = load("broken", [{ ...base, id: 41, ...change }]);
    await expect(loading).rejects.toThrow(AnnotationError);
    await expect(loading).rejects.toMatchObject({ annotationId: 41 });
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toThrow("broken.json");
  });

  it("names an unknown category beside those there are", async () => {
    const loading = load("category", [{ ...base, id: 1, category_id: 4 }], "readers-category");
    await expect(loading).rejects.toThrow(
      "annotation 1 has category 4; the file's categories are 3, 9",
    );
  });

  it("refuses an id that is there twice, but for COCO's minival", async () => {
    const twice = [
      { ...base, id: 1 },
      { ...base, id: 1 },
    ];
    await expect(load("twice", twice)).rejects.toThrow("annotation 1 is there twice");
    const { dicts } = await load("minival", twice);
    expect(dicts[1].annotations).toHaveLength(2);
  });

  it("names a file that is missing, is no JSON, or lacks a list", async () => {
    await expect(loadCocoJson(join(folder, "none.json"), "")).rejects.toThrow(DatasetFileError);
    const broken = join(folder, "nan.json");
    await writeFile(broken, '{"images": [nan]}');
    await expect(loadCocoJson(broken, "")).rejects.toThrow("is not valid JSON");
    const empty = await writeJson(folder, "empty.json", { images: [] });
    await expect(loadCocoJson(empty, "")).rejects.toThrow('has no list "categories"');
  });
});

describe("the catalogs", () => {
  it("register a COCO file lazily, once per name", async () => {
    const { file } = await load("registered", [{ ...base, id: 1 }]);
    registerCocoInstances("readers-registered", {}, file, "/pictures");
    expect(DatasetCatalog.list()).toContain("readers-registered");
    expect(MetadataCatalog.get("readers-registered").get("evaluatorType")).toBe("coco");
    expect(await DatasetCatalog.get("readers-registered")).toHaveLength(2);
    expect(await DatasetCatalog.get("readers-registered")).toHaveLength(2);
    expect(() => DatasetCatalog.register("readers-registered", () => [])).toThrow(CatalogError);
    DatasetCatalog.remove("readers-registered");
    await expect(DatasetCatalog.get("readers-registered")).rejects.toThrow("is not registered");
    expect(() => DatasetCatalog.remove("readers-registered")).toThrow(CatalogError);
  });

  it("keep a value of the metadata once it is set", () => {
    const metadata = MetadataCatalog.get("readers-metadata").set({ thingClasses: ["a"] });
    expect(MetadataCatalog.get("readers-metadata")).toBe(metadata);
    expect(() => metadata.set({ thingClasses: ["a"], year: 2007 })).not.toThrow();
    expect(() => metadata.set({ thingClasses: ["b"] })).toThrow(MetadataError);
    expect(() => metadata.get("stuffClasses")).toThrow("set are thingClasses, year");
    expect(metadata.asDict()).toEqual({ thingClasses: ["a"], year: 2007 });
    MetadataCatalog.remove("readers-metadata");
    expect(() => MetadataCatalog.remove("readers-metadata")).toThrow(CatalogError);
  });
});

describe("convertToCocoJson", () => {
  it("writes what loadCocoJson reads back", async () => {
    const annotations = [
      { ...base, id: 5, bbox: [10.12345, 10, 40, 40], segmentation: [triangle] },
      { ...base, id: 6, segmentation: { size: [2, 2], counts: [1, 2, 1] } },
      { ...base, id: 7, category_id: 3, keypoints: [1, 2, 2, 0, 0, 0] },
    ];
    const { dicts } = await load("converted", annotations, "readers-converted");
    const metadata = MetadataCatalog.get("readers-converted");
    const coco = convertToCocoDict(dicts, metadata);
    expect(coco.categories).toEqual([
      { id: 3, name: "cat" },
      { id: 9, name: "zebra" },
    ]);
    expect(coco.annotations).toMatchObject([
      { id: 1, image_id: 7, category_id: 9, bbox: [10.123, 10, 40, 40], area: 800, iscrowd: 0 },
      { id: 2, category_id: 9, area: 2 },
      { id: 3, category_id: 3, area: 1600, keypoints: [1, 2, 2, 0, 0, 0], num_keypoints: 1 },
    ]);

    DatasetCatalog.register("readers-converted", () => dicts);
    const output = join(folder, "sub", "output.json");
    await convertToCocoJson("readers-converted", output);
    const again = await loadCocoJson(output, "", { datasetName: "readers-converted" });
    expect(again.map(({ annotations: list }) => list?.length)).toEqual([0, 3]);
    await writeFile(output, "kept");
    await convertToCocoJson("readers-converted", output);
    expect(await readFile(output, "utf8")).toBe("kept");
    await convertToCocoJson("readers-converted", output, { allowCached: false });
    expect(await readFile(output, "utf8")).toContain("zebra");
  });
});

describe("loadVocInstances", () => {
  const object = (name: string, box: string) =>
    `<object><name>${name}</name><difficult>1</difficult><bndbox>${box}</bndbox></object>`;
  const box = "<xmin>1</xmin><ymin>11</ymin><xmax>20.5</xmax><ymax>30</ymax>";

  async function write(id: string, xml: string): Promise<string> {
    const root = join(folder, `voc-${id}`);
    await mkdir(join(root, "ImageSets", "Main"), { recursive: true });
    await mkdir(join(root, "Annotations"), { recursive: true });
    await writeFile(join(root, "ImageSets", "Main", "train.txt"), `${id} 1\n\n`);
    await writeFile(join(root, "Annotations", `${id}.xml`), xml);
    return root;
  }
  const size = "<size><width>40</width><height>30</height><depth>3</depth></size>";

  it("takes 1 from the left and the top only, difficult objects included", async () => {
    const root = await write("x", `<annotation>${size}${object("dog", box)}</annotation>`);
    expect(await loadVocInstances(root, "train")).toEqual([
      {
        fileName: join(root, "JPEGImages", "x.jpg"),
        imageId: "x",
        height: 30,
        width: 40,
        annotations: [
          {
            bbox: [0, 10, 20.5, 30],
            bboxMode: BoxMode.XYXY_ABS,
            categoryId: 11,
            id: 0,
            difficult: true,
          },
        ],
      },
    ]);
  });

  it.each([
    ["class", `<annotation>${size}${object("unicorn", box)}</annotation>`, 'class "unicorn"'],
    ["size", `<annotation>${object("dog", box)}</annotation>`, "<annotation> has no <size>"],
    [
      "number",
      `<annotation>${size}${object("dog", box.replace("11", "?"))}</annotation>`,
      '<ymin> is "?"',
    ],
    ["xml", "<annotation><size></annotation>", "not well-formed"],
  ])("names the file where the %s is wrong", async (id, xml, message) => {
    const loading = loadVocInstances(await write(id, xml), "train");
    await expect(loading).rejects.toThrow(DatasetFileError);
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toThrow(`${id}.xml`);
  });

  it("is registered with its classes, split and year", async () => {
    const root = await write("r", `<annotation>${size}${object("b", box)}</annotation>`);
    registerPascalVoc("readers-voc", root, "train", 2007, ["a", "b"]);
    const [dict] = await DatasetCatalog.get("readers-voc");
    expect(dict.annotations?.[0].categoryId).toBe(1);
    expect(MetadataCatalog.get("readers-voc").asDict()).toMatchObject({
      thingClasses: ["a", "b"],
      split: "train",
      year: 2007,
      evaluatorType: "pascal_voc",
    });
  });

  it("names a split that is missing", async () => {
    await expect(loadVocInstances(folder, "val")).rejects.toThrow("val.txt: cannot be read");
  });
});

describe("loadPennFudan", () => {
  it("makes an object of every value of a mask", async () => {
    const root = join(folder, "penn");
    await mkdir(join(root, "PNGImages"), { recursive: true });
    await mkdir(join(root, "PedMasks"));
    await writeImage(join(root, "PNGImages", "p1.png"), picture(6, 8));
    // Two objects: columns 1–2 of rows 1–4, and columns 5–7 of all rows.
    const mask = picture(6, 8, (x, y) =>
      x >= 5 ? 2 : x >= 1 && x <= 2 && y >= 1 && y <= 4 ? 1 : 0,
    );
    await writeImage(join(root, "PedMasks", "p1_mask.png"), mask);
    const [dict] = await loadPennFudan(root);
    expect(dict).toMatchObject({ imageId: "p1", height: 6, width: 8 });
    expect(dict.annotations?.map(({ bbox, categoryId }) => [bbox, categoryId])).toEqual([
      [[1, 1, 2, 4], 0],
      [[5, 0, 3, 6], 0],
    ]);
    const areas = dict.annotations?.map(({ segmentation }) =>
      segmentation && isRle(segmentation) ? area(segmentation) : undefined,
    );
    expect(areas).toEqual([8, 18]);

    registerPennFudan("readers-penn", root);
    expect(await DatasetCatalog.get("readers-penn")).toEqual([dict]);
    expect(MetadataCatalog.get("readers-penn").get("thingClasses")).toEqual(["person"]);
  });

  it("names an image without a mask, and a folder that is missing", async () => {
    const root = join(folder, "penn-broken");
    await expect(loadPennFudan(root)).rejects.toThrow("PNGImages: is not a folder");
    await mkdir(join(root, "PNGImages"), { recursive: true });
    await mkdir(join(root, "PedMasks"));
    await writeImage(join(root, "PNGImages", "p1.png"), picture(2, 2));
    await expect(loadPennFudan(root)).rejects.toThrow("has no mask p1_mask.png");
  });
});
