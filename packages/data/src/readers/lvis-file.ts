import { DatasetFileError } from "../errors.ts";
import { type CocoAnnotation, readTables } from "./coco-file.ts";
import { isNumbers, isRecord } from "./json-tables.ts";

/** An image of a file in LVIS's format. */
export interface LvisImage {
  readonly id: number;
  readonly height: number;
  readonly width: number;
  /** Where COCO has the image: its last two parts are folder and name of the file. */
  readonly coco_url?: string;
  readonly file_name?: string;
  /** Categories that are known not to be in the image. */
  readonly neg_category_ids: readonly number[];
  /** Categories not all of whose objects are annotated. */
  readonly not_exhaustive_category_ids: readonly number[];
}

/** A category of a file in LVIS's format. */
export interface LvisCategory {
  readonly id: number;
  readonly name: string;
  /** Rare (in up to 10 images of the training set), common (up to 100) or frequent. */
  readonly frequency?: "r" | "c" | "f";
}

/** A file in LVIS's format. */
export interface LvisFile {
  readonly images: readonly LvisImage[];
  readonly categories: readonly LvisCategory[];
  /** Absent from the files of test sets. */
  readonly annotations?: readonly CocoAnnotation[];
}

/**
 * Reads a file in LVIS's format and checks the types of all that is used of it.
 *
 * @throws DatasetFileError | AnnotationError
 */
export function readLvisFile(file: string): Promise<LvisFile> {
  return readTables(file, checkedImage, checkedCategory);
}

function checkedImage(file: string, value: unknown, index: number): LvisImage {
  if (!isRecord(value) || typeof value.id !== "number") {
    throw new DatasetFileError(file, `images[${index}] needs a numeric id`);
  }
  const { id, height, width, coco_url, file_name } = value;
  if (!(typeof height === "number" && height > 0 && typeof width === "number" && width > 0)) {
    throw new DatasetFileError(file, `image ${id} has height ${height} and width ${width}`);
  }
  const ids = (key: string): number[] => {
    const list = value[key] ?? [];
    if (isNumbers(list)) return list;
    throw new DatasetFileError(file, `image ${id} has a ${key} that is no list of numbers`);
  };
  return {
    id,
    height,
    width,
    ...(typeof coco_url === "string" && { coco_url }),
    ...(typeof file_name === "string" && { file_name }),
    neg_category_ids: ids("neg_category_ids"),
    not_exhaustive_category_ids: ids("not_exhaustive_category_ids"),
  };
}

function checkedCategory(file: string, value: unknown, index: number): LvisCategory {
  if (!isRecord(value) || typeof value.id !== "number" || typeof value.name !== "string") {
    throw new DatasetFileError(file, `categories[${index}] needs a numeric id and a name`);
  }
  const { id, name, frequency } = value;
  if (frequency === undefined) return { id, name };
  if (frequency === "r" || frequency === "c" || frequency === "f") return { id, name, frequency };
  throw new DatasetFileError(
    file,
    `category ${id} has frequency ${JSON.stringify(frequency)}, wanted "r", "c" or "f"`,
  );
}
