import { type Config, Registry } from "@detectron-ts/config";
import type { ShapeSpec } from "@detectron-ts/layers";
import type { Backbone } from "./backbone.ts";
import { buildResnetFpnBackbone, buildRetinanetResnetFpnBackbone } from "./fpn/build-fpn.ts";
import { buildResnetBackbone } from "./resnet/build-resnet.ts";

/** Builds a backbone from a config, for images of the given channels. */
export type BackboneBuilder = (cfg: Config, inputShape: ShapeSpec) => Backbone;

/** What `cfg.MODEL.BACKBONE.NAME` selects from. Mirrors detectron2's registry of that name. */
export const BACKBONE_REGISTRY = new Registry<BackboneBuilder>("BACKBONE");

BACKBONE_REGISTRY.register("build_resnet_backbone", buildResnetBackbone);
BACKBONE_REGISTRY.register("build_resnet_fpn_backbone", buildResnetFpnBackbone);
BACKBONE_REGISTRY.register("build_retinanet_resnet_fpn_backbone", buildRetinanetResnetFpnBackbone);

/**
 * Builds the backbone that `cfg.MODEL.BACKBONE.NAME` names. Mirrors `detectron2.modeling.build_backbone`.
 *
 * @param inputShape - what the images are; left out, as many channels as `cfg.MODEL.PIXEL_MEAN` has values.
 * @throws NotRegisteredError when nobody registered that name.
 */
export function buildBackbone(
  cfg: Config,
  inputShape: ShapeSpec = { channels: cfg.MODEL.PIXEL_MEAN.length },
): Backbone {
  return BACKBONE_REGISTRY.get(cfg.MODEL.BACKBONE.NAME)(cfg, inputShape);
}
