import type { Config } from "@detectron-ts/config";
import { type ShapeSpec, OptionError } from "@detectron-ts/layers";
import { Boxes } from "@detectron-ts/structures";

import type { AnchorGenerator, FeatureMap } from "./anchor-generator.ts";
import { generateCellAnchors, tileCellAnchors } from "./cell-anchors.ts";
import { FeatureMapError } from "./errors.ts";

/** A list of numbers for each feature map; one such list, or a bare list of numbers, serves all of them. */
export type PerFeature = readonly (readonly number[])[] | readonly number[];

/** Options of {@link DefaultAnchorGenerator}. */
export interface DefaultAnchorGeneratorOptions {
  /** Side of the square that has an anchor's area, in pixels of the network's input. */
  readonly sizes: PerFeature;
  /** Height over width. */
  readonly aspectRatios: PerFeature;
  /** Pixels between neighbouring locations, for each feature map. */
  readonly strides: readonly number[];
  /** Where the first location lies, in strides: 0 at the image's corner, 0.5 (the default) at the cell's centre. */
  readonly offset?: number;
}

/** Grid sizes whose anchors are kept for each feature map: images of a data set often share a few. */
const MAX_CACHED_GRIDS = 8;

/**
 * Anchors of fixed sizes and aspect ratios at every location of every feature map. Mirrors
 * `detectron2.modeling.anchor_generator.DefaultAnchorGenerator`.
 */
export class DefaultAnchorGenerator implements AnchorGenerator {
  readonly boxDim = 4;
  /** Anchors of one location of each feature map, centred on (0, 0). */
  readonly cellAnchors: readonly Boxes[];
  readonly strides: readonly number[];
  readonly offset: number;
  /** For each feature map, anchors by grid size, the least recently used first. */
  readonly #cache: readonly Map<string, Boxes>[];

  /** @throws {@link OptionError} */
  constructor({ sizes, aspectRatios, strides, offset = 0.5 }: DefaultAnchorGeneratorOptions) {
    if (!(offset >= 0 && offset < 1)) {
      throw new OptionError("offset", offset, "at least 0 and below 1");
    }
    const sizesOfFeatures = perFeature("sizes", sizes, strides.length);
    const ratiosOfFeatures = perFeature("aspectRatios", aspectRatios, strides.length);
    this.cellAnchors = strides.map(
      (_, i) => new Boxes(generateCellAnchors(sizesOfFeatures[i], ratiosOfFeatures[i])),
    );
    this.strides = strides;
    this.offset = offset;
    this.#cache = strides.map(() => new Map());
  }

  /** Options from `MODEL.ANCHOR_GENERATOR` and the strides of the feature maps. */
  static fromConfig(cfg: Config, inputShape: readonly ShapeSpec[]): DefaultAnchorGeneratorOptions {
    const { SIZES, ASPECT_RATIOS, OFFSET } = cfg.MODEL.ANCHOR_GENERATOR;
    const strides = inputShape.map(({ stride }) => {
      if (stride === undefined) throw new OptionError("stride", stride, "known");
      return stride;
    });
    return { sizes: SIZES, aspectRatios: ASPECT_RATIOS, strides, offset: OFFSET };
  }

  get numCellAnchors(): readonly number[] {
    return this.cellAnchors.map(({ length }) => length);
  }

  /**
   * Anchors of each feature map, (x0, y0, x1, y1) in pixels of the network's input, ordered by row, then column, then
   * the anchor at that location. The boxes are remembered and shared between calls: copy them before changing them.
   *
   * @throws {@link FeatureMapError} unless there is a feature map for each stride.
   */
  forward(features: readonly FeatureMap[]): Boxes[] {
    const shapes = features.map((feature) => ("shape" in feature ? feature.shape : feature));
    if (shapes.length !== this.strides.length || shapes.some(({ length }) => length < 2)) {
      throw new FeatureMapError(shapes, this.strides.length);
    }
    return shapes.map((shape, i) => this.#anchors(i, [shape.at(-2)!, shape.at(-1)!]));
  }

  #anchors(feature: number, gridSize: readonly [height: number, width: number]): Boxes {
    const cache = this.#cache[feature];
    const key = gridSize.join("×");
    const anchors =
      cache.get(key) ??
      new Boxes(
        tileCellAnchors(
          this.cellAnchors[feature].data,
          gridSize,
          this.strides[feature],
          this.offset,
        ),
      );
    // Entered anew, so that the map's order is that of use.
    cache.delete(key);
    cache.set(key, anchors);
    if (cache.size > MAX_CACHED_GRIDS) {
      const [leastRecent] = cache.keys();
      cache.delete(leastRecent);
    }
    return anchors;
  }
}

function perFeature(
  option: string,
  lists: PerFeature,
  numFeatures: number,
): readonly (readonly number[])[] {
  const nested = isBareList(lists) ? [lists] : lists;
  if (nested.length === 0 || (nested.length !== 1 && nested.length !== numFeatures)) {
    throw new OptionError(option, lists, `one list, or one for each of ${numFeatures} strides`);
  }
  if (!nested.flat().every((value) => value > 0)) {
    throw new OptionError(option, lists, "lists of positive numbers");
  }
  return nested.length === 1 ? new Array<readonly number[]>(numFeatures).fill(nested[0]) : nested;
}

function isBareList(lists: PerFeature): lists is readonly number[] {
  return typeof lists[0] === "number";
}
