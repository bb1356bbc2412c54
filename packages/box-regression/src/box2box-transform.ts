import { isNdArray, rowMajorData } from "@detectron-ts/structures";
import type { Tensor } from "@detectron-ts/tensor";
import ndarray, { type NdArray } from "ndarray";

import { decodeBoxes, encodeBoxes } from "./box-coding-graph.ts";
import { decodeBox, DEFAULT_SCALE_CLAMP, encodeBox, type BoxWeights } from "./box-coding.ts";
import { type BoxTransform, checkDecoded, checkEncoded, mixedInputs } from "./box-transform.ts";
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
export class Box2BoxTransform implements BoxTransform {
  readonly weights: BoxWeights;
  readonly scaleClamp: number;
  readonly #weights: Float32Array;
  readonly #scaleClamp: number;

  constructor({ weights, scaleClamp = DEFAULT_SCALE_CLAMP }: Box2BoxTransformOptions) {
    this.weights = weights;
    this.scaleClamp = scaleClamp;
    this.#weights = Float32Array.from(weights);
    this.#scaleClamp = Math.fround(scaleClamp);
  }

  /**
   * Deltas that lead from source boxes to target boxes.
   *
   * @param sources - N×4; proposals or anchors, wider than 0.
   * @param targets - N×4; ground truth.
   * @returns N×4.
   * @throws {@link StructureShapeError}
   * @throws {@link DegenerateBoxError} for a source array with a box not wider than 0. Lazy tensors are not checked.
   */
  getDeltas(sources: NdArray<Float32Array>, targets: NdArray<Float32Array>): NdArray<Float32Array>;
  getDeltas(sources: Tensor, targets: Tensor): Tensor;
  getDeltas(
    sources: NdArray<Float32Array> | Tensor,
    targets: NdArray<Float32Array> | Tensor,
  ): NdArray<Float32Array> | Tensor {
    checkEncoded(sources, targets);
    if (!isNdArray(sources) && !isNdArray(targets)) {
      return encodeBoxes(sources, targets, this.weights);
    }
    if (!isNdArray(sources) || !isNdArray(targets)) throw mixedInputs("Box2BoxTransform");
    const [numBoxes] = sources.shape;
    const source = rowMajorData(sources);
    const target = rowMajorData(targets);
    const deltas = new Float32Array(4 * numBoxes);
    for (let row = 0; row < numBoxes; row++) {
      const start = 4 * row;
      const width = source[start + 2] - source[start];
      if (!(width > 0)) throw new DegenerateBoxError(row, width);
      encodeBox(source, start, target, start, this.#weights, deltas, start);
    }
    return ndarray(deltas, [numBoxes, 4]);
  }

  /**
   * Boxes that deltas lead to.
   *
   * @param deltas - N×4k: k groups of (dx, dy, dw, dh) per box, such as one per class.
   * @param boxes - N×4; what the deltas are relative to.
   * @returns N×4k.
   * @throws {@link StructureShapeError}
   */
  applyDeltas(deltas: NdArray<Float32Array>, boxes: NdArray<Float32Array>): NdArray<Float32Array>;
  applyDeltas(deltas: Tensor, boxes: Tensor): Tensor;
  applyDeltas(
    deltas: NdArray<Float32Array> | Tensor,
    boxes: NdArray<Float32Array> | Tensor,
  ): NdArray<Float32Array> | Tensor {
    checkDecoded(deltas, boxes);
    if (!isNdArray(deltas) && !isNdArray(boxes)) {
      return decodeBoxes(deltas, boxes, this.weights, this.scaleClamp);
    }
    if (!isNdArray(deltas) || !isNdArray(boxes)) throw mixedInputs("Box2BoxTransform");
    const [numBoxes, numColumns] = deltas.shape;
    const delta = rowMajorData(deltas);
    const box = rowMajorData(boxes);
    const decoded = new Float32Array(numBoxes * numColumns);
    for (let row = 0; row < numBoxes; row++) {
      const end = (row + 1) * numColumns;
      for (let start = row * numColumns; start < end; start += 4) {
        this.applyDeltasInto(delta, start, box, 4 * row, decoded, start);
      }
    }
    return ndarray(decoded, [numBoxes, numColumns]);
  }

  applyDeltasInto(
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
}
