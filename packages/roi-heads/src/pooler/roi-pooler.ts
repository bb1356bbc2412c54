import { ROIAlign, ROIAlignRotated, RoIPool, OptionError } from "@detectron-ts/layers";
import { Module } from "@detectron-ts/nn";
import { BoxKindError, type Boxes } from "@detectron-ts/structures";
import { cat, tensor, type Tensor } from "@detectron-ts/tensor";

import { CountMismatchError } from "../errors.ts";
import { assignBoxesToLevels } from "./assign-boxes-to-levels.ts";

/**
 * How regions are pooled: `ROIAlignV2` is aligned by half a cell, `ROIAlign` is the original, `ROIPool` takes maxima of
 * whole cells, `ROIAlignRotated` is for `RotatedBoxes`.
 */
export const POOLER_TYPES = ["ROIAlignV2", "ROIAlign", "ROIPool", "ROIAlignRotated"] as const;

/** One of {@link POOLER_TYPES}. */
export type PoolerType = (typeof POOLER_TYPES)[number];

/** Options of {@link ROIPooler}. */
export interface ROIPoolerOptions {
  /** Side of the pooled square, or height and width. */
  readonly outputSize: number | readonly [height: number, width: number];
  /** Cells per pixel of each feature map, finest first; each half of the one before: 1/4, 1/8… */
  readonly scales: readonly number[];
  /** Samples along each side of a bin; 0 adapts to the region's size. `ROIPool` has none. */
  readonly samplingRatio: number;
  /** One of {@link POOLER_TYPES}; a plain string, since configs hold one. */
  readonly poolerType: string;
  /** A box of this side, in pixels, is pooled from the canonical level; 224 when left out. */
  readonly canonicalBoxSize?: number;
  /** Level of scale `2^-canonicalLevel`; 4 when left out. */
  readonly canonicalLevel?: number;
}

/**
 * Pools regions of the images from a feature pyramid, each from the level that suits its size. Mirrors
 * `detectron2.modeling.poolers.ROIPooler`.
 *
 * Called with feature maps (N×C×H×W, finest first) and the boxes of each of the N images, in pixels of the network's
 * input, it returns R×C×height×width: the regions of all images, in their order.
 *
 * The operations are the same for any number of boxes on any level, zero included, so that one compiled graph serves
 * all: every level pools its boxes, perhaps none, and one selection puts them back in order.
 */
export class ROIPooler extends Module<
  [features: readonly Tensor[], boxLists: readonly Boxes[]],
  Tensor
> {
  readonly outputSize: readonly [height: number, width: number];
  readonly canonicalBoxSize: number;
  readonly canonicalLevel: number;
  /** One for each feature map. */
  readonly levelPoolers: readonly (ROIAlign | ROIAlignRotated | RoIPool)[];
  /** Numbers of the boxes that are pooled: 4, or 5 if rotated. */
  readonly boxDim: number;
  readonly minLevel: number;
  readonly maxLevel: number;

  /** @throws {@link OptionError} for an unknown type, or scales that don't halve from map to map. */
  constructor(options: ROIPoolerOptions) {
    super();
    const { outputSize, scales, samplingRatio, poolerType } = options;
    const levels = levelsOf(scales);
    if (!POOLER_TYPES.some((type) => type === poolerType)) {
      throw new OptionError("poolerType", poolerType, POOLER_TYPES.join(" or "));
    }
    this.outputSize = typeof outputSize === "number" ? [outputSize, outputSize] : outputSize;
    this.canonicalBoxSize = options.canonicalBoxSize ?? 224;
    this.canonicalLevel = options.canonicalLevel ?? 4;
    this.minLevel = levels[0];
    this.maxLevel = levels[levels.length - 1];
    this.boxDim = poolerType === "ROIAlignRotated" ? 5 : 4;
    this.levelPoolers = scales.map((spatialScale) => {
      const shared = { outputSize: this.outputSize, spatialScale, samplingRatio };
      if (poolerType === "ROIAlignRotated") return new ROIAlignRotated(shared);
      if (poolerType === "ROIPool") return new RoIPool(shared);
      return new ROIAlign({ ...shared, aligned: poolerType === "ROIAlignV2" });
    });
  }

  /**
   * @throws {@link CountMismatchError} unless there is a map for each scale and a list of boxes for each image.
   * @throws BoxKindError of `@detectron-ts/structures` for rotated boxes in a pooler of upright ones, or the other way round.
   */
  forward(features: readonly Tensor[], boxLists: readonly Boxes[]): Tensor {
    if (features.length !== this.levelPoolers.length) {
      throw new CountMismatchError("feature maps", features.length, this.levelPoolers.length);
    }
    const [batchSize] = features[0].shape;
    if (boxLists.length !== batchSize) {
      throw new CountMismatchError("lists of boxes", boxLists.length, batchSize);
    }
    const rowSize = 1 + this.boxDim;
    const rois = toRois(boxLists, this.boxDim);
    if (features.length === 1) return this.levelPoolers[0](features[0], roisTensor(rois, rowSize));

    const levels = assignBoxesToLevels(boxLists, this);
    const { rowsOfLevels, positions } = groupByLevel(levels, features.length);
    const pooled = features.map((feature, level) => {
      const roisOfLevel = selectRois(rois, rowSize, rowsOfLevels[level]);
      return this.levelPoolers[level](feature, roisTensor(roisOfLevel, rowSize));
    });
    return cat(pooled, 0).indexSelect(0, tensor(positions));
  }
}

/** @throws {@link OptionError} unless the scales are consecutive powers of 2, finest first. */
function levelsOf(scales: readonly number[]): number[] {
  const levels = scales.map((scale) => -Math.log2(scale));
  const fits = levels.every((level, i) => Number.isInteger(level) && level === levels[0] + i);
  if (levels.length === 0 || !fits) {
    throw new OptionError("scales", scales, "powers of 2, each half of the one before");
  }
  return levels;
}

/** Rows of the number of an image and a box, image by image. */
function toRois(boxLists: readonly Boxes[], boxDim: number): Float32Array {
  const numBoxes = boxLists.reduce((count, boxes) => count + boxes.length, 0);
  const rois = new Float32Array((1 + boxDim) * numBoxes);
  let offset = 0;
  boxLists.forEach((boxes, image) => {
    if (boxes.boxDim !== boxDim) throw new BoxKindError("This ROIPooler", boxes.boxDim, boxDim);
    for (const box of boxes) {
      rois[offset] = image;
      rois.set(box, offset + 1);
      offset += 1 + boxDim;
    }
  });
  return rois;
}

function roisTensor(rois: Float32Array, rowSize: number): Tensor {
  return tensor(rois, { shape: [rois.length / rowSize, rowSize] });
}

function selectRois(rois: Float32Array, rowSize: number, rows: Int32Array): Float32Array {
  const selected = new Float32Array(rowSize * rows.length);
  rows.forEach((row, i) =>
    selected.set(rois.subarray(rowSize * row, rowSize * (row + 1)), rowSize * i),
  );
  return selected;
}

interface LevelGroups {
  /** Rows of each level, ascending. */
  readonly rowsOfLevels: readonly Int32Array[];
  /** Where each row stands when the levels' rows are joined. */
  readonly positions: Int32Array;
}

function groupByLevel(levels: Int32Array, numLevels: number): LevelGroups {
  const positions = new Int32Array(levels.length);
  const rowsOfLevels: Int32Array[] = [];
  let position = 0;
  for (let level = 0; level < numLevels; level++) {
    const start = position;
    const rows = new Int32Array(levels.length);
    for (let row = 0; row < levels.length; row++) {
      if (levels[row] !== level) continue;
      rows[position - start] = row;
      positions[row] = position++;
    }
    rowsOfLevels.push(rows.subarray(0, position - start));
  }
  return { rowsOfLevels, positions };
}
