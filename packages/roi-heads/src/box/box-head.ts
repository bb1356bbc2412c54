import type { ShapeSpec } from "@detectron-ts/layers";
import type { Module } from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";

/**
 * Makes features for classification and box regression out of pooled regions: R×C×H×W in, R×… out. What a custom box
 * head has to be.
 */
export type BoxHead = Module<[x: Tensor], Tensor> & {
  /** Of one region's features: channels, and height and width where there are any. */
  readonly outputShape: ShapeSpec;
};
