import { AnnotationError, DatasetFileError } from "../errors.ts";
import { isId, isNumbers, isRecord, readJsonTables, unique } from "./json-tables.ts";

/** A category of a file in COCO's format. */
export interface CocoCategory {
  readonly id: number;
  readonly name: string;
  readonly supercategory?: string;
  /** Names of the keypoints of an object of this category. */
  readonly keypoints?: readonly string[];
}

/** An image of a file in COCO's format. */
export interface CocoImage {
  readonly id: number | string;
  readonly file_name: string;
  readonly height?: number;
  readonly width?: number;
}

/** An annotation of a file in COCO's format, as far as it is checked; {@link readCocoFile} checks the rest. */
export interface CocoAnnotation {
  readonly id: number;
  readonly image_id: number | string;
  readonly category_id: number;
  /** Left, top, width, height; or x and y of the centre, width, height and angle of a rotated box. */
  readonly bbox?: readonly number[];
  readonly area?: number;
  readonly iscrowd?: 0 | 1;
  readonly ignore?: number;
  readonly segmentation?:
    | readonly (readonly number[])[]
    | { readonly size: readonly [number, number]; readonly counts: string | readonly number[] }
    | null;
  readonly keypoints?: readonly number[];
  readonly num_keypoints?: number;
}

/** A file in COCO's format. */
export interface CocoFile {
  readonly info?: unknown;
  readonly licenses?: unknown;
  readonly images: readonly CocoImage[];
  readonly categories: readonly CocoCategory[];
  /** Absent from the files of test sets, whose ground truth is kept secret. */
  readonly annotations?: readonly CocoAnnotation[];
}

/**
 * Reads a file in COCO's format and checks the types of all that is used of it.
 *
 * @throws DatasetFileError | AnnotationError
 */
export function readCocoFile(file: string): Promise<CocoFile> {
  return readTables(file, checkedImage, checkedCategory);
}

/**
 * Reads a file that is laid out as COCO's, with images and categories of a kind of its own.
 *
 * @throws DatasetFileError | AnnotationError
 */
export async function readTables<
  Image extends { readonly id: number | string },
  Category extends { readonly id: number },
>(
  file: string,
  toImage: (file: string, value: unknown, index: number) => Image,
  toCategory: (file: string, value: unknown, index: number) => Category,
): Promise<{
  readonly images: readonly Image[];
  readonly categories: readonly Category[];
  readonly annotations?: readonly CocoAnnotation[];
}> {
  const { list, optionalList } = await readJsonTables(file);
  const annotations = optionalList("annotations");
  return {
    images: unique(
      file,
      "image",
      list("images").map((image, i) => toImage(file, image, i)),
    ),
    categories: unique(
      file,
      "category",
      list("categories").map((category, i) => toCategory(file, category, i)),
    ),
    ...(annotations && {
      annotations: annotations.map((annotation, i) => checkedAnnotation(file, annotation, i)),
    }),
  };
}

function checkedImage(file: string, value: unknown, index: number): CocoImage {
  if (!isRecord(value) || !isId(value.id) || typeof value.file_name !== "string") {
    throw new DatasetFileError(file, `images[${index}] needs an id and a file_name`);
  }
  const { id, file_name, height, width } = value;
  for (const side of [height, width]) {
    if (side !== undefined && !(typeof side === "number" && side > 0)) {
      throw new DatasetFileError(file, `image ${id} has height ${height} and width ${width}`);
    }
  }
  const sized = typeof height === "number" && typeof width === "number";
  return sized ? { id, file_name, height, width } : { id, file_name };
}

function checkedCategory(file: string, value: unknown, index: number): CocoCategory {
  if (!isRecord(value) || typeof value.id !== "number" || typeof value.name !== "string") {
    throw new DatasetFileError(file, `categories[${index}] needs a numeric id and a name`);
  }
  const { id, name, keypoints } = value;
  if (keypoints === undefined) return { id, name };
  if (!(Array.isArray(keypoints) && keypoints.every((point) => typeof point === "string"))) {
    throw new DatasetFileError(file, `category ${id} has keypoints that are not a list of names`);
  }
  return keypoints.length > 0 ? { id, name, keypoints } : { id, name };
}

/** @throws AnnotationError */
function checkedAnnotation(file: string, value: unknown, index: number): CocoAnnotation {
  if (!isRecord(value) || typeof value.id !== "number") {
    throw new DatasetFileError(file, `annotations[${index}] needs a numeric id`);
  }
  const fail = (message: string): never => {
    throw new AnnotationError(file, Number(value.id), message);
  };
  const { id, image_id, category_id, bbox, segmentation, keypoints, iscrowd, ignore } = value;
  const { area, num_keypoints } = value;
  if (!isId(image_id)) return fail("has no image_id");
  if (typeof category_id !== "number") return fail("has no numeric category_id");
  const annotation: { -readonly [Key in keyof CocoAnnotation]: CocoAnnotation[Key] } = {
    id,
    image_id,
    category_id,
  };
  if (bbox !== undefined) {
    if (!isNumbers(bbox) || (bbox.length !== 4 && bbox.length !== 5)) {
      return fail(`has bbox ${textOf(bbox)}, wanted four finite numbers, or five with an angle`);
    }
    annotation.bbox = bbox;
  }
  if (segmentation !== undefined && segmentation !== null) {
    if (Array.isArray(segmentation) && segmentation.every(isNumbers)) {
      annotation.segmentation = segmentation;
    } else if (isRle(segmentation)) {
      annotation.segmentation = segmentation;
    } else {
      return fail("has a segmentation that is neither polygons of finite numbers nor an RLE");
    }
  }
  if (keypoints !== undefined) {
    if (!isNumbers(keypoints) || keypoints.length % 3 !== 0) {
      return fail("has keypoints that are not triples of finite numbers");
    }
    annotation.keypoints = keypoints;
  }
  if (iscrowd !== undefined) {
    if (iscrowd !== 0 && iscrowd !== 1) return fail(`has iscrowd ${JSON.stringify(iscrowd)}`);
    annotation.iscrowd = iscrowd;
  }
  if (typeof ignore === "number") annotation.ignore = ignore;
  if (area !== undefined) {
    if (!isNumbers([area])) return fail(`has area ${JSON.stringify(area)}, wanted a number`);
    annotation.area = Number(area);
  }
  if (typeof num_keypoints === "number") annotation.num_keypoints = num_keypoints;
  return annotation;
}

function textOf(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(String).join(", ")}]` : JSON.stringify(value);
}

function isRle(
  value: unknown,
): value is { size: readonly [number, number]; counts: string | number[] } {
  return (
    isRecord(value) &&
    isNumbers(value.size) &&
    value.size.length === 2 &&
    (typeof value.counts === "string" || isNumbers(value.counts))
  );
}
