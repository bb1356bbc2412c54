import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { writeImage } from "@detectron-ts/image";
import ndarray from "ndarray";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import {
  BuiltinDatasetError,
  COCO_CATEGORIES,
  COCO_PERSON_KEYPOINT_NAMES,
  DatasetCatalog,
  DatasetMapper,
  DATASETS_VARIABLE,
  loadCocoPanopticJson,
  MetadataCatalog,
  MetadataError,
  registerAllAde20k,
  registerAllCityscapes,
  registerAllCoco,
  registerAllLvis,
  registerAllPascalVoc,
  registerCocoPanoptic,
  registerCocoPanopticSeparated,
} from "../src/index.ts";
import { picture } from "./support.ts";

const golden = (name: string) => fileURLToPath(new URL(`./golden/${name}`, import.meta.url));
const [height, width] = [48, 64];
let root: string;

/** Writes a file below the folder of datasets. */
async function write(path: string, content: object | string): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
}

async function writePicture(path: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeImage(join(root, path), picture(height, width));
}

async function writeLabels(path: string, value: number): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  const labels = ndarray(new Uint8Array(height * width).fill(value), [height, width, 1]);
  await writeImage(join(root, path), labels, { format: "L" });
}

const things = COCO_CATEGORIES.filter(([, , isThing]) => isThing);
const categories = things.map(([id, name]) => ({ id, name }));
const images = [1, 2].map((id) => ({
  id,
  height,
  width,
  file_name: `00000000000${id}.jpg`,
  coco_url: `http://images.cocodataset.org/val2017/00000000000${id}.jpg`,
}));
const object = {
  id: 1,
  image_id: 1,
  category_id: 90,
  bbox: [8, 8, 20, 10],
  area: 200,
  iscrowd: 0,
  segmentation: [[8, 8, 28, 8, 28, 18, 8, 18]],
};
const keypoints = COCO_PERSON_KEYPOINT_NAMES.flatMap((_, i) => [10 + i, 12, 2]);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "detectron-datasets-"));
  for (const { file_name } of images) await writePicture(`coco/val2017/${file_name}`);
  await write("coco/annotations/instances_val2017.json", {
    images,
    categories,
    annotations: [object],
  });
  await mkdir(join(root, "coco/test2017"));
  await write("coco/annotations/image_info_test-dev2017.json", { images, categories });
  await write("coco/annotations/person_keypoints_val2017.json", {
    images,
    categories: [{ id: 1, name: "person", keypoints: COCO_PERSON_KEYPOINT_NAMES }],
    annotations: [{ ...object, category_id: 1, keypoints, num_keypoints: 17 }],
  });
  for (const { file_name } of images) {
    const png = file_name.replace(".jpg", ".png");
    await writeLabels(`coco/panoptic_stuff_val2017/${png}`, 3);
    await writeLabels(`coco/panoptic_val2017/${png}`, 3);
  }
  await write("coco/annotations/panoptic_val2017.json", {
    images,
    categories: [],
    annotations: images.map(({ id, file_name }) => ({
      image_id: id,
      file_name: file_name.replace(".jpg", ".png"),
      segments_info: [
        { id: 3, category_id: 90, iscrowd: 0, area: 9, bbox: [0, 0, 3, 3] },
        { id: 4, category_id: 92, iscrowd: 0, area: 9, bbox: [3, 0, 3, 3] },
      ],
    })),
  });
  await write("lvis/lvis_v1_val.json", {
    images: images.map((image) => ({ ...image, neg_category_ids: [7] })),
    categories: [{ id: 1203, name: "zucchini", frequency: "c" }],
    annotations: [{ ...object, category_id: 1203 }],
  });
  await cp(golden("cityscapes"), join(root, "cityscapes"), { recursive: true });
  await writePicture("VOC2007/JPEGImages/000001.jpg");
  await write("VOC2007/ImageSets/Main/test.txt", "000001\n");
  await write(
    "VOC2007/Annotations/000001.xml",
    `<annotation><size><width>${width}</width><height>${height}</height></size><object><name>cat</name>
     <bndbox><xmin>9</xmin><ymin>9</ymin><xmax>28</xmax><ymax>18</ymax></bndbox></object></annotation>`,
  );
  await writePicture("ADEChallengeData2016/images/validation/ADE_val_1.jpg");
  await writeLabels("ADEChallengeData2016/annotations_detectron2/validation/ADE_val_1.png", 149);
});
afterAll(() => rm(root, { recursive: true, force: true }));
beforeEach(() => vi.stubEnv(DATASETS_VARIABLE, root));
afterEach(() => vi.unstubAllEnvs());

const map = (isTrain: boolean, options = {}) =>
  new DatasetMapper({ isTrain, augmentations: [], ...options });

describe("a builtin dataset in its folder", () => {
  it("coco_2017_val has COCO's classes, and images that can be mapped", async () => {
    const [dict, other] = await DatasetCatalog.get("coco_2017_val");
    expect(other.annotations).toEqual([]);
    const { instances } = await map(true, { useInstanceMask: true }).map(dict);
    expect([...(instances?.gtClasses ?? [])]).toEqual([79]);
    expect([...(instances?.gtBoxes.data ?? [])]).toEqual([8, 8, 28, 18]);
  });

  it("coco_2017_test-dev has no annotations", async () => {
    expect(await DatasetCatalog.get("coco_2017_test-dev")).toMatchObject([
      { imageId: 1, annotations: [] },
      { imageId: 2, annotations: [] },
    ]);
  });

  it("keypoints_coco_2017_val has keypoints that know how to flip", async () => {
    const [dict] = await DatasetCatalog.get("keypoints_coco_2017_val");
    expect(dict.annotations?.[0].keypoints?.slice(0, 3)).toEqual([10.5, 12.5, 2]);
    const metadata = MetadataCatalog.get("keypoints_coco_2017_val");
    expect(metadata.get("keypointFlipMap")).toHaveLength(8);
    expect(metadata.get("keypointConnectionRules")).toHaveLength(14);
  });

  it("coco_2017_val_panoptic_separated has objects and labels of stuff", async () => {
    const dicts = await DatasetCatalog.get("coco_2017_val_panoptic_separated");
    expect(dicts).toMatchObject([
      {
        imageId: 1,
        annotations: [{ categoryId: 79 }],
        semSegFileName: join(root, "coco/panoptic_stuff_val2017/000000000001.png"),
      },
      { imageId: 2, annotations: [] },
    ]);
    const { semSeg, instances } = await map(true).map(dicts[0]);
    expect(semSeg?.get(5, 5)).toBe(3);
    expect(instances).toHaveLength(1);
  });

  it("coco_2017_val_panoptic_stuffonly has labels alone", async () => {
    const [dict] = await DatasetCatalog.get("coco_2017_val_panoptic_stuffonly");
    expect(dict.annotations).toBeUndefined();
    expect((await map(true).map(dict)).semSeg?.get(0, 0)).toBe(3);
  });

  it("coco_2017_val_panoptic has segments with ids of one range", async () => {
    const [dict] = await DatasetCatalog.get("coco_2017_val_panoptic");
    expect(dict).toMatchObject({
      imageId: 1,
      fileName: join(root, "coco/val2017/000000000001.jpg"),
      panSegFileName: join(root, "coco/panoptic_val2017/000000000001.png"),
      segmentsInfo: [
        { id: 3, categoryId: 79, isThing: true, iscrowd: 0, area: 9, bbox: [0, 0, 3, 3] },
        { id: 4, categoryId: 80, isThing: false },
      ],
    });
  });

  it("lvis_v1_val finds COCO's images, and knows what surely is not in them", async () => {
    const [dict] = await DatasetCatalog.get("lvis_v1_val");
    expect(dict).toMatchObject({
      fileName: join(root, "coco/val2017/000000000001.jpg"),
      negCategoryIds: [7],
      annotations: [{ categoryId: 1202 }],
    });
    expect(MetadataCatalog.get("lvis_v1_val").get("thingClasses")[1202]).toBe("zucchini");
  });

  it("cityscapes_fine_instance_seg_val and its semantic brother have the same images", async () => {
    const instances = await DatasetCatalog.get("cityscapes_fine_instance_seg_val");
    const semantic = await DatasetCatalog.get("cityscapes_fine_sem_seg_val");
    expect(instances.map(({ fileName }) => fileName)).toEqual(
      semantic.map(({ fileName }) => fileName),
    );
    const { instances: objects } = await map(true, { useInstanceMask: true }).map(instances[0]);
    expect(objects?.length).toBeGreaterThan(5);
    const { semSeg } = await map(true).map(semantic[0]);
    expect(new Set(semSeg?.data)).toContain(255);
  });

  it("voc_2007_test has boxes counted from 0", async () => {
    const [dict] = await DatasetCatalog.get("voc_2007_test");
    expect(dict).toMatchObject({ annotations: [{ categoryId: 7, bbox: [8, 8, 28, 18] }] });
  });

  it("ade20k_sem_seg_val has labels", async () => {
    const [dict] = await DatasetCatalog.get("ade20k_sem_seg_val");
    expect((await map(true).map(dict)).semSeg?.get(0, 0)).toBe(149);
  });
});

describe("a builtin dataset that is not all there", () => {
  it("says where it was looked for, what is missing and what is to be there", async () => {
    const error = await DatasetCatalog.get("coco_2017_train").catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BuiltinDatasetError);
    expect(error).toMatchObject({
      dataset: "coco_2017_train",
      root,
      missing: ["coco/train2017/", "coco/annotations/instances_train2017.json"],
      layout: ["coco/train2017/", "coco/annotations/instances_train2017.json"],
      variable: "DETECTRON2_DATASETS",
    });
    expect(String(error)).toContain(`not in the folder ${resolve(root)}`);
    expect(String(error)).toContain("Set DETECTRON2_DATASETS");
  });

  it("is not taken for it when its classes are others", async () => {
    await write("coco/annotations/instances_val2017_100.json", {
      images,
      categories: [{ id: 1, name: "person" }],
      annotations: [],
    });
    await expect(DatasetCatalog.get("coco_2017_val_100")).rejects.toThrow(MetadataError);
    MetadataCatalog.remove("coco_2017_val_100");
  });
});

describe("registering in the place of builtin datasets", () => {
  const remove = (names: readonly string[]) => {
    for (const name of names) {
      DatasetCatalog.remove(name);
      MetadataCatalog.remove(name);
    }
  };

  it("all of a kind, from another folder", async () => {
    vi.stubEnv(DATASETS_VARIABLE, "/nowhere");
    for (const name of MetadataCatalog.list()) MetadataCatalog.remove(name);
    for (const register of [
      registerAllCoco,
      registerAllLvis,
      registerAllCityscapes,
      registerAllPascalVoc,
      registerAllAde20k,
    ]) {
      register(root);
      expect(() => register(root)).toThrow("is already registered");
    }
    expect(DatasetCatalog.list()).toHaveLength(52);
    expect(MetadataCatalog.get("voc_2007_test").get("dirname")).toBe(join(root, "VOC2007"));
    expect(await DatasetCatalog.get("voc_2007_test")).toHaveLength(1);
    remove(DatasetCatalog.list());
    expect(DatasetCatalog.list()).toHaveLength(52);
    await expect(DatasetCatalog.get("voc_2007_test")).rejects.toThrow(BuiltinDatasetError);
  });

  it("one, which then has none of the builtin metadata", () => {
    DatasetCatalog.register("coco_2014_val", () => []);
    expect(DatasetCatalog.builtin("coco_2014_val")).toBeUndefined();
    expect(MetadataCatalog.get("coco_2014_val").asDict()).toEqual({});
    remove(["coco_2014_val"]);
    expect(DatasetCatalog.builtin("coco_2014_val")?.name).toBe("coco_2014_val");
    expect(MetadataCatalog.get("coco_2014_val").get("thingClasses")).toHaveLength(80);
  });

  it("a builtin one may be removed as well", () => {
    DatasetCatalog.remove("lvis_v0.5_test");
    expect(DatasetCatalog.has("lvis_v0.5_test")).toBe(false);
    expect(() => DatasetCatalog.remove("lvis_v0.5_test")).toThrow("is not registered");
  });
});

describe("panoptic datasets of one's own", () => {
  const files = () =>
    [
      join(root, "coco/val2017"),
      join(root, "coco/panoptic_val2017"),
      join(root, "coco/annotations/panoptic_val2017.json"),
    ] as const;
  const instancesJson = () => join(root, "coco/annotations/instances_val2017.json");

  it("are registered in both forms", async () => {
    const standard = MetadataCatalog.get("coco_2017_val_panoptic");
    const thingDatasetIdToContiguousId = standard.get("thingDatasetIdToContiguousId");
    const stuffDatasetIdToContiguousId = standard.get("stuffDatasetIdToContiguousId");
    registerCocoPanoptic(
      "own_panoptic",
      { thingDatasetIdToContiguousId, stuffDatasetIdToContiguousId },
      ...files(),
      instancesJson(),
    );
    expect(MetadataCatalog.get("own_panoptic").get("labelDivisor")).toBe(1000);
    expect(await DatasetCatalog.get("own_panoptic")).toHaveLength(2);
    const stuff = join(root, "coco/panoptic_stuff_val2017");
    registerCocoPanopticSeparated("own_panoptic", {}, ...files(), stuff, instancesJson());
    expect(await DatasetCatalog.get("own_panoptic_separated")).toHaveLength(2);
    expect(await DatasetCatalog.get("own_panoptic_stuffonly")).toHaveLength(2);
    expect(MetadataCatalog.get("own_panoptic_stuffonly").get("evaluatorType")).toBe("sem_seg");
  });

  it("refuse categories that are neither, and images that are not there", async () => {
    const [imageRoot, panopticRoot, json] = files();
    await expect(loadCocoPanopticJson(json, imageRoot, panopticRoot, {})).rejects.toThrow(
      "has category 90, which is neither thing nor stuff",
    );
    const metadata = MetadataCatalog.get("coco_2017_val_panoptic").asDict();
    await expect(loadCocoPanopticJson(json, root, panopticRoot, metadata)).rejects.toThrow(
      "000000000001.jpg: isn't there",
    );
  });

  it("need a label map for every image of the file", async () => {
    const stuff = join(root, "ADEChallengeData2016/annotations_detectron2/validation");
    registerCocoPanopticSeparated("without_labels", {}, ...files(), stuff, instancesJson());
    await expect(DatasetCatalog.get("without_labels_separated")).rejects.toThrow(
      "no label map has the name of an image",
    );
  });
});
