import { stat } from "node:fs/promises";
import { join, parse } from "node:path";

import { DatasetCatalog } from "../catalog/dataset-catalog.ts";
import { MetadataCatalog, type MetadataFields } from "../catalog/metadata-catalog.ts";
import type { DatasetDict } from "../dataset-dict.ts";
import { DatasetFileError } from "../errors.ts";
import { loadCocoJson, type LoadCocoJsonOptions } from "./coco.ts";
import { readPanopticFile } from "./panoptic-file.ts";
import { convertSegments, type PanopticMetadata } from "./panoptic-segments.ts";
import { loadSemSeg } from "./sem-seg.ts";

/**
 * Reads a dataset in COCO's panoptic format. Each image gets `panSegFileName`, a PNG whose colors are ids of segments, and
 * `segmentsInfo` with contiguous ids of their categories; the image has the PNG's name with `.jpg`. Mirrors detectron2's
 * `load_coco_panoptic_json`.
 *
 * @param imageDir - the folder of images.
 * @param gtDir - the folder of PNG files.
 * @param metadata - contiguous ids of things and of stuff.
 * @throws DatasetFileError when the file is broken, a category is unknown, or the first image or PNG isn't there.
 */
export async function loadCocoPanopticJson(
  jsonFile: string,
  imageDir: string,
  gtDir: string,
  metadata: PanopticMetadata,
): Promise<DatasetDict[]> {
  const { annotations } = await readPanopticFile(jsonFile);
  const dicts = annotations.map(
    (
      annotation,
    ): Required<Pick<DatasetDict, "fileName" | "imageId" | "panSegFileName" | "segmentsInfo">> => {
      const { image_id, file_name } = annotation;
      return {
        fileName: join(imageDir, `${parse(file_name).name}.jpg`),
        imageId: Number.isNaN(Number(image_id)) ? image_id : Number(image_id),
        panSegFileName: join(gtDir, file_name),
        segmentsInfo: convertSegments(jsonFile, annotation, metadata),
      };
    },
  );
  if (dicts.length === 0) throw new DatasetFileError(jsonFile, "has no annotations");
  await requireFile(dicts[0].fileName);
  await requireFile(dicts[0].panSegFileName);
  return dicts;
}

/**
 * Registers a dataset in COCO's panoptic format, with one range of contiguous ids for things and stuff. Mirrors detectron2's
 * `register_coco_panoptic`.
 *
 * @param metadata - classes and contiguous ids of things and of stuff.
 * @param instancesJson - the file of the same images in COCO's format for objects, for evaluation.
 * @throws CatalogError when the name is taken.
 */
export function registerCocoPanoptic(
  name: string,
  metadata: Partial<MetadataFields>,
  imageRoot: string,
  panopticRoot: string,
  panopticJson: string,
  instancesJson?: string,
): void {
  DatasetCatalog.register(name, () =>
    loadCocoPanopticJson(panopticJson, imageRoot, panopticRoot, metadata),
  );
  MetadataCatalog.get(name).set({
    panopticRoot,
    imageRoot,
    panopticJson,
    ...(instancesJson !== undefined && { jsonFile: instancesJson }),
    evaluatorType: "coco_panoptic_seg",
    ignoreLabel: 255,
    labelDivisor: 1000,
    ...metadata,
  });
}

/**
 * Registers a panoptic dataset as Panoptic FPN learns it, under two names: `<name>_separated` has objects from a file in COCO's
 * format and label maps of stuff, in which all things are 0; `<name>_stuffonly` has the label maps alone. Mirrors detectron2's
 * `register_coco_panoptic_separated`.
 *
 * @param semSegRoot - the folder of label maps.
 * @throws CatalogError when a name is taken.
 */
export function registerCocoPanopticSeparated(
  name: string,
  metadata: Partial<MetadataFields>,
  imageRoot: string,
  panopticRoot: string,
  panopticJson: string,
  semSegRoot: string,
  instancesJson: string,
): void {
  const separated = `${name}_separated`;
  DatasetCatalog.register(separated, () =>
    loadCocoPanopticSeparated(instancesJson, imageRoot, semSegRoot, { datasetName: separated }),
  );
  MetadataCatalog.get(separated).set({
    panopticRoot,
    imageRoot,
    panopticJson,
    semSegRoot,
    jsonFile: instancesJson,
    evaluatorType: "coco_panoptic_seg",
    ignoreLabel: 255,
    ...metadata,
  });
  const stuffOnly = `${name}_stuffonly`;
  DatasetCatalog.register(stuffOnly, () => loadSemSeg(semSegRoot, imageRoot));
  MetadataCatalog.get(stuffOnly).set({
    semSegRoot,
    imageRoot,
    evaluatorType: "sem_seg",
    ignoreLabel: 255,
    ...metadata,
  });
}

/**
 * Objects from a file in COCO's format and label maps of the same images.
 *
 * @throws DatasetFileError when an image of the file has no label map; the errors of `loadCocoJson` and `loadSemSeg`.
 */
export async function loadCocoPanopticSeparated(
  instancesJson: string,
  imageRoot: string,
  semSegRoot: string,
  options: LoadCocoJsonOptions = {},
): Promise<DatasetDict[]> {
  const [detectionDicts, semSegDicts] = await Promise.all([
    loadCocoJson(instancesJson, imageRoot, options),
    // More images than label maps are to be expected: those of the file decide.
    loadSemSeg(semSegRoot, imageRoot, { warn: () => undefined }),
  ]);
  return mergeToPanoptic(detectionDicts, semSegDicts);
}

/**
 * The images of a detection dataset with the label maps of the same files. Mirrors detectron2's `merge_to_panoptic`.
 *
 * @throws DatasetFileError for an image without a label map.
 */
export function mergeToPanoptic(
  detectionDicts: readonly DatasetDict[],
  semSegDicts: readonly DatasetDict[],
): DatasetDict[] {
  const byFile = new Map(semSegDicts.map((dict) => [dict.fileName, dict.semSegFileName]));
  return detectionDicts.map((dict) => {
    const semSegFileName = byFile.get(dict.fileName);
    if (semSegFileName === undefined) {
      throw new DatasetFileError(dict.fileName, "has no label map of a semantic segmentation");
    }
    return { ...dict, semSegFileName };
  });
}

async function requireFile(file: string): Promise<void> {
  if ((await stat(file).catch(() => undefined))?.isFile()) return;
  throw new DatasetFileError(file, "isn't there");
}
