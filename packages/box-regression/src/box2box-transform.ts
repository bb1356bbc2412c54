import type { Tensor } from "@detectron-ts/tensor";

import { decodeBoxes, encodeBoxes } from "./box-coding-graph.ts";
import { decodeBox, DEFAULT_SCALE_CLAMP, encodeBox, type BoxWeights } from "./box-coding.ts";
import { BoxTransform } from "./box-transform.ts";
import { DegenerateBoxError } from "./errors.ts";

/** Options of {@link Box2BoxTransform}. */
export interface Box2BoxTransformOptions {
  /** Weights of dx, dy, dw, dh: deltas are multiplied by them when encoded, divided when decoded. */
  readonly weights: BoxWeights;
  /** Largest dw and dh (after weights) that decoding accepts; {@link DEFAULT_SCALE_CLAMP} by default. */
  readonly scaleClamp?: number;
}

/**
 * Expresses boxes relative to others by centre shift and log size ratio: (dx, dy, dw, dh). Boxes are (x0, y0, x1, y1)
 * in pixels. Mirrors `detectron2.modeling.box_regression.Box2BoxTransform`.
 *
 * Arrays are computed at once, in float32 as detectron2 does; lazy tensors give lazy, differentiable tensors.
 */
export class Box2BoxTransform extends BoxTransform {
  readonly boxDim = 4;
  readonly weights: BoxWeights;
  readonly scaleClamp: number;
  readonly #weights: Float32Array;
  readonly #scaleClamp: number;

  constructor({ weights, scaleClamp = DEFAULT_SCALE_CLAMP }: Box2BoxTransformOptions) {
    super();
    this.weights = weights;
    this.scaleClamp = scaleClamp;
    this.#weights = Float32Array.from(weights);
    this.#scaleClamp = Math.fround(scaleClamp);
  }

  override applyDeltasInto(
    deltas: Float32Array,
    deltaOffset: number,
    boxes: Float32Array,
    boxOffset: number,
    out: Float32Array,
    outOffset: number,
  ): void {
    decodeBox(
      deltas,
      deltaOffset,
      boxes,
      boxOffset,
      this.#weights,
      this.#scaleClamp,
      out,
      outOffset,
    );
  }

  /** @throws {@link DegenerateBoxError} for a source box not wider than 0. */
  protected override getDeltasInto(
    sources: Float32Array,
    sourceOffset: number,
    targets: Float32Array,
    targetOffset: number,
    deltas: Float32Array,
    deltaOffset: number,
  ): void {
    const width = sources[sourceOffset + 2] - sources[sourceOffset];
    if (!(width > 0)) throw new DegenerateBoxError(sourceOffset / this.boxDim, width);
    encodeBox(sources, sourceOffset, targets, targetOffset, this.#weights, deltas, deltaOffset);
  }

  protected override encode(sources: Tensor, targets: Tensor): Tensor {
    return encodeBoxes(sources, targets, this.weights);
  }

  protected override decode(deltas: Tensor, boxes: Tensor): Tensor {
    return decodeBoxes(deltas, boxes, this.weights, this.scaleClamp);
  }
}
