import { join } from "node:path";
import type { Config } from "@detectron-ts/config";
import {
  buildDetectionTrainLoader,
  type DatasetDict,
  type DetectionTrainLoader,
} from "@detectron-ts/data";
import { writeImage } from "@detectron-ts/image";
import { Generator } from "@detectron-ts/nn";
import { BoxMode } from "@detectron-ts/structures";
import ndarray from "ndarray";
import { syntheticPixels } from "./inference/synthetic-image.ts";

const NUM_IMAGES = 4;
const POLYGON_CORNERS = 24;

export interface TrainingDataOptions {
  /** Where the images are written. */
  readonly folder: string;
  readonly height: number;
  readonly width: number;
  /** Objects on each image. */
  readonly instances: number;
}

/** An ellipse of some size somewhere, with its box and its outline. */
function object(random: Generator, height: number, width: number, numClasses: number) {
  const radiusX = width * (0.03 + 0.15 * random.next());
  const radiusY = height * (0.03 + 0.15 * random.next());
  const x = radiusX + random.next() * (width - 2 * radiusX);
  const y = radiusY + random.next() * (height - 2 * radiusY);
  const outline = Array.from({ length: POLYGON_CORNERS }, (_, corner) => {
    const angle = (corner / POLYGON_CORNERS) * 2 * Math.PI;
    return [x + radiusX * Math.cos(angle), y + radiusY * Math.sin(angle)];
  });
  return {
    bbox: [x - radiusX, y - radiusY, x + radiusX, y + radiusY],
    bboxMode: BoxMode.XYXY_ABS,
    categoryId: random.nextInt(numClasses),
    segmentation: [outline.flat()],
  };
}

/** Images in files with outlined objects, and the loader that a config describes over them. */
export async function trainingLoader(
  cfg: Config,
  { folder, height, width, instances }: TrainingDataOptions,
): Promise<DetectionTrainLoader> {
  const random = new Generator(1);
  const planes = ndarray(Uint8Array.from(syntheticPixels(height, width)), [3, height, width]);
  const dataset: DatasetDict[] = [];
  for (let imageId = 0; imageId < NUM_IMAGES; imageId++) {
    const fileName = join(folder, `${imageId}.jpg`);
    await writeImage(fileName, planes.transpose(1, 2, 0));
    const annotations = Array.from({ length: instances }, () =>
      object(random, height, width, cfg.MODEL.ROI_HEADS.NUM_CLASSES),
    );
    dataset.push({ fileName, imageId, height, width, annotations });
  }
  return buildDetectionTrainLoader(cfg, { dataset });
}
