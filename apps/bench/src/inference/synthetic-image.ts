/** A picture with structure at many scales, so that features are not all alike: 3×height×width, 0 to 255. */
export function syntheticPixels(height: number, width: number): Float32Array {
  const data = new Float32Array(3 * height * width);
  let at = 0;
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const waves =
          Math.sin(x / (7 + 9 * channel)) * Math.cos(y / 13) +
          Math.sin((x + 2 * y) / 41) +
          Math.cos((x - y) / (101 + 30 * channel));
        data[at++] = 127.5 + 40 * waves;
      }
    }
  }
  return data;
}
