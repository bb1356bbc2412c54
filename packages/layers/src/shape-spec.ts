/**
 * What one part of a model tells the next about a feature map: the contract between a backbone and
 * the heads that stand on it. Every field is optional, for a size may be known only at run time.
 * Mirrors `detectron2.layers.ShapeSpec`.
 */
export interface ShapeSpec {
  /** Number of channels. */
  readonly channels?: number;
  /** Height in cells of the feature map. */
  readonly height?: number;
  /** Width in cells of the feature map. */
  readonly width?: number;
  /** Input pixels per cell. */
  readonly stride?: number;
}
