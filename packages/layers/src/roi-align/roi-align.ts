import { LayerOptionError, Module } from "@detectron-ts/nn";
import { type Tensor, roiAlign } from "@detectron-ts/tensor";

/** How regions are pooled; the options of {@link ROIAlign}. */
export interface ROIAlignOptions {
  /** Height and width of the pooled map, in bins. */
  readonly outputSize: readonly [height: number, width: number];
  /** Cells of the feature map per unit of the regions' coordinates: 1 / stride. */
  readonly spatialScale: number;
  /** Samples per bin and axis; zero or less means `ceil(region size / output size)`. */
  readonly samplingRatio: number;
  /**
   * True, and so when left out, shifts coordinates by half a cell so that they name cell centres
   * (detectron2's `ROIAlignV2`). False is the original of Mask R-CNN, which shifts nothing and grows
   * regions below one cell.
   */
  readonly aligned?: boolean;
}

/**
 * Pools regions of interest to a fixed size by averaging bilinear samples (section 3 of "Mask R-CNN", He
 * et al. 2017). Mirrors `detectron2.layers.ROIAlign`.
 *
 * Called with features N×C×H×W and regions K×5 (batch index, x0, y0, x1, y1, in absolute coordinates of
 * the input image), it returns K×C×outputSize. Regions get no gradient.
 */
export class ROIAlign extends Module<[input: Tensor, rois: Tensor], Tensor> {
  readonly outputSize: readonly [height: number, width: number];
  readonly spatialScale: number;
  readonly samplingRatio: number;
  readonly aligned: boolean;

  /** @throws LayerOptionError for an output size that is no positive integer. */
  constructor({ outputSize, spatialScale, samplingRatio, aligned = true }: ROIAlignOptions) {
    super();
    for (const bins of outputSize) {
      if (!Number.isInteger(bins) || bins < 1) {
        const detail = `has to be of positive integers, got [${outputSize.join(", ")}]`;
        throw new LayerOptionError("ROIAlign", "outputSize", detail);
      }
    }
    this.outputSize = outputSize;
    this.spatialScale = spatialScale;
    this.samplingRatio = samplingRatio;
    this.aligned = aligned;
  }

  forward(input: Tensor, rois: Tensor): Tensor {
    const { outputSize, spatialScale, samplingRatio, aligned } = this;
    return roiAlign(input, rois, { outputSize, spatialScale, samplingRatio, aligned });
  }
}
