import type { Boxes } from "@detectron-ts/structures";

/** A feature map, or only its height and width. Of a shape, the last two numbers are read. */
export type FeatureMap =
  readonly [height: number, width: number] | { readonly shape: readonly number[] };

/** What makes the anchors of a model. Parts of models know anchor generators by this interface. */
export interface AnchorGenerator {
  /** Numbers that describe a box: 4, or 5 for rotated boxes. */
  readonly boxDim: number;
  /** Anchors at each location, one number for each feature map. */
  readonly numCellAnchors: readonly number[];
  /**
   * Anchors of each feature map, in pixels of the network's input; ordered by row, then column, then the anchor at
   * that location.
   */
  forward(features: readonly FeatureMap[]): Boxes[];
}
