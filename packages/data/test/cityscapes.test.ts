import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Bbox, fromPolygons, iou, merge } from "@detectron-ts/coco";
import { beforeAll, describe, expect, it } from "vitest";

import {
  AnnotationError,
  type DatasetDict,
  DatasetFileError,
  isRle,
  loadCityscapesInstances,
  loadCityscapesPanoptic,
  loadCityscapesSemantic,
  MetadataCatalog,
  type Segmentation,
} from "../src/index.ts";
import { temporaryFolder, writeJson } from "./support.ts";

interface RecordedImage {
  readonly file: string;
  readonly image_id: string;
  readonly height: number;
  readonly width: number;
  readonly annotations: readonly {
    readonly bbox: Bbox;
    readonly category_id: number;
    readonly iscrowd: 0 | 1;
    readonly segmentation: Segmentation;
  }[];
}

const golden = fileURLToPath(new URL("./golden/", import.meta.url));
const images = join(golden, "cityscapes/leftImg8bit/val");
const labels = join(golden, "cityscapes/gtFine/val");
const size = [128, 192] as const;
const mask = (segmentation: Segmentation) =>
  isRle(segmentation) ? segmentation : merge(fromPolygons(segmentation, size));

let recorded: { readonly from_json: RecordedImage[]; readonly from_png: RecordedImage[] };
beforeAll(async () => {
  recorded = JSON.parse(await readFile(join(golden, "cityscapes_instances.json"), "utf8"));
});

/** What is the same exactly: images, and which objects they have, in order. */
const outline = (dicts: readonly DatasetDict[]) =>
  dicts.map(({ fileName, imageId, height, width, annotations = [] }) => [
    basename(fileName),
    imageId,
    height,
    width,
    annotations.map(({ categoryId, iscrowd }) => [categoryId, iscrowd]),
  ]);
const recordedOutline = (dicts: readonly RecordedImage[]) =>
  dicts.map(({ file, image_id, height, width, annotations }) => [
    file,
    image_id,
    height,
    width,
    annotations.map(({ category_id, iscrowd }) => [category_id, iscrowd]),
  ]);

describe("loadCityscapesInstances", () => {
  it("cuts off what is covered, as detectron2 does with shapely", async () => {
    const dicts = await loadCityscapesInstances(images, labels);
    expect(outline(dicts)).toEqual(recordedOutline(recorded.from_json));
    dicts.forEach(({ annotations = [] }, image) =>
      annotations.forEach(({ bbox, segmentation = [] }, i) => {
        const expected = recorded.from_json[image].annotations[i];
        bbox.forEach((side, s) => expect(side).toBeCloseTo(expected.bbox[s], 9));
        expect(segmentation).toHaveLength((expected.segmentation as unknown[]).length);
        expect(iou([mask(segmentation)], [mask(expected.segmentation)], [false])[0]).toBe(1);
      }),
    );
    const parts = dicts.flatMap(({ annotations = [] }) =>
      annotations.map(({ segmentation = [] }) => (isRle(segmentation) ? 0 : segmentation.length)),
    );
    expect(Math.max(...parts)).toBeGreaterThan(1);
  });

  it("reads masks from images of instance ids", async () => {
    const dicts = await loadCityscapesInstances(images, labels, { fromJson: false });
    expect(outline(dicts)).toEqual(recordedOutline(recorded.from_png));
    dicts.forEach(({ annotations = [] }, image) =>
      annotations.forEach(({ bbox, segmentation = [] }, i) => {
        const expected = recorded.from_png[image].annotations[i];
        expect(bbox).toEqual(expected.bbox);
        expect(segmentation).toEqual(expected.segmentation);
      }),
    );
  });

  it("gives about the same objects either way", async () => {
    const fromJson = await loadCityscapesInstances(images, labels);
    const fromPng = await loadCityscapesInstances(images, labels, { fromJson: false });
    const [first] = fromPng[0].annotations?.filter(({ iscrowd }) => !iscrowd) ?? [];
    const overlaps = (fromJson[0].annotations ?? [])
      .filter(({ categoryId }) => categoryId === first.categoryId)
      .map(
        ({ segmentation = [] }) =>
          iou([mask(segmentation)], [mask(first.segmentation ?? [])], [false])[0],
      );
    expect(Math.max(...overlaps)).toBeGreaterThan(0.9);
  });

  it("says which object of which file has a label that there is not, or no area", async () => {
    const folder = await temporaryFolder();
    await cp(join(golden, "cityscapes"), folder, { recursive: true });
    const at = (part: string) => join(folder, part, "val");
    const file = join(at("gtFine"), "bochum", "bochum_000000_000313_gtFine_polygons.json");
    const write = (object: object) =>
      writeFile(file, JSON.stringify({ imgHeight: 9, imgWidth: 9, objects: [object] }));
    const corners = [
      [0, 0],
      [5, 0],
      [5, 5],
    ];
    await write({ label: "dragon", polygon: corners });
    const error = await loadCityscapesInstances(at("leftImg8bit"), at("gtFine")).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(AnnotationError);
    expect(error).toMatchObject({ file, annotationId: 0 });
    await write({ label: "car", polygon: corners.slice(1) });
    await expect(loadCityscapesInstances(at("leftImg8bit"), at("gtFine"))).rejects.toThrow(
      "has 2 corners",
    );
    await write({ label: "car" });
    await expect(loadCityscapesInstances(at("leftImg8bit"), at("gtFine"))).rejects.toThrow(
      "objects[0] needs a label and a polygon",
    );
  });
});

describe("loadCityscapesSemantic", () => {
  it("pairs images with label maps of train ids", async () => {
    const dicts = await loadCityscapesSemantic(images, labels);
    expect(dicts).toHaveLength(3);
    expect(dicts[2]).toEqual({
      fileName: join(images, "bochum/bochum_000000_000313_leftImg8bit.png"),
      imageId: "bochum_000000_000313_leftImg8bit.png",
      height: 128,
      width: 192,
      semSegFileName: join(labels, "bochum/bochum_000000_000313_gtFine_labelTrainIds.png"),
    });
  });

  it("says how to make label maps that are missing", async () => {
    const folder = await temporaryFolder();
    await cp(labels, folder, { recursive: true });
    await rm(join(folder, "aachen", "aachen_000000_000019_gtFine_labelTrainIds.png"));
    await expect(loadCityscapesSemantic(images, folder)).rejects.toThrow(
      "createTrainIdLabelImgs.py",
    );
  });
});

describe("loadCityscapesPanoptic", () => {
  const metadata = MetadataCatalog.get("cityscapes_fine_panoptic_val").asDict();
  const segments_info = [
    { id: 7, category_id: 7, iscrowd: 0, area: 9, bbox: [0, 0, 3, 3] },
    { id: 26001, category_id: 26, iscrowd: 0, area: 9, bbox: [3, 0, 3, 3] },
  ];

  async function write(image_id: string, segments: object[] = segments_info): Promise<string> {
    const annotations = [{ image_id, file_name: "a.png", segments_info: segments }];
    return writeJson(await temporaryFolder(), "panoptic.json", { annotations, categories: [] });
  }

  it("gives segments contiguous ids of one range", async () => {
    const frame = "bochum_000000_000313";
    const json = await write(frame);
    await writeFile(json.replace("panoptic.json", "a.png"), "");
    const folder = json.replace("panoptic.json", "");
    const [dict] = await loadCityscapesPanoptic(images, folder, json, metadata);
    expect(dict).toMatchObject({
      imageId: frame,
      semSegFileName: join(labels, "bochum", `${frame}_gtFine_labelTrainIds.png`),
      panSegFileName: join(folder, "a.png"),
      segmentsInfo: [
        { id: 7, categoryId: 0, isThing: false, area: 9 },
        { id: 26001, categoryId: 13, isThing: true, iscrowd: 0 },
      ],
    });
  });

  it("says what is missing", async () => {
    await expect(loadCityscapesPanoptic(images, "", "none.json", metadata)).rejects.toThrow(
      "createPanopticImgs.py",
    );
    const unknown = await write("ulm_000000_000001");
    await expect(loadCityscapesPanoptic(images, "", unknown, metadata)).rejects.toThrow(
      "there is no image ulm_000000_000001",
    );
    const parking = await write("bochum_000000_000313", [{ id: 1, category_id: 9 }]);
    await expect(loadCityscapesPanoptic(images, "", parking, metadata)).rejects.toThrow(
      DatasetFileError,
    );
  });
});
