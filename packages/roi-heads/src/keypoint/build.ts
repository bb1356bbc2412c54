import { configure, Registry, type Config } from "@detectron-ts/config";
import type { ShapeSpec } from "@detectron-ts/layers";

import type { KeypointHead } from "./keypoint-head.ts";
import { KRCNNConvDeconvUpsampleHead } from "./krcnn-conv-deconv-upsample-head.ts";

/** Makes a keypoint head from a config and the shape of one pooled region. */
export type KeypointHeadBuilder = (cfg: Config, inputShape: ShapeSpec) => KeypointHead;

/** Keypoint heads by the names that `MODEL.ROI_KEYPOINT_HEAD.NAME` may have. */
export const ROI_KEYPOINT_HEAD_REGISTRY = new Registry<KeypointHeadBuilder>("ROI_KEYPOINT_HEAD");

ROI_KEYPOINT_HEAD_REGISTRY.register("KRCNNConvDeconvUpsampleHead", (cfg, inputShape) =>
  configure(KRCNNConvDeconvUpsampleHead, [cfg, inputShape]),
);

/**
 * Builds the keypoint head that `cfg.MODEL.ROI_KEYPOINT_HEAD.NAME` names. Mirrors
 * `detectron2.modeling.build_keypoint_head`.
 *
 * @throws NotRegisteredError of `@detectron-ts/config` for an unknown name.
 */
export function buildKeypointHead(cfg: Config, inputShape: ShapeSpec): KeypointHead {
  return ROI_KEYPOINT_HEAD_REGISTRY.get(cfg.MODEL.ROI_KEYPOINT_HEAD.NAME)(cfg, inputShape);
}
