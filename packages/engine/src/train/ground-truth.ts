import { basename } from "node:path";
import type { CocoAnnotation, CocoDataset } from "@detectron-ts/coco";
import {
  type Annotation,
  type CocoFile,
  convertToCocoDict,
  DatasetCatalog,
  listCityscapesFiles,
  type Metadata,
  MetadataCatalog,
  readCocoFile,
  readLvisFile,
} from "@detectron-ts/data";
import type {
  CityscapesGroundTruth,
  LvisDataset,
  VocGroundTruth,
  VocObject,
} from "@detectron-ts/evaluation";
import { readGrayImage } from "@detectron-ts/image";
import { BoxMode } from "@detectron-ts/structures";

import { GroundTruthError } from "../errors.ts";

/**
 * Ground truth of a registered dataset in COCO's format: its own file where it has one, else what its entries convert to.
 *
 * @throws GroundTruthError when the size of an image or the box of an annotation is missing.
 */
export async function cocoGroundTruth(datasetName: string): Promise<CocoDataset> {
  const metadata = MetadataCatalog.get(datasetName);
  if (metadata.has("jsonFile")) {
    return asGroundTruth(datasetName, await readCocoFile(metadata.get("jsonFile")));
  }
  const dicts = await DatasetCatalog.get(datasetName);
  return asGroundTruth(datasetName, convertToCocoDict(dicts, metadata));
}

/**
 * Ground truth of a registered dataset in LVIS's format: its file, the classes of the dataset being read as well.
 *
 * @throws GroundTruthError when the box of an annotation is missing.
 */
export async function lvisGroundTruth(datasetName: string): Promise<LvisDataset> {
  const { annotations, ...file } = await readLvisFile(
    MetadataCatalog.get(datasetName).get("jsonFile"),
  );
  return {
    ...file,
    ...(annotations && { annotations: checkedAnnotations(datasetName, annotations) }),
  };
}

/** Images of Cityscapes by their names, each with a way to read the ids of its objects. */
export async function cityscapesGroundTruth(metadata: Metadata): Promise<CityscapesGroundTruth> {
  const files = await listCityscapesFiles(metadata.get("imageDir"), metadata.get("gtDir"));
  return new Map(
    files.map(({ image, gtPrefix }) => [
      basename(image),
      () => readGrayImage(`${gtPrefix}_instanceIds.png`),
    ]),
  );
}

/** Ground truth of a registered dataset as the evaluation of Pascal VOC wants it. */
export async function vocGroundTruth(datasetName: string): Promise<VocGroundTruth> {
  const dicts = await DatasetCatalog.get(datasetName);
  const classNames = MetadataCatalog.get(datasetName).get("thingClasses");
  return new Map(
    dicts.map(({ imageId, annotations = [] }) => [
      String(imageId),
      annotations.map((annotation) => vocObject(annotation, classNames)),
    ]),
  );
}

/** The reader took 1 from the left and the top, to count from 0; the evaluation counts from 1, as the files do. */
function vocObject(
  { bbox, bboxMode, categoryId, difficult = false }: Annotation,
  classNames: readonly string[],
): VocObject {
  const [xmin, ymin, xmax, ymax] = BoxMode.convert(bbox, bboxMode, BoxMode.XYXY_ABS);
  return { name: classNames[categoryId], difficult, bbox: [xmin + 1, ymin + 1, xmax, ymax] };
}

function asGroundTruth(
  datasetName: string,
  { images, categories, annotations }: CocoFile,
): CocoDataset {
  return {
    categories,
    images: images.map(({ height, width, ...image }) => {
      if (height === undefined || width === undefined) {
        throw new GroundTruthError(datasetName, `image ${image.id} has no height and width`);
      }
      return { ...image, height, width };
    }),
    ...(annotations && { annotations: checkedAnnotations(datasetName, annotations) }),
  };
}

function checkedAnnotations(
  datasetName: string,
  annotations: NonNullable<CocoFile["annotations"]>,
): CocoAnnotation[] {
  return annotations.map(({ segmentation, bbox, area, ...annotation }) => {
    if (bbox === undefined) {
      throw new GroundTruthError(datasetName, `annotation ${annotation.id} has no bbox`);
    }
    const [left, top, width, height, angle] = bbox;
    return {
      ...annotation,
      bbox: bbox.length === 5 ? [left, top, width, height, angle] : [left, top, width, height],
      area: area ?? width * height,
      ...(segmentation && { segmentation }),
    };
  });
}
