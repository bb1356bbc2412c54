import { type Config, configure, Registry } from "@detectron-ts/config";
import type { ShapeSpec } from "@detectron-ts/layers";

import { SemSegFPNHead } from "./sem-seg-fpn-head.ts";
import type { SemSegHead } from "./sem-seg-head.ts";

/** Builds a head from a config and the shapes of the backbone's features. */
export type SemSegHeadBuilder = (
  cfg: Config,
  inputShape: Readonly<Record<string, ShapeSpec>>,
) => SemSegHead;

/** What `cfg.MODEL.SEM_SEG_HEAD.NAME` selects from. Mirrors detectron2's registry of that name. */
export const SEM_SEG_HEADS_REGISTRY = new Registry<SemSegHeadBuilder>("SEM_SEG_HEADS");

SEM_SEG_HEADS_REGISTRY.register("SemSegFPNHead", (cfg, inputShape) =>
  configure(SemSegFPNHead, [cfg, inputShape]),
);

/**
 * Builds the semantic segmentation head that `cfg.MODEL.SEM_SEG_HEAD.NAME` names. Mirrors
 * `detectron2.modeling.build_sem_seg_head`.
 *
 * @throws NotRegisteredError of `@detectron-ts/config` for an unknown name.
 */
export function buildSemSegHead(
  cfg: Config,
  inputShape: Readonly<Record<string, ShapeSpec>>,
): SemSegHead {
  return SEM_SEG_HEADS_REGISTRY.get(cfg.MODEL.SEM_SEG_HEAD.NAME)(cfg, inputShape);
}
