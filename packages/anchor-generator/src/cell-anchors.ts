import type { Boxes } from "@detectron-ts/structures";

/**
 * Anchors of one location, centred on (0, 0): one for each size and, within it, each aspect ratio. An anchor has the
 * area of a square whose side is the size; sides are not rounded.
 *
 * @param sizes - in pixels of the network's input.
 * @param aspectRatios - height over width.
 * @returns x0, y0, x1, y1 of each anchor, in float32.
 */
export function generateCellAnchors(
  sizes: readonly number[],
  aspectRatios: readonly number[],
): Float32Array {
  const anchors = anchorSides(sizes, aspectRatios).map(([width, height]) => [
    -width / 2,
    -height / 2,
    width / 2,
    height / 2,
  ]);
  return Float32Array.from(anchors.flat());
}

/**
 * Rotated anchors of one location, centred on (0, 0): one for each size and, within it, each aspect ratio and, within
 * that, each angle.
 *
 * @param sizes - in pixels of the network's input.
 * @param aspectRatios - height over width, before the turn.
 * @param angles - in degrees counter-clockwise.
 * @returns x and y of the centre, width, height and angle of each anchor, in float32.
 */
export function generateRotatedCellAnchors(
  sizes: readonly number[],
  aspectRatios: readonly number[],
  angles: readonly number[],
): Float32Array {
  const anchors = anchorSides(sizes, aspectRatios).flatMap(([width, height]) =>
    angles.map((angle) => [0, 0, width, height, angle]),
  );
  return Float32Array.from(anchors.flat());
}

/** Width and height for each size and aspect ratio: width · height = size² and height = aspectRatio · width. */
function anchorSides(
  sizes: readonly number[],
  aspectRatios: readonly number[],
): (readonly [width: number, height: number])[] {
  return sizes.flatMap((size) =>
    aspectRatios.map((aspectRatio) => {
      const width = Math.sqrt((size * size) / aspectRatio);
      return [width, aspectRatio * width] as const;
    }),
  );
}

/**
 * Copies of the anchors of one location at every cell of a grid.
 *
 * @param offset - where the first location lies, in strides.
 */
export function tileCellAnchors<Kind extends Boxes>(
  cellAnchors: Kind,
  [height, width]: readonly [height: number, width: number],
  stride: number,
  offset: number,
): Kind {
  const { data, boxDim } = cellAnchors;
  // Of upright boxes all numbers are coordinates, of rotated ones the centre alone.
  const numCoordinates = boxDim === 4 ? 4 : 2;
  const anchors = new Float32Array(height * width * data.length);
  let target = 0;
  for (let row = 0; row < height; row++) {
    const y = Math.fround((offset + row) * stride);
    for (let column = 0; column < width; column++) {
      const x = Math.fround((offset + column) * stride);
      anchors.set(data, target);
      for (const end = target + data.length; target < end; target += boxDim) {
        for (let i = 0; i < numCoordinates; i += 2) {
          anchors[target + i] += x;
          anchors[target + i + 1] += y;
        }
      }
    }
  }
  return cellAnchors.like(anchors);
}
