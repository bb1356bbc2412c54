export {
  CorruptImageError,
  ImageArrayError,
  ImageError,
  ImageNotFoundError,
  ImageTooLargeError,
  NotAnImageError,
  NotGrayError,
  UnsupportedExtensionError,
} from "./errors.ts";
export type { ImageFormat } from "./format.ts";
export { readGrayImage } from "./read-gray-image.ts";
export { DEFAULT_MAX_PIXELS, readImage } from "./read-image.ts";
export type { ImageSource, ReadImageOptions } from "./read-image.ts";
export { encodeImage, writeImage } from "./write-image.ts";
export type { ImageFileType, WriteImageOptions } from "./write-image.ts";
