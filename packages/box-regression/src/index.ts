export { DEFAULT_SCALE_CLAMP, type BoxWeights } from "./box-coding.ts";
export { BoxTransform } from "./box-transform.ts";
export {
  Box2BoxTransformLinear,
  type Box2BoxTransformLinearOptions,
} from "./box2box-transform-linear.ts";
export {
  Box2BoxTransformRotated,
  type Box2BoxTransformRotatedOptions,
  type RotatedBoxWeights,
} from "./box2box-transform-rotated.ts";
export { Box2BoxTransform, type Box2BoxTransformOptions } from "./box2box-transform.ts";
export { toBoxRegLossType, toBoxWeights, toRotatedBoxWeights } from "./config-values.ts";
export {
  denseBoxRegressionLoss,
  type BoxRegLossType,
  type DenseBoxRegressionLossOptions,
} from "./dense-box-regression-loss.ts";
export { DegenerateBoxError } from "./errors.ts";
