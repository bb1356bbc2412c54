import { configure, Registry, type Config } from "@detectron-ts/config";
import type { ShapeSpec } from "@detectron-ts/layers";

import type { MaskHead } from "./mask-head.ts";
import { MaskRCNNConvUpsampleHead } from "./mask-rcnn-conv-upsample-head.ts";

/** Makes a mask head from a config and the shape of one pooled region. */
export type MaskHeadBuilder = (cfg: Config, inputShape: ShapeSpec) => MaskHead;

/** Mask heads by the names that `MODEL.ROI_MASK_HEAD.NAME` may have. */
export const ROI_MASK_HEAD_REGISTRY = new Registry<MaskHeadBuilder>("ROI_MASK_HEAD");

ROI_MASK_HEAD_REGISTRY.register("MaskRCNNConvUpsampleHead", (cfg, inputShape) =>
  configure(MaskRCNNConvUpsampleHead, [cfg, inputShape]),
);

/**
 * Builds the mask head that `cfg.MODEL.ROI_MASK_HEAD.NAME` names. Mirrors `detectron2.modeling.build_mask_head`.
 *
 * @throws NotRegisteredError of `@detectron-ts/config` for an unknown name.
 */
export function buildMaskHead(cfg: Config, inputShape: ShapeSpec): MaskHead {
  return ROI_MASK_HEAD_REGISTRY.get(cfg.MODEL.ROI_MASK_HEAD.NAME)(cfg, inputShape);
}
