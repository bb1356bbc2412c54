import { paintRuns } from "./codec.ts";
import { InvalidPolygonError } from "./errors.ts";
import type { Bbox } from "./measure.ts";
import { checkSize, writeRle, type CompressedRle, type MaskSize } from "./rle.ts";

/** Corners of a polygon: x0, y0, x1, y1, … in pixels, pixel (0, 0) covering [0, 1)². The last corner joins the first. */
export type Polygon = ArrayLike<number>;

/*
 * How COCO decides which pixels a polygon covers. Corners are rounded to a grid of 5×5 subpixels, and the boundary is
 * walked on that grid, a subpixel per step along the longer axis of each edge. Only the middle subpixel column of a
 * pixel column matters: where the walk passes it, the pixels below change between outside and inside. Sorting these
 * toggles along the column-major mask gives the runs, by the even-odd rule.
 */
const SUBPIXELS = 5;
const MIDDLE = 2;

/** Corners of a polygon in an image are at most some ten thousand pixels apart; hostile ones could make a walk endless. */
const MAX_STEPS = 2 ** 27;

/**
 * Rasterises polygons, each into a mask of its own (pycocotools' `frPyObjects`). Use {@link merge} for the mask of an
 * object in several parts.
 *
 * @throws {@link InvalidPolygonError} for fewer than three corners, an odd number of coordinates or non-finite ones.
 */
export function fromPolygons(polygons: readonly Polygon[], size: MaskSize): CompressedRle[] {
  checkSize(size);
  const [height, width] = size;
  return polygons.map((polygon) =>
    writeRle({ height, width, runs: polygonRuns(polygon, height, width) }),
  );
}

/**
 * Rasterises a box as the polygon of its corners (pycocotools' `frPyObjects` of boxes).
 *
 * @throws {@link InvalidPolygonError} for non-finite coordinates.
 */
export function fromBbox([x, y, width, height]: Bbox, size: MaskSize): CompressedRle {
  const right = x + width;
  const bottom = y + height;
  const [mask] = fromPolygons([[x, y, x, bottom, right, bottom, right, y]], size);
  return mask;
}

/**
 * The union of polygons as an unpacked mask: `decode(merge(fromPolygons(polygons, size)))` in one go, and all zeros
 * for no polygon.
 *
 * @returns row-major H×W array of 0 and 1.
 * @throws {@link InvalidPolygonError}
 */
export function rasterizePolygons(
  polygons: readonly Polygon[],
  size: MaskSize,
): Uint8Array<ArrayBuffer> {
  checkSize(size);
  const [height, width] = size;
  const mask = new Uint8Array(height * width);
  for (const polygon of polygons) {
    paintRuns(mask, height, width, polygonRuns(polygon, height, width));
  }
  return mask;
}

function polygonRuns(polygon: Polygon, height: number, width: number): Uint32Array {
  const corners = toSubpixels(polygon);
  const numCorners = corners.length / 2;
  const toggles: number[] = [];
  let previousX = corners[0];
  let previousY = corners[1];

  for (let i = 0; i < numCorners; i++) {
    const next = (i + 1) % numCorners;
    const startX = corners[2 * i];
    const startY = corners[2 * i + 1];
    const endX = corners[2 * next];
    const endY = corners[2 * next + 1];
    const alongX = Math.abs(endX - startX) >= Math.abs(endY - startY);
    const steps = alongX ? Math.abs(endX - startX) : Math.abs(endY - startY);
    // Both directions of an edge must round alike, so offsets count from the end with the smaller long coordinate.
    const backward = alongX ? startX > endX : startY > endY;
    const originX = backward ? endX : startX;
    const originY = backward ? endY : startY;
    const rise = alongX ? endY - startY : endX - startX;
    const slope = steps === 0 ? 0 : (backward ? -rise : rise) / steps;

    for (let step = 0; step <= steps; step++) {
      const offset = backward ? steps - step : step;
      const x = alongX ? originX + offset : Math.trunc(originX + slope * offset + 0.5);
      const y = alongX ? Math.trunc(originY + slope * offset + 0.5) : originY + offset;
      if (x !== previousX) {
        const column = (Math.min(x, previousX) - MIDDLE) / SUBPIXELS;
        if (Number.isInteger(column) && column >= 0 && column < width) {
          // First pixel whose middle is not above the boundary.
          const row = Math.ceil((Math.min(y, previousY) - MIDDLE) / SUBPIXELS);
          toggles.push(column * height + Math.min(Math.max(row, 0), height));
        }
      }
      previousX = x;
      previousY = y;
    }
  }
  return togglesToRuns(Uint32Array.from(toggles).toSorted(), height * width);
}

/** Corners in whole subpixels. */
function toSubpixels(polygon: Polygon): Float64Array {
  if (polygon.length < 6 || polygon.length % 2 !== 0) {
    throw new InvalidPolygonError(
      `an even number of coordinates, at least 6, is needed, got ${polygon.length}`,
    );
  }
  const corners = Float64Array.from(polygon, (value) => Math.trunc(SUBPIXELS * value + 0.5));
  let steps = 0;
  for (let i = 0; i < corners.length; i++) {
    const next = corners[(i + 2) % corners.length];
    if (!Number.isFinite(corners[i])) throw new InvalidPolygonError("a coordinate is not finite");
    steps += Math.abs(next - corners[i]);
  }
  if (steps > MAX_STEPS) throw new InvalidPolygonError(`its boundary is too long to walk`);
  return corners;
}

/** Runs between sorted toggles. Two toggles at one pixel undo each other. */
function togglesToRuns(toggles: Uint32Array, pixels: number): Uint32Array {
  let kept = 0;
  for (let i = 0; i < toggles.length; i++) {
    if (kept > 0 && toggles[kept - 1] === toggles[i]) kept--;
    else toggles[kept++] = toggles[i];
  }
  const runs: number[] = [];
  let start = 0;
  for (let i = 0; i < kept; i++) {
    runs.push(toggles[i] - start);
    start = toggles[i];
  }
  if (start < pixels || runs.length === 0) runs.push(pixels - start);
  return Uint32Array.from(runs);
}
