import { configure, Registry, type Config } from "@detectron-ts/config";

import { CascadeROIHeads } from "./cascade/cascade-roi-heads.ts";
import type { FeatureShapes } from "./input-shape.ts";
import { Res5ROIHeads } from "./res5-roi-heads.ts";
import type { ROIHeads } from "./roi-heads.ts";
import { RROIHeads } from "./rroi-heads.ts";
import { StandardROIHeads } from "./standard-roi-heads.ts";

/** Makes ROI heads from a config and the shapes of a backbone's feature maps, by name. */
export type ROIHeadsBuilder = (cfg: Config, inputShape: FeatureShapes) => ROIHeads;

/** ROI heads by the names that `MODEL.ROI_HEADS.NAME` may have. */
export const ROI_HEADS_REGISTRY = new Registry<ROIHeadsBuilder>("ROI_HEADS");

ROI_HEADS_REGISTRY.register("CascadeROIHeads", (cfg, inputShape) =>
  configure(CascadeROIHeads, [cfg, inputShape]),
);
ROI_HEADS_REGISTRY.register("Res5ROIHeads", (cfg, inputShape) =>
  configure(Res5ROIHeads, [cfg, inputShape]),
);
ROI_HEADS_REGISTRY.register("StandardROIHeads", (cfg, inputShape) =>
  configure(StandardROIHeads, [cfg, inputShape]),
);
ROI_HEADS_REGISTRY.register("RROIHeads", (cfg, inputShape) =>
  configure(RROIHeads, [cfg, inputShape]),
);

/**
 * Builds the ROI heads that `cfg.MODEL.ROI_HEADS.NAME` names. Mirrors `detectron2.modeling.build_roi_heads`.
 *
 * @throws NotRegisteredError of `@detectron-ts/config` for an unknown name.
 */
export function buildRoiHeads(cfg: Config, inputShape: FeatureShapes): ROIHeads {
  return ROI_HEADS_REGISTRY.get(cfg.MODEL.ROI_HEADS.NAME)(cfg, inputShape);
}
