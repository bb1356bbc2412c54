import { isAbsolute, join } from "node:path";
import { emitWarning } from "node:process";
import { compress, type Rle } from "@detectron-ts/coco";
import { BoxMode } from "@detectron-ts/structures";

import { DatasetCatalog } from "../catalog/dataset-catalog.ts";
import { MetadataCatalog, type MetadataFields } from "../catalog/metadata-catalog.ts";
import type { Annotation, DatasetDict, Segmentation } from "../dataset-dict.ts";
import { AnnotationError } from "../errors.ts";
import { isPolygon } from "../mapper/check-annotation.ts";
import { readCocoFile, type CocoAnnotation, type CocoCategory } from "./coco-file.ts";

/** Options of {@link loadCocoJson}. */
export interface LoadCocoJsonOptions {
  /**
   * The name whose metadata gets the classes, and that asks for contiguous category ids. Without it, categories keep the
   * ids of the file.
   */
  readonly datasetName?: string;
  /** Whether polygons that are none are left out, true by default; {@link checkData} wants to see them. */
  readonly dropInvalidPolygons?: boolean;
  /** Gets told what is left out; Node's `process.emitWarning` by default. */
  readonly warn?: (message: string) => void;
}

/**
 * Reads a dataset in COCO's format: instances with polygons or run-length encodings, and keypoints.
 *
 * - Images come in the order of their ids; an image without annotations has an empty list.
 * - Categories, in the order of their ids, become 0, 1, 2…
 * - Polygons with an odd number of coordinates or fewer than three corners are left out, and with them an annotation none of
 *   whose polygons remains. An annotation that has no segmentation to begin with is kept.
 * - A bbox of five numbers is a rotated box, as {@link convertToCocoDict} and detectron2 write them.
 * - Keypoints move by half a pixel, from indices of pixels to continuous coordinates. Their names, and the pairs that differ in
 *   "left" and "right" only, go to the metadata unless it has some.
 *
 * Mirrors `detectron2.data.datasets.load_coco_json`.
 *
 * @throws DatasetFileError | AnnotationError naming the file and the annotation's id.
 */
export async function loadCocoJson(
  jsonFile: string,
  imageRoot: string,
  { datasetName, dropInvalidPolygons = true, warn = emitWarning }: LoadCocoJsonOptions = {},
): Promise<DatasetDict[]> {
  const { images, categories, annotations = [] } = await readCocoFile(jsonFile);
  const contiguousIds =
    datasetName === undefined ? undefined : describeCategories(datasetName, categories);

  checkIds(jsonFile, annotations);
  const known = new Set(images.map(({ id }) => id));
  const byImage = new Map<number | string, Annotation[]>();
  let withoutValidPolygon = 0;
  for (const annotation of annotations) {
    if (!known.has(annotation.image_id)) {
      throw new AnnotationError(
        jsonFile,
        annotation.id,
        `is of image ${annotation.image_id}, which there is not`,
      );
    }
    const converted = convertAnnotation(jsonFile, annotation, {
      contiguousIds,
      dropInvalidPolygons,
    });
    if (!converted) {
      withoutValidPolygon++;
      continue;
    }
    const list = byImage.get(annotation.image_id);
    if (list) list.push(converted);
    else byImage.set(annotation.image_id, [converted]);
  }
  if (withoutValidPolygon > 0) {
    warn(
      `${jsonFile}: left out ${withoutValidPolygon} annotations without a valid polygon ` +
        "(an even number of coordinates, at least 6)",
    );
  }
  return [...images]
    .sort((a, b) => compareIds(a.id, b.id))
    .map(({ id, file_name, height, width }) => ({
      fileName: isAbsolute(file_name) ? file_name : join(imageRoot, file_name),
      imageId: id,
      ...(height !== undefined && { height }),
      ...(width !== undefined && { width }),
      annotations: byImage.get(id) ?? [],
    }));
}

/**
 * Registers a dataset in COCO's format under a name; its file is read when the dataset is asked for.
 *
 * @param metadata - more to know about the dataset, often nothing: classes are read from the file.
 * @throws CatalogError when the name is taken.
 */
export function registerCocoInstances(
  name: string,
  metadata: Partial<MetadataFields>,
  jsonFile: string,
  imageRoot: string,
): void {
  DatasetCatalog.register(name, () => loadCocoJson(jsonFile, imageRoot, { datasetName: name }));
  MetadataCatalog.get(name).set({ jsonFile, imageRoot, evaluatorType: "coco", ...metadata });
}

/** Writes the classes to the dataset's metadata and returns the contiguous id of each category. */
function describeCategories(
  datasetName: string,
  categories: readonly CocoCategory[],
): ReadonlyMap<number, number> {
  const sorted = [...categories].sort((a, b) => a.id - b.id);
  const contiguousIds = new Map(sorted.map(({ id }, index) => [id, index]));
  MetadataCatalog.get(datasetName).set({
    thingClasses: sorted.map(({ name }) => name),
    thingDatasetIdToContiguousId: contiguousIds,
  });
  describeKeypoints(datasetName, categories);
  return contiguousIds;
}

/** What is registered about keypoints is not changed. */
function describeKeypoints(datasetName: string, categories: readonly CocoCategory[]): void {
  const metadata = MetadataCatalog.get(datasetName);
  const keypointNames = categories.find(({ keypoints }) => keypoints)?.keypoints;
  if (!keypointNames || metadata.has("keypointNames")) return;
  metadata.set({ keypointNames });
  const flipMap = flipMapOf(keypointNames);
  if (flipMap && !metadata.has("keypointFlipMap")) metadata.set({ keypointFlipMap: flipMap });
}

/**
 * The pairs of keypoints that differ in "left" and "right" only; undefined when there are none or one is without its partner:
 * then the names do not tell what a mirror does.
 */
function flipMapOf(names: readonly string[]): [string, string][] | undefined {
  const pairs = names
    .filter((name) => name.includes("left"))
    .map((name): [string, string] => [name, name.replace("left", "right")]);
  const sided = names.filter((name) => /left|right/.test(name));
  const complete = pairs.every(([, right]) => names.includes(right));
  return complete && pairs.length > 0 && sided.length === 2 * pairs.length ? pairs : undefined;
}

/**
 * COCO's own minival files have ids twice, which nobody can mend any more; all others must not.
 *
 * @throws AnnotationError
 */
export function checkIds(jsonFile: string, annotations: readonly CocoAnnotation[]): void {
  if (jsonFile.includes("minival")) return;
  const ids = new Set<number>();
  for (const { id } of annotations) {
    if (ids.has(id)) throw new AnnotationError(jsonFile, id, "is there twice");
    ids.add(id);
  }
}

interface ConversionOptions {
  readonly contiguousIds: ReadonlyMap<number, number> | undefined;
  readonly dropInvalidPolygons: boolean;
}

/** Undefined for an annotation none of whose polygons is valid. */
function convertAnnotation(
  jsonFile: string,
  annotation: CocoAnnotation,
  { contiguousIds, dropInvalidPolygons }: ConversionOptions,
): Annotation | undefined {
  const { id, bbox, iscrowd, ignore, category_id, keypoints } = annotation;
  if (ignore)
    throw new AnnotationError(jsonFile, id, "has a nonzero ignore, which is not supported");
  if (!bbox) throw new AnnotationError(jsonFile, id, "has no bbox");
  const categoryId = contiguousIds ? contiguousIds.get(category_id) : category_id;
  if (categoryId === undefined) {
    const ids = [...(contiguousIds?.keys() ?? [])].join(", ");
    throw new AnnotationError(
      jsonFile,
      id,
      `has category ${category_id}; the file's categories are ${ids}`,
    );
  }
  const segmentation = validSegmentation(jsonFile, annotation, dropInvalidPolygons);
  if (segmentation === undefined) return undefined;
  const hasSegmentation = !Array.isArray(segmentation) || segmentation.length > 0;
  return {
    bbox,
    bboxMode: bbox.length === 5 ? BoxMode.XYWHA_ABS : BoxMode.XYWH_ABS,
    categoryId,
    id,
    ...(iscrowd !== undefined && { iscrowd }),
    ...(hasSegmentation && { segmentation }),
    ...(keypoints && {
      keypoints: keypoints.map((value, i) => (i % 3 === 2 ? value : value + 0.5)),
    }),
  };
}

/** Without polygons that are none, if so asked; undefined when no polygon is left of some. */
function validSegmentation(
  jsonFile: string,
  { id, segmentation }: CocoAnnotation,
  dropInvalidPolygons: boolean,
): Segmentation | undefined {
  if (!segmentation) return [];
  if ("counts" in segmentation) return compressed(jsonFile, id, segmentation);
  if (segmentation.length === 0 || !dropInvalidPolygons) return segmentation;
  const valid = segmentation.filter(isPolygon);
  return valid.length > 0 ? valid : undefined;
}

function compressed(jsonFile: string, id: number, rle: Rle): Rle {
  if (typeof rle.counts === "string") return rle;
  try {
    return compress(rle);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AnnotationError(jsonFile, id, `has a broken mask: ${reason}`, { cause });
  }
}

function compareIds(a: number | string, b: number | string): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a) < String(b) ? -1 : 1;
}
