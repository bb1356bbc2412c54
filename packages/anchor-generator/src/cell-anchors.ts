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
  const anchors = new Float32Array(4 * sizes.length * aspectRatios.length);
  let start = 0;
  for (const size of sizes) {
    for (const aspectRatio of aspectRatios) {
      // width · height = size² and height = aspectRatio · width.
      const width = Math.sqrt((size * size) / aspectRatio);
      const height = aspectRatio * width;
      anchors.set([-width / 2, -height / 2, width / 2, height / 2], start);
      start += 4;
    }
  }
  return anchors;
}

/**
 * Copies of the anchors of one location at every cell of a grid.
 *
 * @param offset - where the first location lies, in strides.
 */
export function tileCellAnchors(
  cellAnchors: Float32Array,
  [height, width]: readonly [height: number, width: number],
  stride: number,
  offset: number,
): Float32Array {
  const numbersPerCell = cellAnchors.length;
  const anchors = new Float32Array(height * width * numbersPerCell);
  let target = 0;
  for (let row = 0; row < height; row++) {
    const y = Math.fround((offset + row) * stride);
    for (let column = 0; column < width; column++) {
      const x = Math.fround((offset + column) * stride);
      for (let i = 0; i < numbersPerCell; i += 2) {
        anchors[target++] = x + cellAnchors[i];
        anchors[target++] = y + cellAnchors[i + 1];
      }
    }
  }
  return anchors;
}
