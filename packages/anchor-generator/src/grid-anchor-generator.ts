import { OptionError, type ShapeSpec } from "@detectron-ts/layers";
import type { Boxes } from "@detectron-ts/structures";

import type { AnchorGenerator, FeatureMap } from "./anchor-generator.ts";
import { tileCellAnchors } from "./cell-anchors.ts";
import { FeatureMapError } from "./errors.ts";

/** A list of numbers for each feature map; one such list, or a bare list of numbers, serves all of them. */
export type PerFeature = readonly (readonly number[])[] | readonly number[];

/** Options of {@link GridAnchorGenerator}. */
export interface GridAnchorGeneratorOptions<Kind extends Boxes> {
  /** For each feature map, the anchors of one location, centred on (0, 0). */
  readonly cellAnchors: readonly Kind[];
  /** Pixels between neighbouring locations, for each feature map. */
  readonly strides: readonly number[];
  /** Where the first location lies, in strides: 0 at the image's corner, 0.5 (the default) at the cell's centre. */
  readonly offset?: number;
}

/** Grid sizes whose anchors are kept for each feature map: images of a data set often share a few. */
const MAX_CACHED_GRIDS = 8;

/**
 * The same anchors at every location of every feature map, whatever their kind.
 *
 * @typeParam Kind - upright or rotated boxes.
 */
export abstract class GridAnchorGenerator<Kind extends Boxes> implements AnchorGenerator {
  abstract readonly boxDim: number;
  /** Anchors of one location of each feature map, centred on (0, 0). */
  readonly cellAnchors: readonly Kind[];
  readonly strides: readonly number[];
  readonly offset: number;
  /** For each feature map, anchors by grid size, the least recently used first. */
  readonly #cache: readonly Map<string, Kind>[];

  /** @throws {@link OptionError} */
  constructor({ cellAnchors, strides, offset = 0.5 }: GridAnchorGeneratorOptions<Kind>) {
    if (!(offset >= 0 && offset < 1)) {
      throw new OptionError("offset", offset, "at least 0 and below 1");
    }
    this.cellAnchors = cellAnchors;
    this.strides = strides;
    this.offset = offset;
    this.#cache = strides.map(() => new Map());
  }

  get numCellAnchors(): readonly number[] {
    return this.cellAnchors.map(({ length }) => length);
  }

  /**
   * Anchors of each feature map in pixels of the network's input, ordered by row, then column, then the anchor at that
   * location. The boxes are remembered and shared between calls: copy them before changing them.
   *
   * @throws {@link FeatureMapError} unless there is a feature map for each stride.
   */
  forward(features: readonly FeatureMap[]): Kind[] {
    const shapes = features.map((feature) => ("shape" in feature ? feature.shape : feature));
    if (shapes.length !== this.strides.length || shapes.some(({ length }) => length < 2)) {
      throw new FeatureMapError(shapes, this.strides.length);
    }
    return shapes.map((shape, i) => this.#anchors(i, [shape.at(-2)!, shape.at(-1)!]));
  }

  #anchors(feature: number, gridSize: readonly [height: number, width: number]): Kind {
    const cache = this.#cache[feature];
    const key = gridSize.join("×");
    const anchors =
      cache.get(key) ??
      tileCellAnchors(this.cellAnchors[feature], gridSize, this.strides[feature], this.offset);
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

/**
 * One list for each of `numFeatures` feature maps.
 *
 * @throws {@link OptionError} for another number of lists.
 */
export function perFeature(
  option: string,
  lists: PerFeature,
  numFeatures: number,
): readonly (readonly number[])[] {
  const nested = isBareList(lists) ? [lists] : lists;
  if (nested.length === 0 || (nested.length !== 1 && nested.length !== numFeatures)) {
    throw new OptionError(option, lists, `one list, or one for each of ${numFeatures} strides`);
  }
  return nested.length === 1 ? new Array<readonly number[]>(numFeatures).fill(nested[0]) : nested;
}

/** {@link perFeature} of numbers that have to be above 0. */
export function positivePerFeature(
  option: string,
  lists: PerFeature,
  numFeatures: number,
): readonly (readonly number[])[] {
  const nested = perFeature(option, lists, numFeatures);
  if (!nested.flat().every((value) => value > 0)) {
    throw new OptionError(option, lists, "lists of positive numbers");
  }
  return nested;
}

/**
 * Strides of feature maps.
 *
 * @throws {@link OptionError} if one is not known.
 */
export function stridesOf(inputShape: readonly ShapeSpec[]): number[] {
  return inputShape.map(({ stride }) => {
    if (stride === undefined) throw new OptionError("stride", stride, "known");
    return stride;
  });
}

function isBareList(lists: PerFeature): lists is readonly number[] {
  return typeof lists[0] === "number";
}
