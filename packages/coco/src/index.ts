export { accumulate, type PrecisionRecall } from "./evaluation/accumulate.ts";
export type {
  CocoAnnotation,
  CocoBbox,
  CocoCategory,
  CocoDataset,
  CocoDetection,
  CocoImage,
  ImageId,
} from "./evaluation/dataset.ts";
export {
  EvaluationParamsError,
  InvalidEntryError,
  UnknownImageError,
} from "./evaluation/errors.ts";
export { evaluate, type Evaluation } from "./evaluation/evaluate.ts";
export { formatFixed } from "./evaluation/format-fixed.ts";
export { Outcome } from "./evaluation/matching.ts";
export { objectKeypointSimilarity, type KeypointAnnotation } from "./evaluation/oks.ts";
export {
  COCO_AREA_RANGES,
  COCO_PERSON_SIGMAS,
  type AreaRange,
  type BoxIou,
  type EvaluationOptions,
  type EvaluationParams,
  type IouType,
} from "./evaluation/params.ts";
export {
  averageMetric,
  type AverageOptions,
  perCategoryAp,
  summarize,
  type Summary,
  type SummaryRow,
} from "./evaluation/summarize.ts";
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
export { PanopticSegmentError, SegmentIdError } from "./panoptic/errors.ts";
export {
  PanopticQuality,
  type PanopticAverages,
  type PanopticCategory,
  type PanopticImage,
  type PanopticResults,
  type PanopticScores,
  type PanopticSegment,
} from "./panoptic/panoptic-quality.ts";
export { id2rgb, MAX_SEGMENT_ID, rgb2id } from "./panoptic/segment-id.ts";
