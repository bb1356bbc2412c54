import ndarray, { type NdArray } from "ndarray";
import { requireShape, rowMajor } from "../dense.ts";
import { LayerShapeError } from "../errors.ts";

/**
 * Pastes square masks, each predicted for a box, into the image. Mirrors
 * `detectron2.layers.paste_masks_in_image` on CPU.
 *
 * The centre of each pixel is mapped into the box and the mask is read there bilinearly, with zeros
 * around the mask and mask cells as areas (not corner-aligned). Only pixels in and just around the box are
 * touched.
 *
 * @param masks - N×M×M probabilities in [0, 1].
 * @param boxes - N×4: x0, y0, x1, y1, in absolute coordinates of the image.
 * @param imageShape - height and width of the image, in pixels.
 * @param threshold - a pixel is 1 where its probability is at least this. A negative threshold asks for
 *   the probabilities themselves, as `trunc(255·p)`.
 * @returns N×height×width.
 * @throws LayerShapeError when a shape is not as above.
 */
export function pasteMasksInImage(
  masks: NdArray<Float32Array>,
  boxes: NdArray<Float32Array>,
  imageShape: readonly [height: number, width: number],
  threshold = 0.5,
): NdArray<Uint8Array> {
  requireShape("pasteMasksInImage", "masks", masks.shape, [null, null, null]);
  const [count, side] = masks.shape;
  if (masks.shape[2] !== side) {
    throw new LayerShapeError("pasteMasksInImage", "masks", masks.shape, "N×M×M");
  }
  requireShape("pasteMasksInImage", "boxes", boxes.shape, [count, 4]);
  const [height, width] = imageShape;
  const probabilities = rowMajor(masks);
  const corners = rowMajor(boxes);
  const image = new Uint8Array(count * height * width);

  // One mask row, interpolated between two rows of the mask, with a zero on either side.
  const row = new Float64Array(side + 2);
  const float32Threshold = Math.fround(threshold);
  for (let n = 0; n < count; n++) {
    const [x0, y0, x1, y1] = corners.subarray(n * 4, n * 4 + 4);
    const columns = axisReads(x0, x1, width, side);
    const rows = axisReads(y0, y1, height, side);
    const mask = probabilities.subarray(n * side * side, (n + 1) * side * side);
    for (let i = 0; i < rows.length; i++) {
      interpolateRow(row, mask, side, rows.cell[i], rows.fraction[i]);
      const target = (n * height + rows.start + i) * width + columns.start;
      for (let j = 0; j < columns.length; j++) {
        const left = columns.cell[j];
        const fraction = columns.fraction[j];
        const value = row[left] + (row[left + 1] - row[left]) * fraction;
        if (threshold < 0) image[target + j] = Math.fround(Math.fround(value) * 255);
        else if (Math.fround(value) >= float32Threshold) image[target + j] = 1;
      }
    }
  }
  return ndarray(image, [count, height, width]);
}

/** Where the pixels of one axis read the mask. */
interface AxisReads {
  /** First pixel of the image that reads the mask at all. */
  readonly start: number;
  /** Number of pixels that read it. */
  readonly length: number;
  /** Padded mask cell (0 is the zero before the mask) at or before each pixel. */
  readonly cell: Int32Array;
  /** How far beyond that cell the pixel lies, in [0, 1). */
  readonly fraction: Float32Array;
}

/**
 * The pixel at `i` has its centre at `i + ½`, which lies at `g = 2 (i + ½ - start) / (end - start) - 1` of
 * the box's [-1, 1], and so at cell `(g + 1)·side/2 - ½` of the mask. All in float32, as the threshold
 * decides on the last bit. Pixels less than -1 or not less than `side` read nothing but zeros and are left
 * out; so are all pixels of a box without extent.
 */
function axisReads(start: number, end: number, pixels: number, side: number): AxisReads {
  const { fround } = Math;
  const extent = fround(end - start);
  const windowStart = Math.max(Math.floor(start) - 1, 0);
  const windowEnd = Math.min(Math.ceil(end) + 1, pixels);
  const capacity = Math.max(windowEnd - windowStart, 0) || 0;
  const cell = new Int32Array(capacity);
  const fraction = new Float32Array(capacity);
  let first = windowStart;
  let length = 0;
  for (let pixel = windowStart; pixel < windowEnd; pixel++) {
    const relative = fround(fround(fround(fround(pixel + 0.5) - start) / extent) * 2);
    const grid = fround(relative - 1);
    const position = fround(fround(fround(grid + 1) * (side / 2)) - 0.5);
    if (!(position >= -1 && position < side)) continue;
    if (length === 0) first = pixel;
    const before = Math.floor(position);
    cell[length] = before + 1;
    fraction[length] = fround(position - before);
    length++;
  }
  return { start: first, length, cell, fraction };
}

/** Fills `row[1…side]` with the mask read between padded rows `cell` and `cell + 1`. */
function interpolateRow(
  row: Float64Array,
  mask: Float32Array,
  side: number,
  cell: number,
  fraction: number,
): void {
  // Rows outside of the mask are zeros: give them no weight and read any row in their place.
  const aboveWeight = cell > 0 ? 1 - fraction : 0;
  const belowWeight = cell < side ? fraction : 0;
  const above = Math.max(cell - 1, 0) * side;
  const below = Math.min(cell, side - 1) * side;
  for (let j = 0; j < side; j++) {
    row[j + 1] = mask[above + j] * aboveWeight + mask[below + j] * belowWeight;
  }
}
