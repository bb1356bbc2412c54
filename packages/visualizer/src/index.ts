export type { Color } from "./colors.ts";
export type { DrawnAnnotation, DrawnDatasetDict } from "./dataset-dict.ts";
export type { LineStyle, ShapeStyle } from "./drawing.ts";
export { DrawingShapeError, InstanceCountError } from "./errors.ts";
export type { Box, BoxList, Mask, MaskList, NumberList } from "./inputs.ts";
export type { KeypointList, KeypointMetadata } from "./keypoints.ts";
export type { LabelMap } from "./label-map.ts";
export type { RotatedBox, RotatedBoxList } from "./rotated-box.ts";
export type {
  ColorMode,
  DrawnSegment,
  InstanceOverlay,
  InstancePredictions,
  PanopticPrediction,
  PanopticStyle,
  RotatedInstanceOverlay,
  SegmentationStyle,
  TextStyle,
  VisualizerMetadata,
  VisualizerOptions,
} from "./styles.ts";
export { createTextLabels } from "./text-labels.ts";
export { VideoVisualizer, type TrackedPredictions } from "./video/video-visualizer.ts";
export { Visualizer } from "./visualizer.ts";
