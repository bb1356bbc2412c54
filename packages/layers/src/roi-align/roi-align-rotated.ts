import { LayerOptionError, Module } from "@detectron-ts/nn";
import { sparseMatmul, type Tensor } from "@detectron-ts/tensor";
import { LayerShapeError } from "../errors.ts";
import { rotatedPoolingMatrix, type RotatedPooling } from "./rotated-pooling-matrix.ts";

/** How regions are pooled; the options of {@link ROIAlignRotated}. */
export type ROIAlignRotatedOptions = RotatedPooling;

/**
 * Pools rotated regions of interest to a fixed size by averaging bilinear samples on a grid that is turned with the region
 * ("Arbitrary-Oriented Scene Text Detection via Rotation Proposals", Ma et al. 2018). Mirrors
 * `detectron2.layers.ROIAlignRotated`.
 *
 * Called with features N×C×H×W and regions K×6 (batch index, x and y of the centre, width, height in absolute coordinates
 * of the input image, degrees counter-clockwise), it returns K×C×outputSize. At 0 degrees it equals `ROIAlign` with
 * `aligned`. Regions get no gradient.
 */
export class ROIAlignRotated extends Module<[input: Tensor, rois: Tensor], Tensor> {
  readonly outputSize: readonly [height: number, width: number];
  readonly spatialScale: number;
  readonly samplingRatio: number;

  /** @throws LayerOptionError for an output size that is no positive integer. */
  constructor({ outputSize, spatialScale, samplingRatio }: ROIAlignRotatedOptions) {
    super();
    for (const bins of outputSize) {
      if (!Number.isInteger(bins) || bins < 1) {
        const detail = `has to be of positive integers, got [${outputSize.join(", ")}]`;
        throw new LayerOptionError("ROIAlignRotated", "outputSize", detail);
      }
    }
    this.outputSize = outputSize;
    this.spatialScale = spatialScale;
    this.samplingRatio = samplingRatio;
  }

  /**
   * The cells that each bin takes its mean of are worked out at the call, as a sparse matrix; pooling is its product with
   * the map, one row of channels for each cell. So the values of the regions have to be known.
   *
   * @throws LayerShapeError when a shape is not as above.
   * @throws NotRealizedError of `@detectron-ts/tensor` for regions that are still to be computed.
   * @throws ShapeError of `@detectron-ts/tensor` for a region that is of no image, not finite, or of negative size.
   */
  forward(input: Tensor, rois: Tensor): Tensor {
    const layer = "ROIAlignRotated";
    if (input.rank !== 4) throw new LayerShapeError(layer, "input", input.shape, "N×C×H×W");
    if (rois.rank !== 2 || rois.shape[1] !== 6) {
      throw new LayerShapeError(layer, "rois", rois.shape, "K×6");
    }
    const [batchSize, channels, height, width] = input.shape;
    const [binRows, binColumns] = this.outputSize;
    const regions = rois.size === 0 ? new Float32Array(0) : float32(rois);
    const matrix = rotatedPoolingMatrix([batchSize, height, width], regions, this);
    const cells = input.permute(0, 2, 3, 1).reshape([batchSize * height * width, channels]);
    // A region's bins have about as many cells each.
    const pooled = sparseMatmul(matrix, cells, binRows * binColumns);
    return pooled.reshape([rois.shape[0], binRows, binColumns, channels]).permute(0, 3, 1, 2);
  }
}

function float32(rois: Tensor): Float32Array {
  const data = rois.dataSync();
  if (data instanceof Float32Array) return data;
  throw new TypeError(`ROIAlignRotated takes float32, got ${rois.dtype}.`);
}
