import { encode } from "@detectron-ts/coco";
import { getCfg, configure } from "@detectron-ts/config";
import { BitMasks, BoxMode, PolygonMasks } from "@detectron-ts/structures";
import {
  CropTransform,
  HFlipTransform,
  NoOpTransform,
  RandomFlip,
  ResizeShortestEdge,
  ResizeTransform,
  TransformList,
} from "@detectron-ts/transforms";
import { beforeAll, describe, expect, it } from "vitest";

import {
  annotationsToInstances,
  buildAugmentation,
  createKeypointHflipIndices,
  DataOptionError,
  DatasetMapper,
  filterEmptyInstances,
  KeypointFlipError,
  MaskFormatError,
  MetadataCatalog,
  SizeMismatchError,
  transformInstanceAnnotations,
  type Annotation,
} from "../src/index.ts";
import { temporaryFolder, writePicture } from "./support.ts";

const noOp = new NoOpTransform();
const box: Annotation = { bbox: [10, 10, 200, 300], bboxMode: BoxMode.XYXY_ABS, categoryId: 3 };

describe("transformInstanceAnnotations", () => {
  it("flips a box as detectron2 does", () => {
    const { bbox } = transformInstanceAnnotations(box, new HFlipTransform(400), [400, 400]);
    expect([...bbox]).toEqual([200, 10, 390, 300]);
  });

  it("converts the mode of a box and clips it to the image", () => {
    const wide = { ...box, bbox: [-5, 10, 200, 300], bboxMode: BoxMode.XYWH_ABS };
    const { bbox } = transformInstanceAnnotations(wide, noOp, [250, 150]);
    expect([...bbox]).toEqual([0, 10, 150, 250]);
  });

  it("moves polygons and run-length encodings", () => {
    const polygon = { ...box, segmentation: [[1, 1, 3, 1, 3, 3]] };
    const flip = new HFlipTransform(4);
    expect(transformInstanceAnnotations(polygon, flip, [3, 4]).segmentation).toEqual([
      Float64Array.of(3, 1, 1, 1, 1, 3),
    ]);
    const rle = { ...box, segmentation: encode(Uint8Array.of(1, 0, 0, 0, 1, 1), [2, 3]) };
    const list = new TransformList([
      new HFlipTransform(3),
      new ResizeTransform({ height: 2, width: 3, newHeight: 4, newWidth: 6 }),
    ]);
    const { segmentation } = transformInstanceAnnotations(rle, list, [4, 6]);
    expect(segmentation).toMatchObject({ shape: [4, 6] });
    const rows = [0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0];
    expect(segmentation).toMatchObject({ data: Uint8Array.from(rows) });
  });

  it("hides keypoints that leave the image, and zeroes hidden ones", () => {
    const annotation = { ...box, keypoints: [4, 4, 2, 20, 4, 2, 5, 5, 0, 10, 10, 1] };
    const crop = new CropTransform({ x0: 0, y0: 0, width: 10, height: 10 });
    const { keypoints } = transformInstanceAnnotations(annotation, crop, [10, 10]);
    expect([...(keypoints ?? [])]).toEqual([4, 4, 2, 0, 0, 0, 0, 0, 0, 10, 10, 1]);
  });

  it("exchanges left and right keypoints in a mirror, but not in two", () => {
    const annotation = { ...box, keypoints: [1, 1, 2, 3, 1, 1] };
    const flip = new HFlipTransform(4);
    const options = { keypointHflipIndices: [1, 0] };
    const once = transformInstanceAnnotations(annotation, flip, [4, 4], options);
    expect([...(once.keypoints ?? [])]).toEqual([1, 1, 1, 3, 1, 2]);
    const list = new TransformList([flip, flip]);
    const twice = transformInstanceAnnotations(annotation, list, [4, 4]);
    expect([...(twice.keypoints ?? [])]).toEqual(annotation.keypoints);
    expect(() => transformInstanceAnnotations(annotation, flip, [4, 4])).toThrow(KeypointFlipError);
    const three = { keypointHflipIndices: [0, 1, 2] };
    expect(() => transformInstanceAnnotations(annotation, flip, [4, 4], three)).toThrow(
      "length 3 for 2",
    );
  });

  it("knows the flip indices from the metadata", () => {
    const metadata = MetadataCatalog.get("mapper-keypoints").set({
      keypointNames: ["nose", "left_eye", "right_eye"],
      keypointFlipMap: [["left_eye", "right_eye"]],
    });
    expect(createKeypointHflipIndices(metadata)).toEqual([0, 2, 1]);
    const wrong = MetadataCatalog.get("mapper-wrong").set({
      keypointNames: ["nose"],
      keypointFlipMap: [["nose", "ear"]],
    });
    expect(() => createKeypointHflipIndices(wrong)).toThrow(DataOptionError);
    const silent = MetadataCatalog.get("mapper-silent").set({ keypointNames: ["nose"] });
    expect(() => createKeypointHflipIndices(silent)).toThrow("keypointFlipMap");
  });
});

describe("annotationsToInstances", () => {
  const polygon = { ...box, bbox: [0, 0, 4, 4], segmentation: [[0, 0, 4, 0, 4, 4, 0, 4]] };
  const transformed = transformInstanceAnnotations(polygon, noOp, [8, 8]);
  const bitmap = transformInstanceAnnotations(
    { ...box, segmentation: encode(new Uint8Array(64).fill(1), [8, 8]) },
    noOp,
    [8, 8],
  );

  it("without annotations has zero boxes and neither masks nor keypoints", () => {
    const instances = annotationsToInstances([], [8, 8]);
    expect(instances.length).toBe(0);
    expect(Object.keys(instances.fields())).toEqual(["gtBoxes", "gtClasses"]);
    expect(filterEmptyInstances(instances).length).toBe(0);
  });

  it("makes polygons, or bitmaps of polygons and bitmaps alike", () => {
    const instances = annotationsToInstances([transformed], [8, 8]);
    expect(instances.gtClasses).toEqual(Int32Array.of(3));
    expect(instances.gtMasks).toBeInstanceOf(PolygonMasks);
    const { gtMasks } = annotationsToInstances([transformed, bitmap], [8, 8], "bitmask");
    if (!(gtMasks instanceof BitMasks)) throw new Error("wanted bitmaps");
    const sums = [0, 1].map((i) => gtMasks.select(i).tensor.data.reduce((a, b) => a + b, 0));
    expect(sums).toEqual([16, 64]);
  });

  it("refuses bitmaps as polygons, masks of another size, and objects without a mask", () => {
    expect(() => annotationsToInstances([bitmap], [8, 8])).toThrow(
      'INPUT.MASK_FORMAT to "bitmask"',
    );
    expect(() => annotationsToInstances([bitmap], [4, 8], "bitmask")).toThrow(MaskFormatError);
    const { segmentation: _, ...bare } = transformed;
    expect(() => annotationsToInstances([transformed, bare], [8, 8])).toThrow("no segmentation");
  });

  it("drops objects without extent or without a mask", () => {
    const empty = { ...transformed, bbox: Float64Array.of(1, 1, 1, 5) };
    const cutAway = { ...transformed, segmentation: [] };
    const instances = annotationsToInstances([empty, transformed, cutAway], [8, 8]);
    expect(filterEmptyInstances(instances).length).toBe(1);
    expect(filterEmptyInstances(instances, { byMask: false }).length).toBe(2);
    expect(filterEmptyInstances(instances, { byBox: false, byMask: false })).toBe(instances);
  });
});

describe("DatasetMapper", () => {
  let fileName: string;
  beforeAll(async () => {
    fileName = await writePicture(await temporaryFolder(), "a.png", 30, 40);
  });
  const square = { bbox: [0, 0, 20, 20], bboxMode: BoxMode.XYXY_ABS, categoryId: 0 };

  it("in training gives channels first, the file's size, and objects without crowds", async () => {
    const mapper = new DatasetMapper({
      isTrain: true,
      augmentations: [new ResizeShortestEdge({ shortEdgeLength: 15 }), new RandomFlip({ prob: 1 })],
    });
    const annotations: Annotation[] = [
      { ...square, segmentation: [[0, 0, 1, 1, 2, 0]] },
      { ...square, iscrowd: 1 },
      { ...square, bbox: [5, 5, 5, 9] },
    ];
    const input = await mapper.map({ fileName, imageId: 1, annotations });
    expect(input.image.shape).toEqual([3, 15, 20]);
    expect(input).toMatchObject({ fileName, imageId: 1, height: 30, width: 40 });
    expect([...(input.instances?.gtBoxes.data ?? [])]).toEqual([10, 0, 20, 10]);
    expect(input.instances?.has("gtMasks")).toBe(false);
  });

  it("at test time leaves annotations out", async () => {
    const mapper = new DatasetMapper({ isTrain: false, augmentations: [] });
    const input = await mapper.map({ fileName, imageId: 1, annotations: [square] });
    expect(input.instances).toBeUndefined();
  });

  it("draws boxes anew around cropped masks", async () => {
    const mapper = new DatasetMapper({
      isTrain: true,
      augmentations: [new CropTransform({ x0: 0, y0: 0, width: 10, height: 10 })],
      useInstanceMask: true,
      recomputeBoxes: true,
    });
    const segmentation = [[0, 0, 4, 0, 4, 20, 0, 20]];
    const input = await mapper.map({
      fileName,
      imageId: 1,
      annotations: [{ ...square, segmentation }],
    });
    expect([...(input.instances?.gtBoxes.data ?? [])]).toEqual([0, 0, 4, 10]);
  });

  it("names the file whose size is not what the dataset says, or whose masks do not fit", async () => {
    const mapper = new DatasetMapper({ isTrain: true, augmentations: [], useInstanceMask: true });
    const turned = mapper.map({ fileName, imageId: 1, height: 40, width: 30 });
    await expect(turned).rejects.toThrow(SizeMismatchError);
    await expect(turned).rejects.toMatchObject({ got: [30, 40], expected: [40, 30] });
    const segmentation = encode(new Uint8Array(1200), [30, 40]);
    const annotations = [{ ...square, segmentation }];
    await expect(mapper.map({ fileName, imageId: 1, annotations })).rejects.toThrow(fileName);
  });

  it("is made from a config", () => {
    const cfg = getCfg();
    cfg.MODEL.MASK_ON = true;
    cfg.INPUT.CROP.ENABLED = true;
    const mapper = configure(DatasetMapper, [cfg, true]);
    expect(mapper).toMatchObject({ isTrain: true, useInstanceMask: true, recomputeBoxes: true });
    expect(mapper.augmentations.augmentations.map(({ constructor }) => constructor.name)).toEqual([
      "RandomCrop",
      "ResizeShortestEdge",
      "RandomFlip",
    ]);
    expect(configure(DatasetMapper, [cfg, false])).toMatchObject({ recomputeBoxes: false });
    expect(buildAugmentation(cfg, false)).toHaveLength(1);
    cfg.INPUT.RANDOM_FLIP = "diagonal";
    expect(() => buildAugmentation(cfg, true)).toThrow("none, horizontal, vertical");
  });
});
