import type { Config } from "@detectron-ts/config";
import { BasicStem, type ShapeSpec } from "@detectron-ts/layers";
import { LayerOptionError } from "@detectron-ts/nn";
import { ResNet } from "./resnet.ts";

/** The features of a ResNet, each at the number of stages that it needs. */
const FEATURES = ["stem", "res2", "res3", "res4", "res5"];

/**
 * Builds the ResNet of `cfg.MODEL.RESNETS`, frozen as `cfg.MODEL.BACKBONE.FREEZE_AT` says. Mirrors
 * `build_resnet_backbone` of detectron2.
 *
 * @param inputShape - what the images are; only `channels` is read, 3 when left out.
 * @throws LayerOptionError for a combination that no ResNet has; see {@link ResNet.makeDefaultStages}.
 * @throws UnknownFeatureError when `OUT_FEATURES` names what no ResNet has.
 */
export function buildResnetBackbone(cfg: Config, inputShape: ShapeSpec): ResNet {
  const resnets = cfg.MODEL.RESNETS;
  const norm = resnets.NORM;
  if (resnets.DEPTH < 50 && resnets.RES2_OUT_CHANNELS !== 64) {
    // The default, 256, is for deeper networks, and would silently quadruple a shallow one.
    const detail = `has to be 64 for depth ${resnets.DEPTH}, got ${resnets.RES2_OUT_CHANNELS}`;
    throw new LayerOptionError("ResNet", "MODEL.RESNETS.RES2_OUT_CHANNELS", detail);
  }
  const stages = ResNet.makeDefaultStages({
    depth: resnets.DEPTH,
    inChannels: resnets.STEM_OUT_CHANNELS,
    res2OutChannels: resnets.RES2_OUT_CHANNELS,
    norm,
    numStages: stagesNeeded(resnets.OUT_FEATURES),
    numGroups: resnets.NUM_GROUPS,
    widthPerGroup: resnets.WIDTH_PER_GROUP,
    strideIn1x1: resnets.STRIDE_IN_1X1,
    res5Dilation: resnets.RES5_DILATION,
    deformOnPerStage: resnets.DEFORM_ON_PER_STAGE,
    deformModulated: resnets.DEFORM_MODULATED,
    deformNumGroups: resnets.DEFORM_NUM_GROUPS,
  });
  return new ResNet({
    stem: new BasicStem({
      inChannels: inputShape.channels,
      outChannels: resnets.STEM_OUT_CHANNELS,
      norm,
    }),
    stages,
    outFeatures: resnets.OUT_FEATURES,
    freezeAt: cfg.MODEL.BACKBONE.FREEZE_AT,
  });
}

/** How many stages lead to all of the features. A name that is none needs all, so that they are in its error. */
function stagesNeeded(outFeatures: readonly string[]): number {
  const all = FEATURES.length - 1;
  const needed = outFeatures.map((name) =>
    FEATURES.includes(name) ? FEATURES.indexOf(name) : all,
  );
  return Math.max(0, ...needed);
}
