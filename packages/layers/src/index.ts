export { InvalidRoiError, LayerOptionError, LayerShapeError } from "./errors.ts";
export { pasteMasksInImage } from "./mask/paste-masks.ts";
export { batchedNms } from "./nms/batched-nms.ts";
export { nms } from "./nms/nms.ts";
export { roiAlignBackward, roiAlignForward } from "./roi-align/roi-align-kernel.ts";
export type { FeatureShape, ROIAlignOptions } from "./roi-align/sampling.ts";
export type { ShapeSpec } from "./shape-spec.ts";
