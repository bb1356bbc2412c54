import { rasterizePolygons, type Polygon } from "@detectron-ts/coco";
import ndarray, { type NdArray } from "ndarray";

/**
 * Pixels covered by the polygons of one object, by COCO's rule. Mirrors
 * `detectron2.structures.masks.polygons_to_bitmask`.
 *
 * @param polygons - parts of the object, each x0, y0, x1, y1, … in pixels.
 * @returns height×width of 0 and 1; all zeros for no polygon.
 * @throws InvalidPolygonError of `@detectron-ts/coco`.
 */
export function polygonsToBitmask(
  polygons: readonly Polygon[],
  height: number,
  width: number,
): NdArray<Uint8Array> {
  return ndarray(rasterizePolygons(polygons, [height, width]), [height, width]);
}

/** {@link polygonsToBitmask} of each of N objects, N×height×width. */
export function rasterizePolygonMasks(
  objects: readonly (readonly Polygon[])[],
  height: number,
  width: number,
): NdArray<Uint8Array> {
  const pixels = height * width;
  const masks = new Uint8Array(objects.length * pixels);
  objects.forEach((polygons, i) => {
    masks.set(rasterizePolygons(polygons, [height, width]), i * pixels);
  });
  return ndarray(masks, [objects.length, height, width]);
}

/** Boxes with a shorter side are treated as if it were this long, so that the scale stays finite. */
const MIN_BOX_SIDE = 0.1;

/**
 * The part of an object inside a box, stretched to a square of pixels. Mirrors
 * `detectron2.structures.masks.rasterize_polygons_within_box`.
 *
 * @param box - x0, y0, x1, y1 in float32.
 * @returns row-major maskSize×maskSize of 0 and 1.
 */
export function rasterizePolygonsWithinBox(
  polygons: readonly Float64Array[],
  [x0, y0, x1, y1]: Float32Array,
  maskSize: number,
): Uint8Array {
  // The sides are float32, all that follows is float64.
  const scaleX = maskSize / Math.max(Math.fround(x1 - x0), MIN_BOX_SIDE);
  const scaleY = maskSize / Math.max(Math.fround(y1 - y0), MIN_BOX_SIDE);
  const stretched = polygons.map((polygon) =>
    polygon.map((value, i) => (i % 2 === 0 ? (value - x0) * scaleX : (value - y0) * scaleY)),
  );
  return rasterizePolygons(stretched, [maskSize, maskSize]);
}
