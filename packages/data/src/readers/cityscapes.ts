import { basename, join } from "node:path";

import type { DatasetDict } from "../dataset-dict.ts";
import { DatasetFileError } from "../errors.ts";
import { listCityscapesFiles, requireCityscapesFile } from "./cityscapes-files.ts";
import { readCityscapesPolygons } from "./cityscapes-polygons.ts";
import { readPanopticFile } from "./panoptic-file.ts";
import { convertSegments, type PanopticMetadata } from "./panoptic-segments.ts";

const MAKE_TRAIN_IDS = "make it with cityscapesScripts' createTrainIdLabelImgs.py";
const MAKE_PANOPTIC = "make it with cityscapesScripts' createPanopticImgs.py";

/**
 * Reads Cityscapes for semantic segmentation: images and label maps of train ids. Mirrors detectron2's
 * `load_cityscapes_semantic`.
 *
 * @param imageDir - `leftImg8bit/<split>`.
 * @param gtDir - `gtFine/<split>`.
 * @throws DatasetFileError when files are missing or broken.
 */
export async function loadCityscapesSemantic(
  imageDir: string,
  gtDir: string,
): Promise<DatasetDict[]> {
  const dicts: DatasetDict[] = [];
  for (const { image, gtPrefix } of await listCityscapesFiles(imageDir, gtDir)) {
    const { imgHeight, imgWidth } = await readCityscapesPolygons(`${gtPrefix}_polygons.json`);
    const semSegFileName = `${gtPrefix}_labelTrainIds.png`;
    if (dicts.length === 0) await requireCityscapesFile(semSegFileName, MAKE_TRAIN_IDS);
    dicts.push({
      fileName: image,
      imageId: basename(image),
      height: imgHeight,
      width: imgWidth,
      semSegFileName,
    });
  }
  return dicts;
}

/**
 * Reads Cityscapes' panoptic annotations: PNG files of segments, `segmentsInfo` with contiguous ids, and the label maps of
 * train ids. Mirrors detectron2's `load_cityscapes_panoptic`.
 *
 * @param imageDir - `leftImg8bit/<split>`; ground truth of train ids is looked for beside it, in `gtFine/<split>`.
 * @param gtDir - the folder of PNG files.
 * @param gtJson - the file that describes their segments.
 * @param metadata - contiguous ids of things and of stuff.
 * @throws DatasetFileError when files are missing or broken.
 */
export async function loadCityscapesPanoptic(
  imageDir: string,
  gtDir: string,
  gtJson: string,
  metadata: PanopticMetadata,
): Promise<DatasetDict[]> {
  await requireCityscapesFile(gtJson, MAKE_PANOPTIC);
  const { annotations } = await readPanopticFile(gtJson);
  const labelDir = imageDir.replace("leftImg8bit", "gtFine");
  const files = new Map(
    (await listCityscapesFiles(imageDir, labelDir)).map((file) => [file.frame, file]),
  );
  const dicts = annotations.map((annotation) => {
    const { image_id, file_name } = annotation;
    const file = files.get(String(image_id));
    if (!file) throw new DatasetFileError(gtJson, `there is no image ${image_id} in ${imageDir}`);
    return {
      fileName: file.image,
      imageId: file.frame,
      semSegFileName: `${file.gtPrefix}_labelTrainIds.png`,
      panSegFileName: join(gtDir, file_name),
      segmentsInfo: convertSegments(gtJson, annotation, metadata),
    };
  });
  if (dicts.length === 0) throw new DatasetFileError(gtJson, "has no annotations");
  await requireCityscapesFile(dicts[0].semSegFileName, MAKE_TRAIN_IDS);
  await requireCityscapesFile(dicts[0].panSegFileName, MAKE_PANOPTIC);
  return dicts;
}
