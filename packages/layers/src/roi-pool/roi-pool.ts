import { LayerOptionError, Module } from "@detectron-ts/nn";
import { hostOp, type FeatureShape, type HostArray, type Tensor } from "@detectron-ts/tensor";

import { LayerShapeError } from "../errors.ts";

const { ceil, floor, fround, max, min } = Math;

/** How regions are pooled; the options of {@link RoIPool}. */
export interface RoIPoolOptions {
  /** Height and width of the pooled map, in bins. */
  readonly outputSize: readonly [height: number, width: number];
  /** Cells of the feature map per unit of the regions' coordinates: 1 / stride. */
  readonly spatialScale: number;
}

/** Position of no cell: that of a bin without any. */
const NONE = -1;

/**
 * Pools regions of interest to a fixed size by the maximum of whole cells ("Fast R-CNN", Girshick 2015, section 2.1). Equals
 * `torchvision.ops.RoIPool`. Both corners of a region are rounded to cells, which belong to it; bins overlap where the
 * region does not divide into whole cells, and those outside of the map are 0.
 *
 * Called with features N×C×H×W and regions K×5 (batch index, x0, y0, x1, y1, in absolute coordinates of the input image),
 * it returns K×C×outputSize. Regions get no gradient. Runs on the host, outside of the compiled graph.
 */
export class RoIPool extends Module<[input: Tensor, rois: Tensor], Tensor> {
  readonly outputSize: readonly [height: number, width: number];
  readonly spatialScale: number;

  /** @throws LayerOptionError for an output size that is no positive integer. */
  constructor({ outputSize, spatialScale }: RoIPoolOptions) {
    super();
    for (const bins of outputSize) {
      if (!Number.isInteger(bins) || bins < 1) {
        const detail = `has to be of positive integers, got [${outputSize.join(", ")}]`;
        throw new LayerOptionError("RoIPool", "outputSize", detail);
      }
    }
    this.outputSize = outputSize;
    this.spatialScale = spatialScale;
  }

  /** @throws LayerShapeError when a shape is not as above, and when the result is computed for a region of no image. */
  forward(input: Tensor, rois: Tensor): Tensor {
    if (input.rank !== 4) throw new LayerShapeError("RoIPool", "input", input.shape, "N×C×H×W");
    if (rois.rank !== 2 || rois.shape[1] !== 5) {
      throw new LayerShapeError("RoIPool", "rois", rois.shape, "K×5");
    }
    const shape = [rois.shape[0], input.shape[1], ...this.outputSize];
    const [pooled] = hostOp({
      name: "roiPool",
      inputs: [input, rois],
      outputs: [
        { shape, dtype: "float32" },
        // Where in the features each maximum was found.
        { shape, dtype: "int32" },
      ],
      forward: ([features, regions]) =>
        pool(float32(features), featureShapeOf(features), float32(regions), this),
      backward: ([gradient], [features], [, positions]) => [
        spread(float32(gradient), positions.data as Int32Array, features.data.length),
        null,
      ],
    });
    return pooled;
  }
}

/** The maximum of each bin, K×C×outputSize, and its position in the features. */
function pool(
  features: Float32Array,
  [batchSize, channels, height, width]: FeatureShape,
  rois: Float32Array,
  { outputSize: [binRows, binColumns], spatialScale }: RoIPoolOptions,
): [maxima: Float32Array, positions: Int32Array] {
  const numRegions = rois.length / 5;
  const maxima = new Float32Array(numRegions * channels * binRows * binColumns);
  const positions = new Int32Array(maxima.length).fill(NONE);
  const rows = new Int32Array(2 * binRows);
  const columns = new Int32Array(2 * binColumns);
  let target = 0;
  for (let region = 0; region < numRegions; region++) {
    const [image, x0, y0, x1, y1] = rois.subarray(5 * region, 5 * region + 5);
    if (!(image >= 0 && image < batchSize)) {
      const wanted = `a batch index below ${batchSize} in region ${region}`;
      throw new LayerShapeError("RoIPool", "rois", [image], wanted);
    }
    writeBins(rows, y0, y1, spatialScale, height);
    writeBins(columns, x0, x1, spatialScale, width);
    for (let channel = 0; channel < channels; channel++) {
      const plane = (image * channels + channel) * height * width;
      for (let binRow = 0; binRow < binRows; binRow++) {
        for (let binColumn = 0; binColumn < binColumns; binColumn++, target++) {
          let best = -Infinity;
          for (let y = rows[2 * binRow]; y < rows[2 * binRow + 1]; y++) {
            for (let x = columns[2 * binColumn]; x < columns[2 * binColumn + 1]; x++) {
              const position = plane + y * width + x;
              if (!(features[position] > best)) continue;
              best = features[position];
              positions[target] = position;
            }
          }
          maxima[target] = positions[target] === NONE ? 0 : best;
        }
      }
    }
  }
  return [maxima, positions];
}

/** For each bin along one axis its first cell and the one after its last, limited to the map. */
function writeBins(
  bins: Int32Array,
  start: number,
  end: number,
  spatialScale: number,
  size: number,
): void {
  const numBins = bins.length / 2;
  const first = roundHalfAway(fround(start * spatialScale));
  const last = roundHalfAway(fround(end * spatialScale));
  const binSize = fround(max(last - first + 1, 1) / numBins);
  for (let bin = 0; bin < numBins; bin++) {
    bins[2 * bin] = min(max(first + floor(fround(bin * binSize)), 0), size);
    bins[2 * bin + 1] = min(max(first + ceil(fround((bin + 1) * binSize)), 0), size);
  }
}

/** Rounds as C does: halves away from zero. */
function roundHalfAway(value: number): number {
  return value < 0 ? -floor(0.5 - value) : floor(value + 0.5);
}

/** Each gradient flows to the cell that was the largest of its bin. */
function spread(gradOutput: Float32Array, positions: Int32Array, size: number): Float32Array {
  const gradInput = new Float32Array(size);
  positions.forEach((position, i) => {
    if (position !== NONE) gradInput[position] += gradOutput[i];
  });
  return gradInput;
}

function featureShapeOf({ shape: [n, c, h, w] }: HostArray): FeatureShape {
  return [n, c, h, w];
}

function float32({ data, dtype }: HostArray): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new TypeError(`RoIPool takes float32, got ${dtype}.`);
}
