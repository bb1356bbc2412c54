export type { AnchorGenerator, FeatureMap } from "./anchor-generator.ts";
export {
  ANCHOR_GENERATOR_REGISTRY,
  buildAnchorGenerator,
  type AnchorGeneratorBuilder,
} from "./build.ts";
export { generateCellAnchors } from "./cell-anchors.ts";
export {
  DefaultAnchorGenerator,
  type DefaultAnchorGeneratorOptions,
  type PerFeature,
} from "./default-anchor-generator.ts";
export { FeatureMapError } from "./errors.ts";
