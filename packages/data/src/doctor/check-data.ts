import { access } from "node:fs/promises";
import { area, type Rle } from "@detectron-ts/coco";
import { readImage } from "@detectron-ts/image";
import { BoxMode, type ImageSize } from "@detectron-ts/structures";

import { isRle, type Annotation, type DatasetDict } from "../dataset-dict.ts";
import { isPolygon } from "../mapper/check-annotation.ts";
import type { MaskFormat } from "../mapper/instance-annotations.ts";
import { Findings, type DataProblem, type DataProblemExample } from "./findings.ts";

/** What {@link checkData} found. */
export interface DataReport {
  readonly problems: readonly DataProblem[];
  readonly images: number;
  readonly annotations: number;
  /** How many annotations each class has, by contiguous id. */
  readonly classCounts: ReadonlyMap<number, number>;
  /** Number of images whose pixels were read. */
  readonly imagesRead: number;
}

/** Options of {@link checkData}. */
export interface CheckDataOptions {
  /** MODEL.ROI_HEADS.NUM_CLASSES. */
  readonly numClasses?: number;
  /** Names of the dataset's classes. */
  readonly thingClasses?: readonly string[];
  /** Given where masks are trained, MODEL.MASK_ON. */
  readonly maskFormat?: MaskFormat;
  /** How many images to decode, spread evenly over the dataset; 500 by default. Whether files are there is asked of all. */
  readonly maxImagesToRead?: number;
}

const DEFAULT_IMAGES_TO_READ = 500;
/** How many images are looked at at once. */
const CONCURRENCY = 8;
/** Boxes may reach this far over the border, in pixels: annotation tools round. */
const BORDER_TOLERANCE = 1;

/** Sides up to this long, in pixels, are hardly meant. */
const TINY_SIDE = 1;

/**
 * Looks for what goes wrong most often with datasets of one's own: category ids off by one, another number of classes than
 * the model has, sizes that are not those of the files (often EXIF orientation), boxes without extent or outside the image,
 * polygons without area, masks of the wrong format, files that are missing or broken. Throws for none of it.
 */
export async function checkData(
  dicts: readonly DatasetDict[],
  options: CheckDataOptions = {},
): Promise<DataReport> {
  const findings = new Findings();
  const classCounts = new Map<number, number>();
  let annotationCount = 0;
  for (const dict of dicts) {
    for (const annotation of dict.annotations ?? []) {
      annotationCount++;
      classCounts.set(annotation.categoryId, (classCounts.get(annotation.categoryId) ?? 0) + 1);
      const example = exampleOf(dict, annotation);
      checkBox(findings, dict, annotation, example);
      checkMask(findings, dict, annotation, example, options.maskFormat);
    }
    if (!dict.annotations?.some(({ iscrowd }) => iscrowd !== 1)) {
      findings.add(
        "no-annotations",
        "warning",
        "Images without an object are left out of training (DATALOADER.FILTER_EMPTY_ANNOTATIONS)",
        { fileName: dict.fileName },
      );
    }
  }
  checkCategories(findings, dicts, classCounts, options);
  const imagesRead = await checkFiles(
    findings,
    dicts,
    options.maxImagesToRead ?? DEFAULT_IMAGES_TO_READ,
  );
  return {
    problems: findings.list(),
    images: dicts.length,
    annotations: annotationCount,
    classCounts,
    imagesRead,
  };
}

function checkCategories(
  findings: Findings,
  dicts: readonly DatasetDict[],
  classCounts: ReadonlyMap<number, number>,
  { numClasses, thingClasses }: CheckDataOptions,
): void {
  if (numClasses !== undefined && thingClasses && thingClasses.length !== numClasses) {
    findings.add(
      "class-count",
      "error",
      `The dataset has ${thingClasses.length} classes (${thingClasses.join(", ")}), the model ` +
        `${numClasses}; set MODEL.ROI_HEADS.NUM_CLASSES to ${thingClasses.length}. ` +
        "Background is not counted",
    );
  }
  const unused = thingClasses?.filter((_, id) => !classCounts.has(id)) ?? [];
  if (unused.length > 0) {
    findings.add(
      "class-unused",
      "warning",
      `Classes have no annotation: ${unused.join(", ")}; a category that stands for background or for all others does not ` +
        "belong into the file",
    );
  }
  const total = thingClasses?.length ?? numClasses;
  const ids = [...classCounts.keys()];
  if (total === undefined || ids.length === 0) return;
  const [least, greatest] = [Math.min(...ids), Math.max(...ids)];
  const isClass = (id: number): boolean => Number.isInteger(id) && id >= 0 && id < total;
  if (ids.every(isClass)) return;
  const offByOne = least >= 1 && greatest === total;
  const [kind, message] = offByOne
    ? ([
        "category-off-by-one",
        `Category ids run from ${least} to ${greatest} for ${total} classes; wanted 0 to ${total - 1}. ` +
          "Take 1 from each, or let a registered COCO file be mapped",
      ] as const)
    : ([
        "category-out-of-range",
        `Category ids run from ${least} to ${greatest}; wanted integers from 0 to ${total - 1}`,
      ] as const);
  for (const dict of dicts) {
    for (const annotation of dict.annotations ?? []) {
      if (isClass(annotation.categoryId)) continue;
      findings.add(kind, "error", message, exampleOf(dict, annotation));
    }
  }
}

function exampleOf({ fileName }: DatasetDict, { id }: Annotation): DataProblemExample {
  return { fileName, ...(id !== undefined && { annotationId: id }) };
}

function checkBox(
  findings: Findings,
  { width = Infinity, height = Infinity }: DatasetDict,
  { bbox, bboxMode }: Annotation,
  example: DataProblemExample,
): void {
  if (!bbox.every(Number.isFinite)) {
    findings.add("box-not-finite", "error", "Boxes have NaN or infinite coordinates", example);
    return;
  }
  const [x0, y0, x1, y1] = BoxMode.convert(bbox, bboxMode, BoxMode.XYXY_ABS);
  // What is left once the mapper has clipped the box to the image.
  const clippedWidth = Math.min(x1, width) - Math.max(x0, 0);
  const clippedHeight = Math.min(y1, height) - Math.max(y0, 0);
  if (!(clippedWidth > 0 && clippedHeight > 0)) {
    findings.add(
      "box-empty",
      "warning",
      "Boxes without extent inside their image are left out of training",
      example,
    );
  } else if (clippedWidth <= TINY_SIDE || clippedHeight <= TINY_SIDE) {
    findings.add(
      "box-tiny",
      "warning",
      "Boxes are a pixel wide or high, often a slip of the mouse; they are trained on",
      example,
    );
  } else if (
    x0 < -BORDER_TOLERANCE ||
    y0 < -BORDER_TOLERANCE ||
    x1 > width + BORDER_TOLERANCE ||
    y1 > height + BORDER_TOLERANCE
  ) {
    findings.add(
      "box-outside",
      "warning",
      "Boxes reach outside their image and are clipped; check the box format (XYWH or XYXY) and the image's size",
      example,
    );
  }
}

function checkMask(
  findings: Findings,
  { width, height }: DatasetDict,
  { segmentation, iscrowd }: Annotation,
  example: DataProblemExample,
  maskFormat: MaskFormat | undefined,
): void {
  if (iscrowd === 1) return;
  if (!segmentation) {
    if (maskFormat) {
      findings.add(
        "mask-missing",
        "error",
        "Objects have no mask, but masks are trained (MODEL.MASK_ON)",
        example,
      );
    }
    return;
  }
  if (!isRle(segmentation)) {
    if (!segmentation.every(isPolygon)) {
      findings.add(
        "polygon",
        "warning",
        "Polygons have fewer than three corners or an odd number of coordinates; they are left out",
        example,
      );
    }
    return;
  }
  if (maskFormat === "polygon") {
    findings.add(
      "mask-format",
      "error",
      'Masks are run-length encodings, but INPUT.MASK_FORMAT is "polygon"; set it to "bitmask"',
      example,
    );
  }
  if (!isReadable(segmentation)) {
    findings.add(
      "mask-broken",
      "error",
      "Run-length encodings are broken: their runs do not make up the mask",
      example,
    );
  }
  const [maskHeight, maskWidth] = segmentation.size;
  if (
    height !== undefined &&
    width !== undefined &&
    (maskHeight !== height || maskWidth !== width)
  ) {
    findings.add(
      "mask-size",
      "error",
      "Run-length encodings have another size than their image",
      example,
    );
  }
}

function isReadable(rle: Rle): boolean {
  try {
    area(rle);
    return true;
  } catch {
    return false;
  }
}

/** Returns how many images were decoded. */
async function checkFiles(
  findings: Findings,
  dicts: readonly DatasetDict[],
  maxImagesToRead: number,
): Promise<number> {
  const step = Math.max(1, dicts.length / Math.max(maxImagesToRead, 1));
  const sampled = new Set<number>();
  for (let i = 0; i < dicts.length && sampled.size < maxImagesToRead; i += step) {
    sampled.add(Math.trunc(i));
  }
  for (let start = 0; start < dicts.length; start += CONCURRENCY) {
    await Promise.all(
      dicts.slice(start, start + CONCURRENCY).map(async (dict, i) => {
        await checkFile(findings, dict, sampled.has(start + i));
      }),
    );
  }
  return sampled.size;
}

async function checkFile(findings: Findings, dict: DatasetDict, decode: boolean): Promise<void> {
  const { fileName, height, width, semSegFileName } = dict;
  const size = await checkPicture(findings, fileName, decode, [height, width]);
  if (semSegFileName !== undefined) {
    await checkPicture(findings, semSegFileName, decode, size ?? [height, width]);
  }
}

/** Height and width of a picture, if it has been decoded. */
async function checkPicture(
  findings: Findings,
  fileName: string,
  decode: boolean,
  [height, width]: readonly [number | undefined, number | undefined],
): Promise<ImageSize | undefined> {
  try {
    await access(fileName);
  } catch {
    findings.add("missing-file", "error", "Image files are missing; check the image folder", {
      fileName,
    });
    return undefined;
  }
  if (!decode) return undefined;
  let size: ImageSize;
  try {
    const { shape } = await readImage(fileName);
    size = [shape[0], shape[1]];
  } catch {
    findings.add("unreadable-image", "error", "Image files cannot be decoded", { fileName });
    return undefined;
  }
  const sized = height !== undefined && width !== undefined;
  if (sized && (size[0] !== height || size[1] !== width)) {
    const turned = size[0] === width && size[1] === height;
    findings.add(
      "size-mismatch",
      "error",
      `Images have another size than the dataset says${
        turned
          ? ": height and width are exchanged, so annotations were made without the photographs' EXIF orientation"
          : ""
      }`,
      { fileName },
    );
  }
  return size;
}
