/** Width of boundaries as a share of an image's diagonal. */
const DILATION_RATIO = 0.02;

/**
 * What is left of a label map when its erosion is taken away: boundary IoU ("Boundary IoU", Cheng et al. 2021) as
 * detectron2's `SemSegEvaluator` has it. The erosion of a pixel is the least label within the boundary's width, and 0 where
 * the image ends within it; so the result isn't the label at a boundary, but by how much it is above its neighbours.
 *
 * @param labels - row by row, below 256.
 * @param size - height and width.
 */
export function labelBoundary(
  labels: Int32Array,
  [height, width]: readonly [height: number, width: number],
): Int32Array {
  const distance = Math.max(1, roundHalfToEven(DILATION_RATIO * Math.hypot(height, width)));
  const rows = slidingMinimum(labels, height, width, width, 1, distance);
  const eroded = slidingMinimum(rows, width, height, 1, width, distance);
  return labels.map((label, pixel) => label - eroded[pixel]);
}

/** As Python's `round`. */
function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/**
 * For each element of each line the least within a distance along the line, where beyond the line's ends there are zeros.
 *
 * @param lineStep - from one line to the next.
 * @param step - from one element of a line to the next.
 */
function slidingMinimum(
  values: Int32Array,
  lines: number,
  length: number,
  lineStep: number,
  step: number,
  distance: number,
): Int32Array {
  const least = new Int32Array(values.length);
  // Positions whose values increase: the first is the least of the window, the others are the least after it has gone.
  const queue = new Int32Array(length);
  for (let line = 0; line < lines; line++) {
    const start = line * lineStep;
    let head = 0;
    let tail = 0;
    for (let end = 0; end < length; end++) {
      const value = values[start + end * step];
      while (tail > head && values[start + queue[tail - 1] * step] >= value) tail--;
      queue[tail++] = end;
      const middle = end - distance;
      // Windows that reach beyond an end have a zero, which is there already.
      if (middle < distance) continue;
      while (queue[head] < middle - distance) head++;
      least[start + middle * step] = values[start + queue[head] * step];
    }
  }
  return least;
}
