import ndarray, { type NdArray } from "ndarray";

export const GRAY = 90;

/** An image in one shade of grey. */
export function grayImage(height: number, width: number): NdArray<Uint8Array> {
  return ndarray(new Uint8Array(height * width * 3).fill(GRAY), [height, width, 3]);
}

/** An image in one colour. */
export function plainImage(height: number, width: number, color: readonly number[]) {
  const data = Uint8Array.from({ length: height * width * 3 }, (_, i) => color[i % 3]);
  return ndarray(data, [height, width, 3]);
}

export function pixel(image: NdArray<Uint8Array>, x: number, y: number): number[] {
  return [0, 1, 2].map((channel) => image.get(y, x, channel));
}

/** A map of labels, all `background` but for rectangles. */
export function labelMap(
  height: number,
  width: number,
  background: number,
  ...rectangles: { label: number; box: readonly [number, number, number, number] }[]
): NdArray<Int32Array> {
  const map = ndarray(new Int32Array(height * width).fill(background), [height, width]);
  for (const {
    label,
    box: [x0, y0, x1, y1],
  } of rectangles) {
    for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) map.set(y, x, label);
  }
  return map;
}
