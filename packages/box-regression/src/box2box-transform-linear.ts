import { cat, type Tensor } from "@detectron-ts/tensor";

import { BoxTransform } from "./box-transform.ts";

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
 * A distance is negative where the centre lies outside of the box; decoded, negative distances count as 0, so that the
 * result always is a box.
 */
export class Box2BoxTransformLinear extends BoxTransform {
  readonly boxDim = 4;
  readonly normalizeBySize: boolean;

  constructor({ normalizeBySize = true }: Box2BoxTransformLinearOptions = {}) {
    super();
    this.normalizeBySize = normalizeBySize;
  }

  override applyDeltasInto(
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

  protected override getDeltasInto(
    sources: Float32Array,
    sourceOffset: number,
    targets: Float32Array,
    targetOffset: number,
    deltas: Float32Array,
    deltaOffset: number,
  ): void {
    for (let axis = 0; axis < 2; axis++) {
      const low = sourceOffset + axis;
      const center = centerAlong(sources, low);
      const size = this.normalizeBySize ? fround(sources[low + 2] - sources[low]) : 1;
      const before = fround(center - targets[targetOffset + axis]);
      const after = fround(targets[targetOffset + axis + 2] - center);
      deltas[deltaOffset + axis] = before / size;
      deltas[deltaOffset + axis + 2] = after / size;
    }
  }

  protected override encode(sources: Tensor, targets: Tensor): Tensor {
    const { centers, sizes } = centersAndSizes(sources);
    const distances = cat(
      [centers.sub(targets.slice(1, 0, 2)), targets.slice(1, 2, 4).sub(centers)],
      1,
    );
    return this.normalizeBySize ? distances.div(cat([sizes, sizes], 1)) : distances;
  }

  protected override decode(deltas: Tensor, boxes: Tensor): Tensor {
    const { centers, sizes } = centersAndSizes(boxes.unsqueeze(1));
    const positive = deltas.relu().reshape([-1, deltas.shape[1] / 4, 4]);
    const distances = this.normalizeBySize ? positive.mul(cat([sizes, sizes], 2)) : positive;
    const corners = [centers.sub(distances.slice(2, 0, 2)), centers.add(distances.slice(2, 2, 4))];
    return cat(corners, 2).reshape([-1, deltas.shape[1]]);
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
