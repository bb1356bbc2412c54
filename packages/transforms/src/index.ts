export type { CoordinateData, PixelData, LabelData, Size } from "./arrays.ts";
export { BlendTransform, type BlendTransformOptions } from "./blend-transform.ts";
export {
  CropTransform,
  type CropTransformOptions,
  PadTransform,
  type PadTransformOptions,
} from "./crop-and-pad.ts";
export {
  ImageShapeError,
  MissingLabelsError,
  NotInvertibleError,
  TransformOptionError,
} from "./errors.ts";
export { ExtentTransform, type ExtentTransformOptions } from "./extent-transform.ts";
export { HFlipTransform, VFlipTransform } from "./flip-transform.ts";
export { type RandomGenerator, systemRandom } from "./random.ts";
export { resizeBilinear, resizeNearest } from "./resize.ts";
export { ResizeTransform, type ResizeTransformOptions } from "./resize-transform.ts";
export { RotationTransform, type RotationTransformOptions } from "./rotation-transform.ts";
export { TransformList } from "./transform-list.ts";
export { NoOpTransform, Transform } from "./transform.ts";

export {
  AugInput,
  type AugLabels,
  Augmentation,
  AugmentationList,
  RandomApply,
} from "./augmentations/augmentation.ts";
export {
  type IntensityRange,
  RandomBrightness,
  RandomContrast,
  RandomLighting,
  RandomSaturation,
} from "./augmentations/color.ts";
export {
  type CropType,
  FixedSizeCrop,
  type FixedSizeCropOptions,
  RandomCrop,
  RandomCropCategoryAreaConstraint,
  type RandomCropCategoryAreaConstraintOptions,
  type RandomCropOptions,
} from "./augmentations/crop.ts";
export { RandomExtent, type RandomExtentOptions } from "./augmentations/extent.ts";
export { RandomFlip, type RandomFlipOptions } from "./augmentations/flip.ts";
export {
  MinIoURandomCrop,
  type MinIoURandomCropOptions,
} from "./augmentations/min-iou-random-crop.ts";
export {
  RandomResize,
  Resize,
  ResizeScale,
  type ResizeScaleOptions,
} from "./augmentations/resize.ts";
export {
  ResizeShortestEdge,
  type ResizeShortestEdgeOptions,
  type SampleStyle,
} from "./augmentations/resize-shortest-edge.ts";
export {
  RandomRotation,
  type RandomRotationOptions,
  type RelativePoint,
} from "./augmentations/rotation.ts";
