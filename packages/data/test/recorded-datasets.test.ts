import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encode } from "@detectron-ts/coco";
import { BoxMode } from "@detectron-ts/structures";
import { ResizeShortestEdge } from "@detectron-ts/transforms";
import { dataRoot, goldenRoot, goldenTensors } from "@detectron-ts/testing";
import { describe, expect, it } from "vitest";

import {
  checkData,
  convertToCocoDict,
  DatasetMapper,
  loadCocoJson,
  loadVocInstances,
  MetadataCatalog,
  type Annotation,
  type CocoFile,
  type DataProblemKind,
  type DatasetDict,
} from "../src/index.ts";

const root = dataRoot() ?? "";
const bccdClasses = ["RBC", "WBC", "Platelets"];

/** An annotation as COCO writes it, without what the writer is free to choose. */
const essence = ({ annotations = [] }: CocoFile) =>
  annotations.map(({ image_id, category_id, bbox, area }) => ({
    image_id,
    category_id,
    bbox,
    area,
  }));

describe.runIf(goldenRoot() && dataRoot())("recorded datasets", () => {
  it("BCCD, a VOC folder, has the recorded test annotations", async () => {
    const dicts = await loadVocInstances(join(root, "bccd"), "test", bccdClasses);
    const metadata = MetadataCatalog.get("recorded-bccd").set({ thingClasses: bccdClasses });
    const coco = convertToCocoDict(dicts, metadata);
    const recorded = goldenTensors<CocoFile>("trained/faster_rcnn_bccd/test_annotations").json;
    expect(coco.images.map(({ file_name, height, width }) => [file_name, height, width])).toEqual(
      recorded.images.map(({ file_name, height, width }) => [join(root, file_name), height, width]),
    );
    const ids = new Map(recorded.images.map(({ id, file_name }) => [join(root, file_name), id]));
    const idOf = new Map(dicts.map(({ imageId, fileName }) => [imageId, ids.get(fileName)]));
    expect(
      essence(coco).map((entry) => ({
        ...entry,
        image_id: idOf.get(entry.image_id),
        category_id: entry.category_id + 1,
      })),
    ).toEqual(essence(recorded));
  });

  it("fruits_nuts survives reading and writing in COCO's format", async () => {
    const file = "trained/mask_rcnn_fruits/test_annotations";
    const recorded = goldenTensors<CocoFile>(file).json;
    const dicts = await loadCocoJson(join(goldenRoot() ?? "", `${file}.json`), root, {
      datasetName: "recorded-fruits",
    });
    const coco = convertToCocoDict(dicts, MetadataCatalog.get("recorded-fruits"));
    expect(coco.categories).toEqual(recorded.categories.map(({ id, name }) => ({ id, name })));
    const byImage = ({ annotations = [] }: CocoFile) =>
      [...annotations]
        .sort((a, b) => Number(a.image_id) - Number(b.image_id))
        .map(({ segmentation, bbox, category_id }) => ({ segmentation, bbox, category_id }));
    expect(byImage(coco)).toEqual(byImage(recorded));
  });

  it.each([
    ["mask_rcnn_fruits", 288],
    ["faster_rcnn_bccd", 320],
  ])("the mapper gives %s the recorded network inputs, short edge %d", async (name, length) => {
    const dicts = await loadCocoJson(
      join(goldenRoot() ?? "", "trained", name, "test_annotations.json"),
      root,
    );
    const records = goldenTensors<{ file_name: string; network_chw_bgr: { sha256: string } }[]>(
      `trained/${name}/preprocess`,
    ).json;
    const hashes = new Map(
      records.map(({ file_name, network_chw_bgr: { sha256 } }) => [join(root, file_name), sha256]),
    );
    const mapper = new DatasetMapper({
      isTrain: false,
      augmentations: [new ResizeShortestEdge({ shortEdgeLength: length, maxSize: 576 })],
    });
    const differing: string[] = [];
    for (const dict of dicts) {
      const { image, height, width } = await mapper.map(dict);
      expect([height, width]).toEqual([dict.height, dict.width]);
      const hash = createHash("sha256").update(image.data).digest("hex");
      if (hash !== hashes.get(dict.fileName)) differing.push(dict.fileName);
    }
    expect(dicts).toHaveLength(records.length);
    expect(differing).toEqual([]);
  });

  it("in training fruits_nuts keeps every mask, cut and resized with its image", async () => {
    const dicts = await loadCocoJson(
      join(root, "fruits_nuts", "trainval.json"),
      join(root, "fruits_nuts", "images"),
      { datasetName: "recorded-fruits-train" },
    );
    const mapper = new DatasetMapper({
      isTrain: true,
      augmentations: [new ResizeShortestEdge({ shortEdgeLength: 240, maxSize: 576 })],
      useInstanceMask: true,
      recomputeBoxes: true,
    });
    let objects = 0;
    for (const dict of dicts) {
      const { instances } = await mapper.map(dict);
      objects += instances?.length ?? 0;
      const [box] = dict.annotations ?? [];
      const scale = 240 / 600;
      const expected = BoxMode.convert(box.bbox, box.bboxMode, BoxMode.XYXY_ABS);
      // The annotated boxes are whole pixels around the polygons.
      const got = instances?.gtBoxes.data.subarray(0, 4) ?? [];
      for (let i = 0; i < 4; i++) expect(Math.abs(got[i] - expected[i] * scale)).toBeLessThan(1.5);
    }
    expect([dicts.length, objects]).toEqual([18, 165]);
  });

  it("checkData finds in BCCD the two boxes of a single pixel and nothing worse", async () => {
    const dicts = await loadVocInstances(join(root, "bccd"), "trainval", bccdClasses);
    const options = { numClasses: 3, thingClasses: bccdClasses, maxImagesToRead: 20 };
    const { problems } = await checkData(dicts, options);
    expect(problems.map(({ kind, severity, count }) => [kind, severity, count])).toEqual([
      ["box-tiny", "warning", 2],
    ]);
  });
});

/** A fault to plant into good data, and the kind it is to be found as. */
interface Plant {
  readonly kind: DataProblemKind;
  readonly annotation?: Partial<Annotation>;
  readonly dict?: Partial<DatasetDict>;
}

describe.runIf(dataRoot())("checkData on real data", () => {
  const outline = encode(new Uint8Array(16).fill(1), [4, 4]);
  const plants: Plant[] = [
    { kind: "category-off-by-one" },
    { kind: "category-out-of-range", annotation: { categoryId: 40 } },
    { kind: "box-empty", annotation: { bbox: [10, 10, 0, 5], bboxMode: BoxMode.XYWH_ABS } },
    { kind: "box-outside", annotation: { bbox: [10, 10, 5000, 5], bboxMode: BoxMode.XYWH_ABS } },
    { kind: "box-tiny", annotation: { bbox: [10, 10, 1, 5], bboxMode: BoxMode.XYWH_ABS } },
    { kind: "box-not-finite", annotation: { bbox: [10, NaN, 1, 5] } },
    { kind: "polygon", annotation: { segmentation: [[1, 2, 3, 4]] } },
    { kind: "mask-missing", annotation: { segmentation: undefined } },
    { kind: "mask-format", annotation: { segmentation: outline } },
    { kind: "mask-size", annotation: { segmentation: outline } },
    { kind: "mask-broken", annotation: { segmentation: { ...outline, counts: "0" } } },
    { kind: "missing-file", dict: { fileName: join(root, "none.jpg") } },
    { kind: "size-mismatch", dict: { height: 17 } },
    { kind: "unreadable-image", dict: { fileName: fileURLToPath(import.meta.url) } },
    { kind: "no-annotations", dict: { annotations: [] } },
  ];

  it.each(plants)("finds $kind among all that is good", async ({ kind, annotation, dict }) => {
    const good = await loadCocoJson(
      join(root, "fruits_nuts", "trainval.json"),
      join(root, "fruits_nuts", "images"),
      { datasetName: `planted-${kind}` },
    );
    const thingClasses = MetadataCatalog.get(`planted-${kind}`).get("thingClasses");
    const place = 5;
    const dicts = good.map((each, index): DatasetDict => {
      const annotations = each.annotations?.map((object, i): Annotation => {
        if (kind === "category-off-by-one") return { ...object, categoryId: object.categoryId + 1 };
        return index === place && i === 0 ? { ...object, ...annotation } : object;
      });
      return { ...each, ...(annotations && { annotations }), ...(index === place && dict) };
    });
    const { problems } = await checkData(dicts, {
      numClasses: thingClasses.length,
      thingClasses,
      maskFormat: "polygon",
    });
    const found = problems.find((problem) => problem.kind === kind);
    if (kind === "category-off-by-one") {
      // All ids are one too great, but only those of the last class are seen to be.
      const seen = dicts.flatMap(({ annotations = [] }) =>
        annotations.filter(({ categoryId }) => categoryId === thingClasses.length),
      );
      expect(found?.count).toBe(seen.length);
      return;
    }
    expect(found?.count).toBe(1);
    if (annotation) {
      const { fileName, annotations = [] } = good[place];
      expect(found?.examples).toEqual([{ fileName, annotationId: annotations[0].id }]);
    } else if (dict) {
      expect(found?.examples).toEqual([{ fileName: dicts[place].fileName }]);
    }
  });

  it("finds a class count that is not the model's, and classes without an annotation", async () => {
    const dicts = await loadVocInstances(join(root, "bccd"), "trainval", bccdClasses);
    const options = { numClasses: 3, thingClasses: ["cells", ...bccdClasses].toReversed() };
    const { problems } = await checkData(dicts, { ...options, maxImagesToRead: 0 });
    expect(problems.map(({ kind }) => kind)).toEqual(["class-count", "box-tiny", "class-unused"]);
    expect(problems[2].message).toContain("no annotation: cells;");
  });
});
