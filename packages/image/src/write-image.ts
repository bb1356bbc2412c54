import { extname } from "node:path";
import { writeFileAtomically } from "@detectron-ts/atomic-file";
import type { NdArray } from "ndarray";

import { ImageArrayError, UnsupportedExtensionError } from "./errors.ts";
import { swapRedAndBlue, type ImageFormat } from "./format.ts";
import { loadSharp } from "./sharp.ts";

/** File formats that images are written in. */
export type ImageFileType = "png" | "jpeg" | "webp";

/** Options of {@link encodeImage} and {@link writeImage}. */
export interface WriteImageOptions {
  /** Channel order of the array, `"RGB"` by default. */
  readonly format?: ImageFormat;
  /** 1 to 100 for JPEG and WebP, 92 by default; PNG is lossless. */
  readonly quality?: number;
}

const TYPE_OF_EXTENSION: ReadonlyMap<string, ImageFileType> = new Map([
  [".png", "png"],
  [".jpg", "jpeg"],
  [".jpeg", "jpeg"],
  [".webp", "webp"],
]);

/**
 * Writes an image file; the extension (.png, .jpg, .jpeg, .webp) decides its format. The file appears whole or not at all.
 *
 * @param image Height × width × 3 bytes, or × 1 (or none) for format `"L"`; any strides.
 * @throws UnsupportedExtensionError, ImageArrayError.
 */
export async function writeImage(
  path: string,
  image: NdArray<Uint8Array>,
  options: WriteImageOptions = {},
): Promise<void> {
  const extension = extname(path).toLowerCase();
  const type = TYPE_OF_EXTENSION.get(extension);
  if (type === undefined) throw new UnsupportedExtensionError(path, extension);
  await writeFileAtomically(path, await encodeImage(image, type, options));
}

/**
 * Encodes an image to the bytes of a file.
 *
 * @param image As for {@link writeImage}.
 * @throws ImageArrayError when the array's shape is none of an image of that format.
 */
export async function encodeImage(
  image: NdArray<Uint8Array>,
  type: ImageFileType,
  { format = "RGB", quality = 92 }: WriteImageOptions = {},
): Promise<Uint8Array> {
  const [height, width, channels = 1] = image.shape;
  const wantedChannels = format === "L" ? 1 : 3;
  const isImage = image.dimension === 2 || image.dimension === 3;
  if (!isImage || channels !== wantedChannels || image.size === 0) {
    throw new ImageArrayError(image.shape, format);
  }
  const pixels = packedCopy(image);
  if (format === "BGR") swapRedAndBlue(pixels);
  const sharp = await loadSharp();
  const encoder = sharp(pixels, { raw: { width, height, channels: wantedChannels } });
  if (format === "L") encoder.toColourspace("b-w");
  switch (type) {
    case "png":
      return encoder.png().toBuffer();
    case "jpeg":
      // Full-resolution chroma keeps thin coloured lines and small letters crisp.
      return encoder.jpeg({ quality, chromaSubsampling: "4:4:4" }).toBuffer();
    case "webp":
      return encoder.webp({ quality }).toBuffer();
  }
}

/** The image's bytes in row-major order, in an array of their own. */
function packedCopy({ data, shape, stride, offset }: NdArray<Uint8Array>): Uint8Array {
  const [height, width, channels = 1] = shape;
  const [rowStride, columnStride, channelStride = 1] = stride;
  const pixels = new Uint8Array(height * width * channels);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let from = offset + y * rowStride + x * columnStride;
      for (let c = 0; c < channels; c++, from += channelStride) pixels[to++] = data[from];
    }
  }
  return pixels;
}
