import { configure, Registry, type Config } from "@detectron-ts/config";
import type { ShapeSpec } from "@detectron-ts/layers";

import type { AnchorGenerator } from "./anchor-generator.ts";
import { DefaultAnchorGenerator } from "./default-anchor-generator.ts";
import { RotatedAnchorGenerator } from "./rotated-anchor-generator.ts";

/** Makes an anchor generator from a config and the shapes of the feature maps it is for. */
export type AnchorGeneratorBuilder = (
  cfg: Config,
  inputShape: readonly ShapeSpec[],
) => AnchorGenerator;

/** Anchor generators by the names that `MODEL.ANCHOR_GENERATOR.NAME` may have. */
export const ANCHOR_GENERATOR_REGISTRY = new Registry<AnchorGeneratorBuilder>("ANCHOR_GENERATOR");

ANCHOR_GENERATOR_REGISTRY.register("DefaultAnchorGenerator", (cfg, inputShape) =>
  configure(DefaultAnchorGenerator, [cfg, inputShape]),
);
ANCHOR_GENERATOR_REGISTRY.register("RotatedAnchorGenerator", (cfg, inputShape) =>
  configure(RotatedAnchorGenerator, [cfg, inputShape]),
);

/**
 * Builds the anchor generator that `cfg.MODEL.ANCHOR_GENERATOR.NAME` names.
 *
 * @throws NotRegisteredError of `@detectron-ts/config` for an unknown name.
 */
export function buildAnchorGenerator(
  cfg: Config,
  inputShape: readonly ShapeSpec[],
): AnchorGenerator {
  return ANCHOR_GENERATOR_REGISTRY.get(cfg.MODEL.ANCHOR_GENERATOR.NAME)(cfg, inputShape);
}
