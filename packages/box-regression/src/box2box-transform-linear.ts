import { isNdArray, rowMajorData } from "@detectron-ts/structures";
import { cat, type Tensor } from "@detectron-ts/tensor";
import ndarray, { type NdArray } from "ndarray";

import { type BoxTransform, checkDecoded, checkEncoded, mixedInputs } from "./box-transform.ts";

const { fround, max } = Math;

/** Options of {@link Box2BoxTransformLinear}. */
export interface Box2BoxTransformLinearOptions {
  /** Whether distances are in sizes of the source box, not in pixels; true by default. */
  readonly normalizeBySize?: boolean;
}

/**
 * Expresses boxes by the distances of their sides (left, top, right, bottom) from the centre of another, which has to
 * lie inside ("FCOS: A Simple and Strong Anchor-Free Object Detector", Tian et al. 2020, eq. 1; distances in strides as
 * in section 3.3). Boxes are (x0, y0, x1, y1) in pixels. Mirrors
 * `detectron2.modeling.box_regression.Box2BoxTransformLinear`.
 *
 * Arrays are computed at once, in float32 as detectron2 does; lazy tensors give lazy, differentiable tensors.
 */
export class Box2BoxTransformLinear implements BoxTransform {
  readonly normalizeBySize: boolean;

  constructor({ normalizeBySize = true }: Box2BoxTransformLinearOptions = {}) {
    this.normalizeBySize = normalizeBySize;
  }

  /**
   * Distances from the centres of source boxes to the sides of target boxes; negative where a centre lies outside.
   *
   * @param sources - N×4; anchors.
   * @param targets - N×4; ground truth.
   * @returns N×4.
   * @throws {@link StructureShapeError}
   */
  getDeltas(sources: NdArray<Float32Array>, targets: NdArray<Float32Array>): NdArray<Float32Array>;
  getDeltas(sources: Tensor, targets: Tensor): Tensor;
  getDeltas(
    sources: NdArray<Float32Array> | Tensor,
    targets: NdArray<Float32Array> | Tensor,
  ): NdArray<Float32Array> | Tensor {
    checkEncoded(sources, targets);
    if (!isNdArray(sources) && !isNdArray(targets)) {
      const { centers, sizes } = centersAndSizes(sources);
      const distances = cat(
        [centers.sub(targets.slice(1, 0, 2)), targets.slice(1, 2, 4).sub(centers)],
        1,
      );
      return this.normalizeBySize ? distances.div(cat([sizes, sizes], 1)) : distances;
    }
    if (!isNdArray(sources) || !isNdArray(targets)) throw mixedInputs("Box2BoxTransformLinear");
    const source = rowMajorData(sources);
    const target = rowMajorData(targets);
    const deltas = new Float32Array(source.length);
    for (let i = 0; i < deltas.length; i++) {
      const isLow = i % 4 < 2;
      const low = isLow ? i : i - 2;
      const center = centerAlong(source, low);
      const distance = fround(isLow ? center - target[i] : target[i] - center);
      deltas[i] = this.normalizeBySize
        ? distance / fround(source[low + 2] - source[low])
        : distance;
    }
    return ndarray(deltas, [...sources.shape]);
  }

  /**
   * Boxes whose sides have the given distances from the centres of others. Negative distances count as 0, so that the
   * result always is a box.
   *
   * @param deltas - N×4k: k groups of distances (left, top, right, bottom) per box.
   * @param boxes - N×4; what the distances are relative to.
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
      const { centers, sizes } = centersAndSizes(boxes.unsqueeze(1));
      const positive = deltas.relu().reshape([-1, deltas.shape[1] / 4, 4]);
      const distances = this.normalizeBySize ? positive.mul(cat([sizes, sizes], 2)) : positive;
      const corners = [
        centers.sub(distances.slice(2, 0, 2)),
        centers.add(distances.slice(2, 2, 4)),
      ];
      return cat(corners, 2).reshape([-1, deltas.shape[1]]);
    }
    if (!isNdArray(deltas) || !isNdArray(boxes)) throw mixedInputs("Box2BoxTransformLinear");
    const [numBoxes, numColumns] = deltas.shape;
    const delta = rowMajorData(deltas);
    const box = rowMajorData(boxes);
    const decoded = new Float32Array(numBoxes * numColumns);
    for (let start = 0; start < decoded.length; start += 4) {
      const row = Math.floor(start / numColumns);
      this.applyDeltasInto(delta, start, box, 4 * row, decoded, start);
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
    for (let axis = 0; axis < 2; axis++) {
      const low = boxOffset + axis;
      const center = centerAlong(boxes, low);
      const size = this.normalizeBySize ? fround(boxes[low + 2] - boxes[low]) : 1;
      const before = fround(max(deltas[deltaOffset + axis], 0) * size);
      const after = fround(max(deltas[deltaOffset + axis + 2], 0) * size);
      out[outOffset + axis] = center - before;
      out[outOffset + axis + 2] = center + after;
    }
  }
}

/** The centre of a box along the axis whose lower side stands at `low`. */
function centerAlong(boxes: Float32Array, low: number): number {
  return fround(0.5 * fround(boxes[low] + boxes[low + 2]));
}

/** Centre (x, y) and size (width, height) of boxes, along their last axis. */
function centersAndSizes(boxes: Tensor): { readonly centers: Tensor; readonly sizes: Tensor } {
  const axis = boxes.rank - 1;
  const low = boxes.slice(axis, 0, 2);
  const high = boxes.slice(axis, 2, 4);
  return { centers: low.add(high).mul(0.5), sizes: high.sub(low) };
}
