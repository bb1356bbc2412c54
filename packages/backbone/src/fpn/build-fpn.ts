import type { Config } from "@detectron-ts/config";
import type { ShapeSpec } from "@detectron-ts/layers";
import { LayerOptionError } from "@detectron-ts/nn";
import type { Backbone } from "../backbone.ts";
import { UnknownFeatureError } from "../errors.ts";
import { buildResnetBackbone } from "../resnet/build-resnet.ts";
import { FPN, type FuseType } from "./fpn.ts";
import { LastLevelMaxPool, LastLevelP6P7, type TopBlock } from "./top-blocks.ts";

/**
 * Builds the pyramid of `cfg.MODEL.FPN` on a ResNet, with p6 subsampled from p5: the backbone of Faster and
 * Mask R-CNN. Mirrors `build_resnet_fpn_backbone` of detectron2.
 *
 * @param inputShape - what the images are; only `channels` is read, 3 when left out.
 * @throws as {@link buildResnetBackbone} and {@link FPN} do; LayerOptionError for an unknown `FUSE_TYPE`.
 */
export function buildResnetFpnBackbone(cfg: Config, inputShape: ShapeSpec): FPN {
  return buildFpn(cfg, buildResnetBackbone(cfg, inputShape), new LastLevelMaxPool());
}

/**
 * Builds the pyramid of `cfg.MODEL.FPN` on a ResNet, with p6 and p7 computed from res5: the backbone of
 * RetinaNet. Mirrors `build_retinanet_resnet_fpn_backbone` of detectron2.
 *
 * @param inputShape - what the images are; only `channels` is read, 3 when left out.
 * @throws as {@link buildResnetFpnBackbone} does; UnknownFeatureError when the ResNet does not return res5.
 */
export function buildRetinanetResnetFpnBackbone(cfg: Config, inputShape: ShapeSpec): FPN {
  const bottomUp = buildResnetBackbone(cfg, inputShape);
  const shapes = bottomUp.outputShape();
  const inChannels = shapes.res5?.channels;
  if (inChannels === undefined)
    throw new UnknownFeatureError("ResNet", "res5", Object.keys(shapes));
  const outChannels = cfg.MODEL.FPN.OUT_CHANNELS;
  return buildFpn(cfg, bottomUp, new LastLevelP6P7({ inChannels, outChannels }));
}

function buildFpn(cfg: Config, bottomUp: Backbone, topBlock: TopBlock): FPN {
  const { IN_FEATURES, OUT_CHANNELS, NORM, FUSE_TYPE } = cfg.MODEL.FPN;
  if (!isFuseType(FUSE_TYPE)) {
    const detail = `has to be sum or avg, got ${FUSE_TYPE}`;
    throw new LayerOptionError("FPN", "MODEL.FPN.FUSE_TYPE", detail);
  }
  return new FPN({
    bottomUp,
    inFeatures: IN_FEATURES,
    outChannels: OUT_CHANNELS,
    norm: NORM,
    topBlock,
    fuseType: FUSE_TYPE,
  });
}

function isFuseType(value: string): value is FuseType {
  return value === "sum" || value === "avg";
}
