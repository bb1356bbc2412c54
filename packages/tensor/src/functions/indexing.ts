import type { Shape } from "../dtype.ts";
import { apply } from "../graph/apply.ts";
import type { RoiAlignAttrs } from "../ops/op-table.ts";
import type { Tensor } from "../tensor.ts";
import { normalizeAxis } from "./axes.ts";

/** Slices of one axis at the positions in an int vector (torch.index_select). */
export function indexSelect(x: Tensor, axis: number, indices: Tensor): Tensor {
  return apply(
    "indexSelect",
    [x, indices],
    { axis: normalizeAxis("indexSelect", axis, x.rank) },
    {},
  );
}

/** One value for each index: `result[i][j] = x[indices[i][j]][j]` for axis 0 (torch.gather). */
export function gather(x: Tensor, axis: number, indices: Tensor): Tensor {
  return apply("gather", [x, indices], { axis: normalizeAxis("gather", axis, x.rank) }, {});
}

/** Adds each value of `source` onto `x` where {@link gather} would read it. */
export function scatterAdd(x: Tensor, axis: number, indices: Tensor, source: Tensor): Tensor {
  const attrs = { axis: normalizeAxis("scatterAdd", axis, x.rank) };
  return apply("scatterAdd", [x, indices, source], attrs, {});
}

/** Zeros of `shape` with the rows of `source` added at the row numbers in `indices`. */
export function indexAdd(indices: Tensor, source: Tensor, shape: Shape): Tensor {
  return apply("indexAdd", [indices, source], {}, { shape });
}

/**
 * Pools regions of interest to a fixed size by bilinear sampling (Mask R-CNN, section 3).
 *
 * @param x Feature map `[N, C, H, W]`.
 * @param rois `[K, 5]`: batch index, x0, y0, x1, y1 in pixels of the image; `spatialScale` maps them to
 * the feature map.
 * @returns `[K, C, outputSize[0], outputSize[1]]`
 */
export function roiAlign(x: Tensor, rois: Tensor, options: RoiAlignAttrs): Tensor {
  const { outputSize, spatialScale, samplingRatio, aligned } = options;
  const attrs = { outputSize, spatialScale, samplingRatio: Math.max(samplingRatio, 0), aligned };
  return apply("roiAlign", [x, rois], attrs, {});
}

/**
 * Samples N×C×H×W bilinearly at points given in [-1, 1] from border to border; outside is zero
 * (torch.grid_sample with align_corners = false).
 *
 * @param grid `[N, outH, outW, 2]` of (x, y)
 */
export function gridSample(x: Tensor, grid: Tensor): Tensor {
  return apply("gridSample", [x, grid], {}, {});
}
