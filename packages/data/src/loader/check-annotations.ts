import { BoxMode } from "@detectron-ts/structures";

import type { Annotation, DatasetDict } from "../dataset-dict.ts";
import { AnnotationError } from "../errors.ts";
import { annotationName, checkBox } from "../mapper/check-annotation.ts";

/**
 * Checks all annotations before the first image is loaded, and counts those that training will leave out.
 *
 * @param numClasses - number of classes, where it is known.
 * @param warn - is told the count, once, if there are any.
 * @throws AnnotationError for a box that is not finite and for a class that there is not.
 */
export function checkAnnotations(
  dicts: readonly DatasetDict[],
  numClasses: number | undefined,
  warn: (message: string) => void,
): void {
  let count = 0;
  let first = "";
  for (const dict of dicts) {
    for (const [index, annotation] of (dict.annotations ?? []).entries()) {
      const name = annotationName(annotation, index);
      checkBox(dict, annotation, index);
      checkCategory(dict, annotation, name, numClasses);
      if (annotation.iscrowd === 1 || hasExtent(dict, annotation)) continue;
      if (count++ === 0) first = `annotation ${name} of ${dict.fileName}`;
    }
  }
  if (count > 0) {
    warn(
      `${count} boxes without extent inside their image are left out of training; first ${first}`,
    );
  }
}

function checkCategory(
  { fileName }: DatasetDict,
  { categoryId }: Annotation,
  name: number,
  numClasses = Infinity,
): void {
  if (Number.isInteger(categoryId) && categoryId >= 0 && categoryId < numClasses) return;
  throw new AnnotationError(
    fileName,
    name,
    `has category ${categoryId}, wanted an integer from 0 to ${numClasses - 1}`,
  );
}

/** Whether something of a box is left once it is clipped to its image. */
function hasExtent(
  { width = Infinity, height = Infinity }: DatasetDict,
  { bbox, bboxMode }: Annotation,
): boolean {
  const [x0, y0, x1, y1] = BoxMode.convert(bbox, bboxMode, BoxMode.XYXY_ABS);
  return Math.min(x1, width) > Math.max(x0, 0) && Math.min(y1, height) > Math.max(y0, 0);
}
