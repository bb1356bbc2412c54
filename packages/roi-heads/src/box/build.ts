import { configure, Registry, type Config } from "@detectron-ts/config";
import type { ShapeSpec } from "@detectron-ts/layers";

import type { BoxHead } from "./box-head.ts";
import { FastRCNNConvFCHead } from "./fast-rcnn-conv-fc-head.ts";

/** Makes a box head from a config and the shape of one pooled region. */
export type BoxHeadBuilder = (cfg: Config, inputShape: ShapeSpec) => BoxHead;

/** Box heads by the names that `MODEL.ROI_BOX_HEAD.NAME` may have. */
export const ROI_BOX_HEAD_REGISTRY = new Registry<BoxHeadBuilder>("ROI_BOX_HEAD");

ROI_BOX_HEAD_REGISTRY.register("FastRCNNConvFCHead", (cfg, inputShape) =>
  configure(FastRCNNConvFCHead, [cfg, inputShape]),
);

/**
 * Builds the box head that `cfg.MODEL.ROI_BOX_HEAD.NAME` names. Mirrors `detectron2.modeling.build_box_head`.
 *
 * @throws NotRegisteredError of `@detectron-ts/config` for an unknown name.
 */
export function buildBoxHead(cfg: Config, inputShape: ShapeSpec): BoxHead {
  return ROI_BOX_HEAD_REGISTRY.get(cfg.MODEL.ROI_BOX_HEAD.NAME)(cfg, inputShape);
}
