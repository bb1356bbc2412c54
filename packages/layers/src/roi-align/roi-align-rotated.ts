import { LayerOptionError, Module } from "@detectron-ts/nn";
import { hostOp, type FeatureShape, type HostArray, type Tensor } from "@detectron-ts/tensor";
import { LayerShapeError } from "../errors.ts";
import { forEachRotatedRoi, type RotatedPooling } from "./rotated-samples.ts";

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
   * @throws LayerShapeError when a shape is not as above.
   * @throws ShapeError of `@detectron-ts/tensor`, when the result is computed, for a region that is of no image, not finite,
   *   or of negative size.
   */
  forward(input: Tensor, rois: Tensor): Tensor {
    const layer = "ROIAlignRotated";
    if (input.rank !== 4) throw new LayerShapeError(layer, "input", input.shape, "N×C×H×W");
    if (rois.rank !== 2 || rois.shape[1] !== 6) {
      throw new LayerShapeError(layer, "rois", rois.shape, "K×6");
    }
    const [numRegions] = rois.shape;
    const shape = [numRegions, input.shape[1], ...this.outputSize];
    const [pooled] = hostOp({
      name: "roiAlignRotated",
      inputs: [input, rois],
      outputs: [{ shape, dtype: "float32" }],
      forward: ([features, regions]) => [
        pool(float32(features), shapeOf(features), float32(regions), this),
      ],
      backward: ([gradient], [features, regions]) => [
        spread(float32(gradient), shapeOf(features), float32(regions), this),
        null,
      ],
    });
    return pooled;
  }
}

/** The pooled map of each region, K×C×outputSize. */
function pool(
  features: Float32Array,
  featureShape: FeatureShape,
  rois: Float32Array,
  pooling: RotatedPooling,
): Float32Array {
  const [, channels, height, width] = featureShape;
  const numBins = pooling.outputSize[0] * pooling.outputSize[1];
  const output = new Float32Array((rois.length / 6) * channels * numBins);
  forEachRotatedRoi(featureShape, rois, pooling, (row, image, samples) => {
    const { samplesPerBin, cells, weights } = samples;
    const count = Math.max(samplesPerBin, 1);
    let target = row * channels * numBins;
    for (let channel = 0; channel < channels; channel++) {
      const plane = (image * channels + channel) * height * width;
      for (let bin = 0; bin < numBins; bin++) {
        const end = 4 * (bin + 1) * samplesPerBin;
        let sum = 0;
        for (let at = end - 4 * samplesPerBin; at < end; at += 4) {
          sum +=
            weights[at] * features[plane + cells[at]] +
            weights[at + 1] * features[plane + cells[at + 1]] +
            weights[at + 2] * features[plane + cells[at + 2]] +
            weights[at + 3] * features[plane + cells[at + 3]];
        }
        output[target++] = sum / count;
      }
    }
  });
  return output;
}

/**
 * Gradient of {@link pool} with respect to the features: pooling is linear in them, so each gradient flows back to the cells
 * that its samples read, by the same weights.
 */
function spread(
  gradOutput: Float32Array,
  featureShape: FeatureShape,
  rois: Float32Array,
  pooling: RotatedPooling,
): Float32Array {
  const [batchSize, channels, height, width] = featureShape;
  const numBins = pooling.outputSize[0] * pooling.outputSize[1];
  const gradInput = new Float32Array(batchSize * channels * height * width);
  forEachRotatedRoi(featureShape, rois, pooling, (row, image, samples) => {
    const { samplesPerBin, cells, weights } = samples;
    let source = row * channels * numBins;
    for (let channel = 0; channel < channels; channel++) {
      const plane = (image * channels + channel) * height * width;
      for (let bin = 0; bin < numBins; bin++) {
        const gradient = gradOutput[source++] / samplesPerBin;
        const end = 4 * (bin + 1) * samplesPerBin;
        for (let at = end - 4 * samplesPerBin; at < end; at++) {
          gradInput[plane + cells[at]] += gradient * weights[at];
        }
      }
    }
  });
  return gradInput;
}

function shapeOf({ shape: [n, c, h, w] }: HostArray): FeatureShape {
  return [n, c, h, w];
}

function float32({ data, dtype }: HostArray): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new TypeError(`ROIAlignRotated takes float32, got ${dtype}.`);
}
