export type { RowIndex, RowRange } from "./arrays/row-index.ts";
export { isNdArray, rowMajorData, type NumericArray } from "./arrays/rows.ts";
export { BoxMode, type BoxArray } from "./boxes/box-mode.ts";
export { Boxes, type BoxesInput, type ImageSize } from "./boxes/boxes.ts";
export {
  matchedBoxlistIou,
  matchedPairwiseIou,
  pairwiseIntersection,
  pairwiseIoa,
  pairwiseIou,
  pairwisePointBoxDistance,
} from "./boxes/pairwise.ts";
export { pairwiseIouRotated, RotatedBoxes } from "./boxes/rotated-boxes.ts";
export {
  BoxKindError,
  BoxModeError,
  EmptyListError,
  ImageSizeMismatchError,
  LengthMismatchError,
  NoFieldsError,
  NonFiniteBoxError,
  ReservedFieldError,
  RowIndexError,
  StructureShapeError,
  UnknownFieldError,
} from "./errors.ts";
export type { FieldValue, RowField } from "./instances/field.ts";
export { ImageList, type ImageListOptions, type PaddingConstraints } from "./image-list.ts";
export { Instances, type InstancesConstructor, type NoFields } from "./instances/instances.ts";
export { heatmapsToKeypoints } from "./keypoints/heatmaps-to-keypoints.ts";
export { Keypoints, type KeypointHeatmap } from "./keypoints/keypoints.ts";
export { BitMasks } from "./masks/bit-masks.ts";
export { PolygonMasks } from "./masks/polygon-masks.ts";
export { polygonsToBitmask, rasterizePolygonsWithinBox } from "./masks/rasterize.ts";
export { ROIMasks } from "./masks/roi-masks.ts";
