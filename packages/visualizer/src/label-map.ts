import type { NdArray } from "ndarray";

import { traceContours, type Contour } from "./contours.ts";
import { DrawingShapeError } from "./errors.ts";

/** H×W whole numbers: a class or a segment's id for each pixel. */
export type LabelMap = NdArray<Uint8Array | Uint16Array | Int32Array>;

/** The pixels of one label. */
export interface Region {
  readonly label: number;
  /** In pixels. */
  readonly area: number;
  readonly contours: readonly Contour[];
  /** A pixel of the region near the median of them all: a place for its name. */
  readonly center: readonly [x: number, y: number];
}

interface Bounds {
  area: number;
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/**
 * The regions of a label map by decreasing area; equal ones as they come in the map.
 *
 * @param wanted - which labels to take.
 * @throws DrawingShapeError when the map hasn't `height` × `width` pixels.
 */
export function regionsOf(
  map: LabelMap,
  height: number,
  width: number,
  wanted: (label: number) => boolean,
): Region[] {
  if (map.dimension !== 2 || map.shape[0] !== height || map.shape[1] !== width) {
    throw new DrawingShapeError("a map of labels", map.shape, `the image's ${height} × ${width}`);
  }
  const found = new Map<number, Bounds>();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const label = map.get(y, x);
      const bounds = found.get(label);
      if (bounds === undefined) {
        found.set(label, { area: 1, x0: x, y0: y, x1: x, y1: y });
        continue;
      }
      bounds.area++;
      bounds.x0 = Math.min(bounds.x0, x);
      bounds.x1 = Math.max(bounds.x1, x);
      bounds.y1 = y;
    }
  }
  return [...found]
    .filter(([label]) => wanted(label))
    .sort(([, a], [, b]) => b.area - a.area)
    .map(([label, bounds]) => regionOf(map, label, bounds));
}

/** Looks only at the rectangle around the region: there may be many small ones. */
function regionOf(map: LabelMap, label: number, { area, x0, y0, x1, y1 }: Bounds): Region {
  const [height, width] = [y1 - y0 + 1, x1 - x0 + 1];
  const mask = new Uint8Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) mask[y * width + x] = map.get(y0 + y, x0 + x) === label ? 1 : 0;
  }
  const contours = traceContours(mask, height, width);
  for (const contour of contours) {
    for (let i = 0; i < contour.length; i += 2) {
      contour[i] += x0;
      contour[i + 1] += y0;
    }
  }
  const [x, y] = centralPixel(mask, width, area);
  return { label, area, contours, center: [x0 + x, y0 + y] };
}

/** The pixel of the mask that is nearest to the median of its pixels' coordinates, which itself may lie in a hole. */
function centralPixel(mask: Uint8Array, width: number, area: number): [x: number, y: number] {
  const perColumn = new Float64Array(width);
  const perRow = new Float64Array(mask.length / width);
  for (const [i, inside] of mask.entries()) {
    perColumn[i % width] += inside;
    perRow[Math.trunc(i / width)] += inside;
  }
  const [middleX, middleY] = [medianOf(perColumn, area), medianOf(perRow, area)];
  let nearest = 0;
  let least = Infinity;
  for (const [i, inside] of mask.entries()) {
    const distance = ((i % width) - middleX) ** 2 + (Math.trunc(i / width) - middleY) ** 2;
    if (inside && distance < least) [nearest, least] = [i, distance];
  }
  return [nearest % width, Math.trunc(nearest / width)];
}

/** The value below and above which half of the counted things lie. */
function medianOf(counts: Float64Array, total: number): number {
  let below = 0;
  return counts.findIndex((count) => (below += count) * 2 >= total);
}
