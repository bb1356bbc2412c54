import { join } from "node:path";
import { BoxMode } from "@detectron-ts/structures";

import { getLvisInstancesMeta } from "../builtin/builtin-metadata.ts";
import { DatasetCatalog } from "../catalog/dataset-catalog.ts";
import { MetadataCatalog, type MetadataFields } from "../catalog/metadata-catalog.ts";
import type { Annotation, DatasetDict } from "../dataset-dict.ts";
import { AnnotationError, DatasetFileError } from "../errors.ts";
import { isPolygon } from "../mapper/check-annotation.ts";
import type { CocoAnnotation } from "./coco-file.ts";
import { checkIds } from "./coco.ts";
import { type LvisImage, readLvisFile } from "./lvis-file.ts";

/** Options of {@link loadLvisJson}. */
export interface LoadLvisJsonOptions {
  /**
   * The name whose metadata gets the classes: those of LVIS v0.5 or v1, of COCO for `cocofied` ones, by what the name
   * contains; for other names those of the file. Without it, categories are counted from 1 in the file and from 0 here.
   */
  readonly datasetName?: string;
}

/**
 * Reads a dataset in LVIS's format: instances with polygons. Images come in the order of their ids; their files are found by
 * the folder and the name at the end of `coco_url`. Each image says which categories are surely not in it
 * (`negCategoryIds`) and which are annotated in part (`notExhaustiveCategoryIds`), by ids of the file.
 *
 * Mirrors `detectron2.data.datasets.load_lvis_json`.
 *
 * @param imageRoot - the folder with COCO's `train2017`, `val2017` and `test2017`.
 * @throws DatasetFileError | AnnotationError naming the file and the annotation's id: unlike in COCO's files, polygons must be
 *   there and valid.
 */
export async function loadLvisJson(
  jsonFile: string,
  imageRoot: string,
  { datasetName }: LoadLvisJsonOptions = {},
): Promise<DatasetDict[]> {
  const { images, categories, annotations = [] } = await readLvisFile(jsonFile);
  const contiguousIds = contiguousIdsOf(categories, datasetName);
  checkIds(jsonFile, annotations);
  const byImage = new Map<number | string, Annotation[]>(images.map(({ id }) => [id, []]));
  for (const annotation of annotations) {
    const list = byImage.get(annotation.image_id);
    if (!list) {
      throw new AnnotationError(
        jsonFile,
        annotation.id,
        `is of image ${annotation.image_id}, which there is not`,
      );
    }
    list.push(convertAnnotation(jsonFile, annotation, contiguousIds));
  }
  return images
    .toSorted((a, b) => a.id - b.id)
    .map((image) => ({
      fileName: join(imageRoot, fileNameOf(jsonFile, image)),
      imageId: image.id,
      height: image.height,
      width: image.width,
      negCategoryIds: image.neg_category_ids,
      notExhaustiveCategoryIds: image.not_exhaustive_category_ids,
      annotations: byImage.get(image.id) ?? [],
    }));
}

/**
 * Registers a dataset in LVIS's format under a name; its file is read when the dataset is asked for.
 *
 * @param metadata - more to know about the dataset, often nothing.
 * @throws CatalogError when the name is taken.
 */
export function registerLvisInstances(
  name: string,
  metadata: Partial<MetadataFields>,
  jsonFile: string,
  imageRoot: string,
): void {
  DatasetCatalog.register(name, () => loadLvisJson(jsonFile, imageRoot, { datasetName: name }));
  MetadataCatalog.get(name).set({ jsonFile, imageRoot, evaluatorType: "lvis", ...metadata });
}

/** The contiguous id of each category of the file: LVIS counts from 1 and leaves none out, COCO's subset does not. */
function contiguousIdsOf(
  categories: readonly { readonly id: number; readonly name: string }[],
  datasetName: string | undefined,
): ReadonlyMap<number, number> {
  const sorted = categories.toSorted((a, b) => a.id - b.id);
  const known = datasetName === undefined ? {} : getLvisInstancesMeta(datasetName);
  if (datasetName !== undefined) {
    const metadata = known ?? { thingClasses: sorted.map(({ name }) => name) };
    MetadataCatalog.get(datasetName).set(metadata);
  }
  return known?.thingDatasetIdToContiguousId ?? new Map(sorted.map(({ id }) => [id, id - 1]));
}

function convertAnnotation(
  jsonFile: string,
  { id, bbox, category_id, segmentation }: CocoAnnotation,
  contiguousIds: ReadonlyMap<number, number>,
): Annotation {
  const fail = (message: string): never => {
    throw new AnnotationError(jsonFile, id, message);
  };
  if (!bbox) return fail("has no bbox");
  const categoryId = contiguousIds.get(category_id);
  if (categoryId === undefined) return fail(`has category ${category_id}, which there is not`);
  if (!segmentation || "counts" in segmentation || segmentation.length === 0) {
    return fail("has no polygons");
  }
  if (!segmentation.every(isPolygon)) {
    return fail("has a polygon of fewer than three points, or with a coordinate too many");
  }
  return { bbox, bboxMode: BoxMode.XYWH_ABS, categoryId, id, segmentation };
}

function fileNameOf(jsonFile: string, { id, coco_url, file_name }: LvisImage): string {
  const name = coco_url?.split("/").slice(-2).join("/") ?? file_name;
  if (name === undefined) {
    throw new DatasetFileError(jsonFile, `image ${id} has neither coco_url nor file_name`);
  }
  return name;
}
