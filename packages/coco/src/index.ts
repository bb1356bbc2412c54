export { decode, DEFAULT_MAX_PIXELS, encode, type DecodeOptions } from "./mask/codec.ts";
export {
  DataLengthError,
  InvalidPolygonError,
  MalformedRleError,
  MaskSizeMismatchError,
  MaskTooLargeError,
} from "./mask/errors.ts";
export { bboxIou, iou } from "./mask/iou.ts";
export { area, toBbox, type Bbox } from "./mask/measure.ts";
export { merge, type MergeOptions } from "./mask/merge.ts";
export { fromBbox, fromPolygons, rasterizePolygons, type Polygon } from "./mask/polygon.ts";
export { compress, uncompress, type CompressedRle, type MaskSize, type Rle } from "./mask/rle.ts";
