export type { AnchorGenerator, FeatureMap } from "./anchor-generator.ts";
export {
  ANCHOR_GENERATOR_REGISTRY,
  buildAnchorGenerator,
  type AnchorGeneratorBuilder,
} from "./build.ts";
export { generateCellAnchors, generateRotatedCellAnchors } from "./cell-anchors.ts";
export {
  DefaultAnchorGenerator,
  type DefaultAnchorGeneratorOptions,
} from "./default-anchor-generator.ts";
export { FeatureMapError } from "./errors.ts";
export {
  GridAnchorGenerator,
  type GridAnchorGeneratorOptions,
  type PerFeature,
} from "./grid-anchor-generator.ts";
export {
  RotatedAnchorGenerator,
  type RotatedAnchorGeneratorOptions,
} from "./rotated-anchor-generator.ts";
