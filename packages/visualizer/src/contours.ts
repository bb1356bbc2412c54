/** A closed polygon as flat coordinates (x0, y0, x1, y1, …); the last point joins the first. */
export type Contour = Float64Array;

/** Steps of the four directions: right, down, left, up. */
const STEP_X = [1, 0, -1, 0];
const STEP_Y = [0, 1, 0, -1];

/**
 * The boundaries of a mask: one contour around each 4-connected piece, clockwise on the screen, and one around each hole,
 * counter-clockwise, so that filling them all by either rule restores the mask.
 *
 * The tracer walks along the cracks between pixels with the mask on its right hand. Contours join the midpoints of
 * consecutive cracks, which is the 0.5 level set of the bilinear surface through the pixels ("marching squares"): straight
 * edges stay on the pixel border, and diagonals come out as lines rather than stairs.
 *
 * @param mask Row-major H×W, 0 outside.
 */
export function traceContours(mask: Uint8Array, height: number, width: number): Contour[] {
  const inside = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x] !== 0;
  // Every closed walk crosses the top of some pixel rightwards, so those cracks find and mark all walks.
  const topVisited = new Uint8Array(mask.length);
  const contours: Contour[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!inside(x, y) || inside(x, y - 1) || topVisited[y * width + x]) continue;
      contours.push(
        walk(inside, x, y, (pixelX, pixelY) => {
          topVisited[pixelY * width + pixelX] = 1;
        }),
      );
    }
  }
  return contours;
}

/** Walks once around, starting rightwards along the top of pixel (startX, startY). */
function walk(
  inside: (x: number, y: number) => boolean,
  startX: number,
  startY: number,
  visitTop: (x: number, y: number) => void,
): Contour {
  const points: number[] = [];
  let x = startX;
  let y = startY;
  let direction = 0;
  let arrivedBy = -1;
  do {
    if (direction === 0) visitTop(x, y);
    const [stepX, stepY] = [STEP_X[direction], STEP_Y[direction]];
    const midX = x + stepX / 2;
    const midY = y + stepY / 2;
    x += stepX;
    y += stepY;
    // The two pixels ahead of the vertex (x, y), seen in the walking direction.
    const aheadRight = inside(x + (stepX - stepY - 1) / 2, y + (stepY + stepX - 1) / 2);
    const aheadLeft = inside(x + (stepX + stepY - 1) / 2, y + (stepY - stepX - 1) / 2);
    const next = !aheadRight ? (direction + 1) & 3 : aheadLeft ? (direction + 3) & 3 : direction;
    // Midpoints within a straight run add nothing.
    if (arrivedBy !== direction || next !== direction) points.push(midX, midY);
    arrivedBy = direction;
    direction = next;
  } while (x !== startX || y !== startY || direction !== 0);
  return Float64Array.from(points);
}

/** Area by the shoelace formula: positive when the contour runs clockwise on the screen (y down). */
export function contourArea(contour: Contour): number {
  let twice = 0;
  for (let i = 0; i < contour.length; i += 2) {
    const j = (i + 2) % contour.length;
    twice += contour[i] * contour[j + 1] - contour[j] * contour[i + 1];
  }
  return twice / 2;
}
