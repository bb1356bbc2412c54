import type { Parameter } from "@detectron-ts/tensor";
import { constant, fans, kaimingNormal, kaimingUniform, uniform } from "./fill.ts";
import type { Generator } from "./generator.ts";

/** A layer with a weight and perhaps a bias. */
export interface Weighted {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
}

/**
 * Caffe2's `MSRAFill` with a zero bias: Kaiming normal over the outputs. Mirrors
 * `fvcore.nn.weight_init.c2_msra_fill`.
 */
export function c2MSRAFill({ weight, bias }: Weighted, generator?: Generator): void {
  kaimingNormal(weight, { mode: "fanOut" }, generator);
  constant(bias, 0);
}

/**
 * Caffe2's `XavierFill` with a zero bias: uniform within ±√(3 / fanIn), which is Kaiming uniform without a
 * rectifier. Mirrors `fvcore.nn.weight_init.c2_xavier_fill`.
 */
export function c2XavierFill({ weight, bias }: Weighted, generator?: Generator): void {
  kaimingUniform(weight, { negativeSlope: 1 }, generator);
  constant(bias, 0);
}

/** What PyTorch's convolutions and linear layers start with: weight and bias within ±1 / √fanIn. */
export function layerDefault({ weight, bias }: Weighted, generator?: Generator): void {
  kaimingUniform(weight, { negativeSlope: Math.sqrt(5) }, generator);
  const bound = 1 / Math.sqrt(fans(weight.shape).fanIn);
  if (bias) uniform(bias, { low: -bound, high: bound }, generator);
}
