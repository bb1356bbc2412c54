export {
  constant,
  fans,
  kaimingNormal,
  kaimingUniform,
  normal,
  truncNormal,
  uniform,
  withoutDrawing,
  xavierUniform,
  type FanMode,
  type KaimingOptions,
} from "./fill.ts";
export { c2MSRAFill, c2XavierFill, layerDefault, type Weighted } from "./schemes.ts";
