export { DEFAULT_SCALE_CLAMP, type BoxWeights } from "./box-coding.ts";
export type { BoxTransform } from "./box-transform.ts";
export {
  Box2BoxTransformLinear,
  type Box2BoxTransformLinearOptions,
} from "./box2box-transform-linear.ts";
export { Box2BoxTransform, type Box2BoxTransformOptions } from "./box2box-transform.ts";
export {
  denseBoxRegressionLoss,
  type BoxRegLossType,
  type DenseBoxRegressionLossOptions,
} from "./dense-box-regression-loss.ts";
export { DegenerateBoxError } from "./errors.ts";
