import { BoxMode, type ImageSize } from "@detectron-ts/structures";

import { isRle, type Annotation, type DatasetDict, type Segmentation } from "../dataset-dict.ts";
import { AnnotationError } from "../errors.ts";

/** What messages call an annotation: its id, or its place among those of its image. */
export function annotationName({ id }: Annotation, index: number): number {
  return id ?? index;
}

/**
 * Checks that a box is finite: no comparison holds for NaN, so such a box would vanish without a word.
 *
 * @throws AnnotationError naming the image and the annotation.
 */
export function checkBox(
  { fileName }: Pick<DatasetDict, "fileName">,
  annotation: Annotation,
  index: number,
): void {
  const { bbox, bboxMode } = annotation;
  const wanted = bboxMode === BoxMode.XYWHA_ABS ? 5 : 4;
  if (bbox.length < wanted || !bbox.every(Number.isFinite)) {
    const name = annotationName(annotation, index);
    throw new AnnotationError(
      fileName,
      name,
      `has bbox [${bbox.join(", ")}], wanted ${wanted} finite numbers`,
    );
  }
}

/**
 * Checks that polygons have an area to speak of and that a run-length encoding is of the size of its image.
 *
 * @throws AnnotationError naming the image and the annotation.
 */
export function checkSegmentation(
  { fileName }: Pick<DatasetDict, "fileName">,
  annotation: Annotation,
  index: number,
  imageSize: ImageSize,
): void {
  const fault = annotation.segmentation && faultOf(annotation.segmentation, imageSize);
  if (fault) throw new AnnotationError(fileName, annotationName(annotation, index), fault);
}

function faultOf(segmentation: Segmentation, [height, width]: ImageSize): string | undefined {
  if (isRle(segmentation)) {
    const [maskHeight, maskWidth] = segmentation.size;
    if (maskHeight === height && maskWidth === width) return undefined;
    return `has a mask of height ${maskHeight} and width ${maskWidth}; its image has ${height} and ${width}`;
  }
  const polygon = segmentation.find((coordinates) => !isPolygon(coordinates));
  if (!polygon) return undefined;
  return polygon.every(Number.isFinite)
    ? `has a polygon of ${polygon.length} coordinates, wanted an even number of at least 6`
    : "has a polygon with coordinates that are not finite";
}

/** Whether coordinates are those of three corners at least. */
export function isPolygon(coordinates: readonly number[]): boolean {
  return (
    coordinates.length >= 6 && coordinates.length % 2 === 0 && coordinates.every(Number.isFinite)
  );
}
