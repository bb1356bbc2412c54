export type { CoordinateData, PixelData, LabelData, Size } from "./arrays.ts";
export { ImageShapeError, TransformOptionError } from "./errors.ts";
export { resizeBilinear, resizeNearest } from "./resize.ts";
export { ResizeShortestEdge } from "./resize-shortest-edge.ts";
export type {
  ResizeShortestEdgeOptions,
  SampleStyle,
  UniformRandom,
} from "./resize-shortest-edge.ts";
export { ResizeTransform } from "./resize-transform.ts";
export type { ResizeTransformOptions } from "./resize-transform.ts";
export { NoOpTransform, Transform } from "./transform.ts";
