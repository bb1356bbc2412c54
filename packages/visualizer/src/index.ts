export type { Color } from "./colors.ts";
export type { DrawnAnnotation, DrawnDatasetDict } from "./dataset-dict.ts";
export { DrawingShapeError, InstanceCountError } from "./errors.ts";
export type { Box, BoxList, Mask, MaskList, NumberList } from "./inputs.ts";
export type { KeypointList, KeypointMetadata } from "./keypoints.ts";
export { createTextLabels } from "./text-labels.ts";
export { Visualizer } from "./visualizer.ts";
export type {
  BoxStyle,
  ColorMode,
  InstanceOverlay,
  InstancePredictions,
  ShapeStyle,
  TextStyle,
  VisualizerMetadata,
  VisualizerOptions,
} from "./visualizer.ts";
