import { DatasetFileError } from "../errors.ts";
import { isId, isNumbers, isRecord, readJsonTables } from "./json-tables.ts";

/** A segment of a file of panoptic annotations. */
export interface PanopticSegmentInfo {
  /** The value of its pixels, red + 256·green + 256²·blue. */
  readonly id: number;
  readonly category_id: number;
  readonly iscrowd?: 0 | 1;
  readonly area?: number;
  readonly bbox?: readonly number[];
}

/** What a file of panoptic annotations says about an image. */
export interface PanopticAnnotation {
  readonly image_id: number | string;
  /** Name of the PNG with the segments. */
  readonly file_name: string;
  readonly segments_info: readonly PanopticSegmentInfo[];
}

/** A category of a file of panoptic annotations. */
export interface PanopticCategory {
  readonly id: number;
  readonly name: string;
  readonly isthing: 0 | 1;
}

/** A file of panoptic annotations, COCO's `panoptic_val2017.json` and others of its format. */
export interface PanopticFile {
  readonly annotations: readonly PanopticAnnotation[];
  readonly categories: readonly PanopticCategory[];
}

/**
 * Reads a file of panoptic annotations and checks the types of all that is used of it.
 *
 * @throws DatasetFileError
 */
export async function readPanopticFile(file: string): Promise<PanopticFile> {
  const { list } = await readJsonTables(file);
  return {
    annotations: list("annotations").map((value, i) => checkedAnnotation(file, value, i)),
    categories: list("categories").map((value, i) => checkedCategory(file, value, i)),
  };
}

function checkedAnnotation(file: string, value: unknown, index: number): PanopticAnnotation {
  if (
    !isRecord(value) ||
    !isId(value.image_id) ||
    typeof value.file_name !== "string" ||
    !Array.isArray(value.segments_info)
  ) {
    throw new DatasetFileError(
      file,
      `annotations[${index}] needs an image_id, a file_name and a list segments_info`,
    );
  }
  const { image_id, file_name, segments_info } = value;
  return {
    image_id,
    file_name,
    segments_info: segments_info.map((segment: unknown) => checkedSegment(file, image_id, segment)),
  };
}

function checkedSegment(
  file: string,
  imageId: number | string,
  value: unknown,
): PanopticSegmentInfo {
  if (!isRecord(value) || typeof value.id !== "number" || typeof value.category_id !== "number") {
    throw new DatasetFileError(
      file,
      `image ${imageId} has a segment without a numeric id and category_id`,
    );
  }
  const { id, category_id, iscrowd, area, bbox } = value;
  return {
    id,
    category_id,
    ...((iscrowd === 0 || iscrowd === 1) && { iscrowd }),
    ...(typeof area === "number" && { area }),
    ...(isNumbers(bbox) && { bbox }),
  };
}

function checkedCategory(file: string, value: unknown, index: number): PanopticCategory {
  if (!isRecord(value) || typeof value.id !== "number" || typeof value.name !== "string") {
    throw new DatasetFileError(file, `categories[${index}] needs a numeric id and a name`);
  }
  const { id, name, isthing } = value;
  return { id, name, isthing: isthing === 1 ? 1 : 0 };
}
