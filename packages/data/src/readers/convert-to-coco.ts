import { stat } from "node:fs/promises";
import { writeFileAtomically } from "@detectron-ts/atomic-file";
import { area as rleArea } from "@detectron-ts/coco";
import { Boxes, BoxMode, PolygonMasks, RotatedBoxes } from "@detectron-ts/structures";

import { DatasetCatalog } from "../catalog/dataset-catalog.ts";
import { MetadataCatalog, type Metadata } from "../catalog/metadata-catalog.ts";
import { isRle, type Annotation, type DatasetDict } from "../dataset-dict.ts";
import type { CocoAnnotation, CocoFile } from "./coco-file.ts";

/**
 * A dataset in COCO's format: annotation ids from 1, boxes rounded to three decimals (those of rotated ones are five numbers), keypoints moved back by half a pixel,
 * and the category ids of the dataset's own file where the metadata knows them.
 *
 * @throws MetadataError when the metadata has no `thingClasses`.
 */
export function convertToCocoDict(dicts: readonly DatasetDict[], metadata: Metadata): CocoFile {
  const fileIds = new Map<number, number>();
  if (metadata.has("thingDatasetIdToContiguousId")) {
    for (const [fileId, id] of metadata.get("thingDatasetIdToContiguousId"))
      fileIds.set(id, fileId);
  }
  const fileId = (id: number): number => fileIds.get(id) ?? id;
  const annotations: CocoAnnotation[] = [];
  for (const { imageId, annotations: objects = [] } of dicts) {
    for (const object of objects) {
      annotations.push({
        id: annotations.length + 1,
        image_id: imageId,
        category_id: fileId(object.categoryId),
        ...describeObject(object),
      });
    }
  }
  return {
    info: { description: "Automatically generated COCO json file." },
    licenses: null,
    images: dicts.map(({ imageId, fileName, height, width }) => ({
      id: imageId,
      file_name: fileName,
      ...(height !== undefined && { height }),
      ...(width !== undefined && { width }),
    })),
    categories: metadata.get("thingClasses").map((name, id) => ({ id: fileId(id), name })),
    annotations,
  };
}

/** Options of {@link convertToCocoJson}. */
export interface ConvertToCocoJsonOptions {
  /** Whether a file that is there already is left as it is, true by default. */
  readonly allowCached?: boolean;
}

/**
 * Writes a registered dataset as a file in COCO's format. The file appears whole or not at all.
 *
 * @throws CatalogError for an unknown dataset, and as {@link convertToCocoDict}.
 */
export async function convertToCocoJson(
  datasetName: string,
  outputFile: string,
  { allowCached = true }: ConvertToCocoJsonOptions = {},
): Promise<void> {
  if (allowCached && (await exists(outputFile))) return;
  const dicts = await DatasetCatalog.get(datasetName);
  const content = JSON.stringify(convertToCocoDict(dicts, MetadataCatalog.get(datasetName)));
  await writeFileAtomically(outputFile, content, { makeFolder: true });
}

function describeObject({
  bbox,
  bboxMode,
  segmentation,
  keypoints,
  iscrowd = 0,
}: Annotation): Pick<
  CocoAnnotation,
  "bbox" | "area" | "iscrowd" | "segmentation" | "keypoints" | "num_keypoints"
> {
  // Five numbers stay those of a rotated box.
  const sized =
    bboxMode === BoxMode.XYWHA_ABS ? bbox : BoxMode.convert(bbox, bboxMode, BoxMode.XYWH_ABS);
  return {
    bbox: sized.map((value) => Math.round(value * 1000) / 1000),
    area: areaOf(segmentation, sized),
    iscrowd,
    ...(segmentation && { segmentation }),
    ...(keypoints && {
      keypoints: keypoints.map((value, i) => (i % 3 === 2 ? value : value - 0.5)),
      num_keypoints: keypoints.filter((value, i) => i % 3 === 2 && value > 0).length,
    }),
  };
}

/** @param bbox - whose third and fourth numbers are width and height. */
function areaOf(segmentation: Annotation["segmentation"], bbox: readonly number[]): number {
  if (!segmentation) {
    return bbox.length === 5
      ? new RotatedBoxes([bbox]).area()[0]
      : new Boxes([BoxMode.convert(bbox, BoxMode.XYWH_ABS, BoxMode.XYXY_ABS)]).area()[0];
  }
  return isRle(segmentation) ? rleArea(segmentation) : new PolygonMasks([segmentation]).area()[0];
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch {
    return false;
  }
}
