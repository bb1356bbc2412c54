import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encode } from "@detectron-ts/coco";
import {
  CorruptImageError,
  ImageNotFoundError,
  NotAnImageError,
  writeImage,
} from "@detectron-ts/image";
import { BoxMode } from "@detectron-ts/structures";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import {
  AnnotationError,
  DatasetCatalog,
  DatasetFileError,
  DatasetMapper,
  DetectionTrainLoader,
  EmptyDatasetError,
  getDetectionDatasetDicts,
  loadCocoJson,
  loadPennFudan,
  loadVocInstances,
  MaskFormatError,
  MetadataCatalog,
  SizeMismatchError,
  TrainingSampler,
  type Annotation,
  type DatasetDict,
} from "../src/index.ts";
import { picture, temporaryFolder, writeJson, writePicture } from "./support.ts";

let folder: string;
let fileName: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  fileName = await writePicture(folder, "a.png", 30, 40);
});

const good: Annotation = { bbox: [1, 1, 20, 20], bboxMode: BoxMode.XYXY_ABS, categoryId: 0, id: 8 };
const mapper = new DatasetMapper({
  isTrain: true,
  augmentations: [],
  useInstanceMask: true,
  instanceMaskFormat: "bitmask",
});
const map = (change: Partial<DatasetDict>) => mapper.map({ fileName, imageId: 1, ...change });
const mapAnnotation = (change: Partial<Annotation>) =>
  map({ annotations: [good, { ...good, ...change, id: 41 }] });

describe("an image file", () => {
  it("that is missing is named", async () => {
    const none = join(folder, "none.jpg");
    await expect(map({ fileName: none })).rejects.toThrow(ImageNotFoundError);
    await expect(map({ fileName: none })).rejects.toThrow("none.jpg");
  });

  it("that is cut short anywhere is named: no picture is half gray", async () => {
    const whole = join(folder, "whole.jpg");
    await writeImage(
      whole,
      picture(64, 64, (x, y) => (x * y) % 256),
    );
    const bytes = await readFile(whole);
    for (const share of [0.3, 0.6, 0.95]) {
      const cut = join(folder, `cut-${share}.jpg`);
      await writeFile(cut, bytes.subarray(0, Math.trunc(bytes.length * share)));
      await expect(map({ fileName: cut })).rejects.toThrow(CorruptImageError);
      await expect(map({ fileName: cut })).rejects.toThrow(`cut-${share}.jpg`);
    }
  });

  it("that is no image, or empty, is named", async () => {
    for (const content of ["", "<html></html>"]) {
      const text = join(folder, "text.jpg");
      await writeFile(text, content);
      await expect(map({ fileName: text })).rejects.toThrow(NotAnImageError);
      await expect(map({ fileName: text })).rejects.toThrow("text.jpg");
    }
  });

  it("of another size than the dataset says is named, and exchanged sides are explained", async () => {
    await expect(map({ height: 30, width: 41 })).rejects.toThrow(SizeMismatchError);
    await expect(map({ height: 30, width: 41 })).rejects.not.toThrow("EXIF");
    await expect(map({ height: 40, width: 30 })).rejects.toThrow("EXIF");
  });

  it("is left out and counted where the loader is told to go on", async () => {
    const dataset = [
      { fileName, imageId: 1, annotations: [good] },
      { fileName: join(folder, "none.jpg"), imageId: 2, annotations: [good] },
    ];
    const broken: unknown[] = [];
    const loader = new DetectionTrainLoader({
      dataset,
      mapper,
      sampler: new TrainingSampler({ size: 2, seed: 1 }),
      totalBatchSize: 2,
      seed: 1,
      prefetchBatches: 0,
      onBrokenImage: (error) => broken.push(error),
    });
    for await (const batch of loader) {
      expect(batch.map(({ imageId }) => imageId)).toEqual([1, 1]);
      break;
    }
    expect(broken.length).toBeGreaterThanOrEqual(1);
    expect(broken[0]).toBeInstanceOf(ImageNotFoundError);
  });
});

describe("an annotation", () => {
  const rle = encode(new Uint8Array(1200).fill(1), [30, 40]);
  it.each([
    ["a box that is NaN", { bbox: [1, NaN, 3, 4] }, "has bbox [1, NaN, 3, 4]"],
    ["an infinite box", { bbox: [1, 2, Infinity, 4] }, "has bbox [1, 2, Infinity, 4]"],
    ["a box of three numbers", { bbox: [1, 2, 3] }, "has bbox [1, 2, 3]"],
    ["a polygon of two corners", { segmentation: [[1, 2, 3, 4]] }, "a polygon of 4 coordinates"],
    ["an odd polygon", { segmentation: [[1, 2, 3, 4, 5, 6, 7]] }, "a polygon of 7 coordinates"],
    ["a polygon that is NaN", { segmentation: [[1, 2, 3, 4, 5, NaN]] }, "not finite"],
    [
      "a mask of another size",
      { segmentation: encode(new Uint8Array(1200), [40, 30]) },
      "has a mask of height 40 and width 30; its image has 30 and 40",
    ],
    [
      "a mask cut short",
      { segmentation: { ...rle, counts: String(rle.counts).slice(0, 1) } },
      "has a broken mask",
    ],
    [
      "runs beyond the mask",
      { segmentation: { size: [30, 40] as const, counts: [0, 5000] } },
      "has a broken mask",
    ],
  ])("with %s is named beside its image", async (_, change, message) => {
    const mapping = mapAnnotation(change);
    await expect(mapping).rejects.toThrow(AnnotationError);
    await expect(mapping).rejects.toMatchObject({ annotationId: 41, file: fileName });
    await expect(mapping).rejects.toThrow(message);
  });

  it("is named by its place where it has no id", async () => {
    const { id: _, ...nameless } = { ...good, bbox: [NaN, 0, 0, 0] };
    await expect(map({ annotations: [good, nameless] })).rejects.toMatchObject({ annotationId: 1 });
  });

  it("whose mask is of the wrong kind, or missing, is named beside its image", async () => {
    const polygons = new DatasetMapper({
      isTrain: true,
      augmentations: [],
      useInstanceMask: true,
    });
    const wrongKind = polygons.map({
      fileName,
      imageId: 1,
      annotations: [{ ...good, segmentation: rle }],
    });
    await expect(wrongKind).rejects.toThrow(MaskFormatError);
    await expect(wrongKind).rejects.toMatchObject({ fileName, annotationId: 8 });
    const missing = map({
      annotations: [
        { ...good, segmentation: rle },
        { ...good, id: 41 },
      ],
    });
    await expect(missing).rejects.toMatchObject({ fileName, annotationId: 41 });
    await expect(missing).rejects.toThrow("Annotation 41 has no segmentation");
  });

  it("is clipped where it reaches over the border, and left out where nothing remains", async () => {
    const { instances } = await map({
      annotations: [
        { ...good, bbox: [-5, 5, 50, 9] },
        { ...good, bbox: [50, 5, 60, 9] },
        { ...good, bbox: [10, 10, 5, 12] },
      ],
    });
    expect([...(instances?.gtBoxes.data ?? [])]).toEqual([0, 5, 40, 9]);
  });
});

describe("a dataset", () => {
  const name = "broken-data";
  afterEach(() => {
    DatasetCatalog.remove(name);
    MetadataCatalog.remove(name);
  });

  async function load(annotations: readonly Annotation[], thingClasses?: readonly string[]) {
    const dict = { fileName, imageId: 1, height: 30, width: 40, annotations };
    DatasetCatalog.register(name, () => [dict, { ...dict, imageId: 2 }]);
    MetadataCatalog.get(name).set(thingClasses ? { thingClasses } : {});
    const warn = vi.fn<(message: string) => void>();
    return { dicts: await getDetectionDatasetDicts([name], { warn }), warn };
  }

  it("tells once how many boxes are left out, and where the first is", async () => {
    const { dicts, warn } = await load([
      good,
      { ...good, id: 9, bbox: [10, 10, 5, 12] },
      { ...good, id: 10, bbox: [50, 5, 60, 9] },
      { ...good, id: 11, bbox: [5, 5, 5, 9], iscrowd: 1 },
    ]);
    expect(dicts).toHaveLength(2);
    expect(warn.mock.calls).toEqual([
      [
        "4 boxes without extent inside their image are left out of training; first " +
          `annotation 9 of ${fileName}`,
      ],
    ]);
  });

  it("with a class that there is not is refused before an image is loaded", async () => {
    const loading = load([good, { ...good, categoryId: 2, id: 41 }], ["cat", "dog"]);
    await expect(loading).rejects.toThrow(AnnotationError);
    await expect(loading).rejects.toThrow("has category 2, wanted an integer from 0 to 1");
    await expect(loading).rejects.toMatchObject({ annotationId: 41, file: fileName });
  });

  it("with a class below 0, or a box that is NaN, is refused", async () => {
    await expect(load([{ ...good, categoryId: -1 }])).rejects.toThrow("has category -1");
  });

  it("with a box that is NaN is refused before an image is loaded", async () => {
    await expect(load([{ ...good, bbox: [NaN, 1, 2, 3] }])).rejects.toThrow(
      "annotation 8 has bbox [NaN, 1, 2, 3]",
    );
  });

  it("without an annotation in all its images has nothing to train on", async () => {
    await expect(load([])).rejects.toThrow(EmptyDatasetError);
  });
});

describe("a file in COCO's format", () => {
  const content = {
    images: [{ id: 1, file_name: "a.png", height: 30, width: 40 }],
    categories: [{ id: 90, name: "cat" }],
    annotations: [{ id: 41, image_id: 1, category_id: 90, bbox: [1, 1, 9, 9] }],
  };

  async function loadText(text: string): Promise<DatasetDict[]> {
    const file = join(folder, "broken.json");
    await writeFile(file, text);
    return loadCocoJson(file, folder);
  }

  it.each([
    ["empty", "", "is not valid JSON"],
    ["cut short", JSON.stringify(content).slice(0, 60), "is not valid JSON"],
    ["a list", "[]", "is not a JSON object"],
    ["without images", JSON.stringify({ ...content, images: undefined }), 'no list "images"'],
    ["with images that are no list", '{"images": {}}', 'no list "images"'],
    ["with an image without a name", '{"images": [{"id": 1}]}', "images[0] needs an id"],
    [
      "with a category without a name",
      JSON.stringify({ ...content, categories: [{ id: 1 }] }),
      "categories[0] needs a numeric id and a name",
    ],
    [
      "with an image of no height",
      JSON.stringify({ ...content, images: [{ ...content.images[0], height: 0 }] }),
      "image 1 has height 0",
    ],
    [
      "with an image that is there twice",
      JSON.stringify({ ...content, images: [content.images[0], content.images[0]] }),
      "image 1 is there twice",
    ],
    [
      "with a category that is there twice",
      JSON.stringify({ ...content, categories: [content.categories[0], { id: 90, name: "dog" }] }),
      "category 90 is there twice",
    ],
  ])("that is %s is named", async (_, text, message) => {
    await expect(loadText(text)).rejects.toThrow(DatasetFileError);
    await expect(loadText(text)).rejects.toThrow(message);
    await expect(loadText(text)).rejects.toThrow("broken.json");
  });

  it.each(["NaN", "Infinity", "-Infinity"])("says which box is %s", async (number) => {
    const text = JSON.stringify(content).replace("[1,1,9,9]", `[1, ${number}, 9, 9]`);
    await expect(loadText(text)).rejects.toThrow(
      `annotation 41 has bbox [1, ${number}, 9, 9], wanted four finite numbers`,
    );
    await expect(loadText(text)).rejects.toMatchObject({ annotationId: 41 });
  });

  it("may have NaN where nobody reads it, and in names", async () => {
    const named = { ...content, categories: [{ id: 90, name: 'a \\"NaN' }] };
    const text = JSON.stringify(named).replace('"id":41', '"id":41,"score":NaN');
    expect((await loadText(text))[0].annotations).toHaveLength(1);
  });

  it("says whose runs do not make up the mask", async () => {
    const segmentation = { size: [30, 40], counts: [5, 5] };
    const annotations = [{ ...content.annotations[0], segmentation }];
    const loading = loadText(JSON.stringify({ ...content, annotations }));
    await expect(loading).rejects.toThrow(AnnotationError);
    await expect(loading).rejects.toThrow("annotation 41 has a broken mask");
  });

  it("may be without annotations; then there is nothing to train on", async () => {
    const [dict] = await loadText(JSON.stringify({ ...content, annotations: [] }));
    expect(dict.annotations).toEqual([]);
    const file = await writeJson(folder, "no-images.json", {
      images: [],
      categories: [],
      annotations: [],
    });
    DatasetCatalog.register("broken-empty", () => loadCocoJson(file, folder));
    await expect(getDetectionDatasetDicts(["broken-empty"])).rejects.toThrow(EmptyDatasetError);
    DatasetCatalog.remove("broken-empty");
  });
});

describe("other formats", () => {
  it.each([
    ["no size", "<annotation/>", "<annotation> has no <size>"],
    ["an empty file", "", "is not well-formed XML"],
    ["a file cut short", "<annotation><size><width>4", "is not well-formed XML"],
    [
      "a box without a side",
      "<annotation><size><width>4</width><height>4</height></size>" +
        "<object><name>cat</name><bndbox><xmin>1</xmin></bndbox></object></annotation>",
      "<bndbox> has no <ymin>",
    ],
  ])("VOC: %s is named", async (_, xml, message) => {
    const root = join(folder, "voc");
    await mkdir(join(root, "ImageSets", "Main"), { recursive: true });
    await mkdir(join(root, "Annotations"), { recursive: true });
    await writeFile(join(root, "ImageSets", "Main", "train.txt"), "x\n");
    await writeFile(join(root, "Annotations", "x.xml"), xml);
    await expect(loadVocInstances(root, "train")).rejects.toThrow(DatasetFileError);
    await expect(loadVocInstances(root, "train")).rejects.toThrow(message);
    await expect(loadVocInstances(root, "train")).rejects.toThrow("x.xml");
  });

  it("Penn-Fudan: a mask that is broken or of another size than its image is named", async () => {
    const root = join(folder, "penn");
    await mkdir(join(root, "PNGImages"), { recursive: true });
    await mkdir(join(root, "PedMasks"));
    await writePicture(join(root, "PNGImages"), "p.png", 6, 8);
    await writeFile(join(root, "PedMasks", "p_mask.png"), "");
    await expect(loadPennFudan(root)).rejects.toThrow("p_mask.png");
    await writePicture(join(root, "PedMasks"), "p_mask.png", 8, 6);
    const [dict] = await loadPennFudan(root);
    await expect(mapper.map(dict)).rejects.toThrow(SizeMismatchError);
    await expect(mapper.map(dict)).rejects.toThrow("p.png");
  });
});
