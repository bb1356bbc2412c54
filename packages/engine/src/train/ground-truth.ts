import type { CocoDataset } from "@detectron-ts/coco";
import {
  type Annotation,
  type CocoFile,
  convertToCocoDict,
  DatasetCatalog,
  MetadataCatalog,
  readCocoFile,
} from "@detectron-ts/data";
import type { VocGroundTruth, VocObject } from "@detectron-ts/evaluation";
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
    annotations: annotations.map(({ segmentation, bbox, area, ...annotation }) => {
      if (bbox === undefined) {
        throw new GroundTruthError(datasetName, `annotation ${annotation.id} has no bbox`);
      }
      const [left, top, width, height] = bbox;
      return {
        ...annotation,
        bbox: [left, top, width, height],
        area: area ?? width * height,
        ...(segmentation && { segmentation }),
      };
    }),
  };
}
