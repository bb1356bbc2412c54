import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { configure, getCfg } from "@detectron-ts/config";
import { Boxes, BoxMode, Instances, RotatedBoxes } from "@detectron-ts/structures";
import { HFlipTransform, ResizeTransform, TransformList } from "@detectron-ts/transforms";
import { beforeAll, describe, expect, it } from "vitest";

import {
  AnnotationError,
  annotationsToInstancesRotated,
  convertToCocoDict,
  DatasetMapper,
  loadCocoJson,
  MetadataCatalog,
  transformRotatedAnnotation,
  type Annotation,
  type DatasetDict,
} from "../src/index.ts";
import { decodeValue, encodeValue } from "../src/worker/encode-value.ts";
import { temporaryFolder, writePicture } from "./support.ts";

const rotated: Annotation = {
  bbox: [20, 15, 16, 6, 35],
  bboxMode: BoxMode.XYWHA_ABS,
  categoryId: 2,
};
const upright: Annotation = {
  bbox: [10, 10, 30, 20],
  bboxMode: BoxMode.XYXY_ABS,
  categoryId: 0,
};
/** Mirrored in an image 60 wide, then enlarged twice. */
const transforms = new TransformList([
  new HFlipTransform(60),
  new ResizeTransform({ height: 40, width: 60, newHeight: 80, newWidth: 120 }),
]);

let folder: string;
let dict: DatasetDict;
beforeAll(async () => {
  folder = await temporaryFolder();
  const fileName = await writePicture(folder, "rotated.png", 40, 60);
  dict = { fileName, imageId: 1, height: 40, width: 60, annotations: [rotated, upright] };
});

describe("annotations with rotated boxes", () => {
  it("move along with their image, upright ones as boxes with an angle of 0", () => {
    const moved = [rotated, upright].map((annotation) => {
      return transformRotatedAnnotation(annotation, transforms).bbox;
    });
    expect(moved[0]).toBeAllclose([80, 30, 32, 12, -35]);
    expect(moved[1]).toBeAllclose([80, 30, 40, 20, 0]);
  });

  it("become RotatedBoxes, clipped where they are nearly upright", () => {
    const annotations = [rotated, { ...upright, bbox: [-10, 10, 30, 20] }].map((annotation) =>
      transformRotatedAnnotation(annotation, new HFlipTransform(60)),
    );
    const { gtBoxes, gtClasses, imageSize } = annotationsToInstancesRotated(annotations, [40, 60]);
    expect(gtBoxes).toBeInstanceOf(RotatedBoxes);
    expect(gtBoxes.tensor).toBeAllclose([40, 15, 16, 6, -35, 45, 15, 30, 10, 0]);
    expect([...gtClasses]).toEqual([2, 0]);
    expect(imageSize).toEqual([40, 60]);
    const none = annotationsToInstancesRotated([], [40, 60]);
    expect(none.gtBoxes).toEqual(new RotatedBoxes([]));
    expect(none.length).toBe(0);
  });
});

describe("a mapper of rotated boxes", () => {
  it("gives ground truth that moved with the image, without objects that have no extent", async () => {
    const mapper = new DatasetMapper({
      isTrain: true,
      augmentations: [transforms],
      useRotatedBoxes: true,
    });
    const flat: Annotation = { ...rotated, bbox: [20, 15, 16, 0, 35] };
    const crowd: Annotation = { ...rotated, iscrowd: 1 };
    const annotations = [rotated, flat, crowd, upright];
    const { instances } = await mapper.map({ ...dict, annotations });
    expect(instances?.gtBoxes).toBeInstanceOf(RotatedBoxes);
    expect(instances?.gtBoxes.tensor).toBeAllclose([80, 30, 32, 12, -35, 80, 30, 40, 20, 0]);
    expect(instances?.gtClasses).toEqual(Int32Array.of(2, 0));
    const empty = await mapper.map({ ...dict, annotations: [] });
    expect(empty.instances?.gtBoxes).toEqual(new RotatedBoxes([]));
  });

  it("is what configs of rotated models ask for; others get the upright boxes around", async () => {
    const cfg = getCfg();
    cfg.INPUT.RANDOM_FLIP = "none";
    cfg.INPUT.MIN_SIZE_TRAIN = [40];
    const mapWith = async () => {
      const { instances } = await configure(DatasetMapper, [cfg, true]).map(dict);
      return instances?.gtBoxes;
    };
    expect(await mapWith()).not.toBeInstanceOf(RotatedBoxes);
    cfg.MODEL.ROI_HEADS.NAME = "RROIHeads";
    expect(await mapWith()).toBeInstanceOf(RotatedBoxes);
    cfg.MODEL.ROI_HEADS.NAME = "StandardROIHeads";
    cfg.MODEL.PROPOSAL_GENERATOR.NAME = "RRPN";
    expect(await mapWith()).toBeInstanceOf(RotatedBoxes);
  });

  it("refuses a rotated box without an angle", async () => {
    const mapper = new DatasetMapper({ isTrain: true, augmentations: [], useRotatedBoxes: true });
    const annotations = [{ ...rotated, bbox: [20, 15, 16, 6] }];
    await expect(mapper.map({ ...dict, annotations })).rejects.toThrow(AnnotationError);
  });

  it("sends rotated boxes from thread to thread as such", () => {
    const boxes = { rotated: new RotatedBoxes([rotated.bbox]), upright: new Boxes([[1, 2, 3, 4]]) };
    const instances = new Instances([40, 60], boxes);
    const { rotated: got, upright: other } = decodeValue(
      encodeValue(instances).value,
    ) as typeof instances;
    expect(got).toEqual(boxes.rotated);
    expect(got).toBeInstanceOf(RotatedBoxes);
    expect(other).not.toBeInstanceOf(RotatedBoxes);
  });
});

describe("rotated boxes in COCO's format", () => {
  it("are written as five numbers with the area of the box, and read back", async () => {
    const metadata = MetadataCatalog.get("rotated-coco").set({ thingClasses: ["a", "b", "c"] });
    const file = convertToCocoDict([dict], metadata);
    expect(file.annotations?.map(({ bbox, area }) => ({ bbox, area }))).toEqual([
      { bbox: [20, 15, 16, 6, 35], area: 96 },
      { bbox: [10, 10, 20, 10], area: 200 },
    ]);
    const path = join(folder, "rotated.json");
    await writeFile(path, JSON.stringify(file));
    const [{ annotations }] = await loadCocoJson(path, folder, {});
    expect(annotations?.map(({ bboxMode }) => bboxMode)).toEqual([
      BoxMode.XYWHA_ABS,
      BoxMode.XYWH_ABS,
    ]);
    expect(annotations?.[0].bbox).toEqual(rotated.bbox);
    MetadataCatalog.remove("rotated-coco");
  });
});
