import ndarray, { type NdArray } from "ndarray";

import { ImageShapeError } from "./errors.ts";

/** The element types of images: bytes 0–255, or floats of any range. */
export type PixelData = Uint8Array | Float32Array | Float64Array;

/** The element types of label maps. */
export type LabelData =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** The element types of coordinates. */
export type CoordinateData = Float32Array | Float64Array;

/** `[height, width]` in pixels. */
export type Size = readonly [height: number, width: number];

/** Height, width and channels of an H×W or H×W×C array. */
export interface Layout {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** @throws ImageShapeError unless the array has two or three axes. */
export function layoutOf({ shape }: { readonly shape: readonly number[] }): Layout {
  if (shape.length !== 2 && shape.length !== 3) {
    throw new ImageShapeError(shape, "an image of shape H×W or H×W×C");
  }
  const [height, width, channels = 1] = shape;
  return { height, width, channels };
}

/** The shape of an image of another size with the same channels axis, or the same lack of one. */
export function resizedShape(shape: readonly number[], [height, width]: Size): number[] {
  return [height, width, ...shape.slice(2)];
}

/** A typed array of the same class, zero-filled. */
export function newLike<D extends LabelData>(data: D, length: number): D;
export function newLike(data: LabelData, length: number): LabelData {
  const ArrayClass = data.constructor as new (length: number) => LabelData;
  return new ArrayClass(length);
}

/**
 * The image's elements in row-major order. The image's own array when it is laid out so already; a packed copy for views
 * such as a flip, a crop or a reversed channel order.
 */
export function packed<D extends LabelData>(image: NdArray<D>): D;
export function packed({ data, shape, stride, offset }: NdArray<LabelData>): LabelData {
  const [height, width, channels = 1] = shape;
  const [rowStride, columnStride, channelStride = 1] = stride;
  const size = height * width * channels;
  const rowMajor =
    channelStride === 1 && columnStride === channels && rowStride === width * channels;
  if (rowMajor) return data.length === size ? data : data.subarray(offset, offset + size);

  const result = newLike(data, size);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let from = offset + y * rowStride + x * columnStride;
      for (let c = 0; c < channels; c++, from += channelStride) result[to++] = data[from];
    }
  }
  return result;
}

/** A row-major array of the caller's own with the elements of an image or of a view of one. */
export function copyOf<D extends LabelData>(image: NdArray<D>): NdArray<D> {
  const elements = packed(image);
  const owned = elements.buffer === image.data.buffer ? elements.slice() : elements;
  // `slice` keeps the class of the array, which its type does not say.
  return ndarray(owned as D, [...image.shape]);
}

/** Maps each point of an N×2 array; `move` writes the new x and y at `to` and `to + 1` of `target`. */
export function mapPoints<D extends CoordinateData>(
  coords: NdArray<D>,
  move: (x: number, y: number, target: D, to: number) => void,
): NdArray<D> {
  if (coords.dimension !== 2 || coords.shape[1] !== 2) {
    throw new ImageShapeError(coords.shape, "points of shape N×2");
  }
  const [count] = coords.shape;
  const target = newLike(coords.data, count * 2);
  for (let point = 0; point < count; point++) {
    move(coords.get(point, 0), coords.get(point, 1), target, point * 2);
  }
  return ndarray(target, [count, 2]);
}
